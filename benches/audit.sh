#!/bin/sh
# The questions of `ephaudit`, answered the usual way by sysctl, ss and awk: the peer that compare.py measures.
# One sysctl, one ss and one awk: as cheap as such a script gets.
set -eu
LC_ALL=C
export LC_ALL

settings=$(sysctl -n net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports \
    net.ipv4.ip_unprivileged_port_start)
listeners=$(ss -Htuln)

printf '%s\n' "$settings" "$listeners" | awk '
    # how many ports of from-to lie in low-65535
    function above(low, from, to) {
        if (from < low) from = low
        return to < from ? 0 : to - from + 1
    }
    function reserves(port,   i) {
        for (i = 1; i <= spans; i++) if (port >= low[i] && port <= high[i]) return 1
        return 0
    }
    NR == 1 {
        first = $1 + 0; last = $2 + 0
        pool = above(first, first, last)
        dynamic = above(49152, first, last)
        next
    }
    # The kernel prints the reserved ports sorted and without overlaps.
    NR == 2 {
        reserved = $1
        spans = split(reserved, span, ",")
        for (i = 1; i <= spans; i++) {
            if (split(span[i], bound, "-") == 1) bound[2] = bound[1]
            low[i] = bound[1] + 0; high[i] = bound[2] + 0
            to = high[i] < last ? high[i] : last
            pool -= above(first, low[i], to)
            dynamic -= above(first > 49152 ? first : 49152, low[i], to)
        }
        next
    }
    NR == 3 { start = $1; next }
    # Netid State Recv-Q Send-Q Local-Address:Port Peer-Address:Port
    NF >= 5 {
        count[$1]++
        port = $5
        sub(/.*:/, "", port)
        port += 0
        if (port >= first && port <= last && !reserves(port)) inside[++in_pool] = $1 " " $5
    }
    END {
        print "range " first "-" last
        print "reserved " (reserved == "" ? "none" : reserved)
        print "unprivileged_start " start
        print "pool " pool
        print "dynamic " dynamic
        print "tcp_listeners " count["tcp"] + 0
        print "udp_listeners " count["udp"] + 0
        print "in_pool " in_pool + 0
        for (i = 1; i <= in_pool; i++) print "  " inside[i]
    }'
