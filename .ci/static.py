#!/usr/bin/env python3
"""Audits with COMMAND and looks at its JSON: static.py KIND COMMAND…

Needs a network namespace of its own, with the loopback up. KIND is the source that the listeners have to come from."""

import json
import os
import socket
import subprocess
import sys

STATUS = {0: "compliant", 1: "findings", 3: "undetermined"}
PLACES = {"netlink": "sock_diag: ", "file": "/proc/thread-self/net/"}
SYSCTLS = "/proc/sys/net/ipv4/"


def printed(*arguments):
    return subprocess.run([*command, *arguments], stdout=subprocess.PIPE, timeout=60)


kind, *command = sys.argv[1:]
version = printed("--version").stdout.decode().strip()
assert version.startswith("ephaudit "), version

for name, value in ("ip_local_port_range", "40000 50001"), ("ip_local_reserved_ports", "40010-40019"):
    with open(SYSCTLS + name, "w") as file:
        file.write(value)
sockets = {
    ("tcp", "127.0.0.1"): socket.create_server(("127.0.0.1", 0)),
    ("tcp", "::1"): socket.create_server(("::1", 0), family=socket.AF_INET6),
    ("udp", "127.0.0.1"): socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    ("udp", "::1"): socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
}
for (transport, address), opened in sockets.items():
    if transport == "udp":
        opened.bind((address, 0))
expected = {(*key, opened.getsockname()[1]) for key, opened in sockets.items()}

audit = printed("audit", "--format", "json")
document = json.loads(audit.stdout)
assert document["status"] == STATUS[audit.returncode], (document["status"], audit.returncode)
assert document["tool"]["version"] == version.split()[1]
[scope] = document["scopes"]

[ports] = scope["ranges"]
assert (ports["first"], ports["last"], ports["state"]) == (40000, 50001, "known"), ports
assert ports["source"] == {"kind": "file", "location": SYSCTLS + "ip_local_port_range"}, ports
[reserved] = scope["reserved"]
assert reserved["spans"] == [{"first": 40010, "last": 40019}], reserved

listeners = scope["listeners"]
assert listeners["state"] == "known", listeners
found = {(item["transport"], item["address"], item["port"]) for item in listeners["items"]}
assert found == expected, (found, expected)
for item in listeners["items"]:
    source = item["source"]
    assert source["kind"] == kind and source["location"].startswith(PLACES[kind]), source
    assert item["in_pool"], item
    # the process of a socket that a finding names is searched for: this one
    assert item["transport"] == "udp" or item["owner"]["pid"] == os.getpid(), item
print(f"{version}: {document['status']}, range 40000-50001, {len(found)} listeners by {kind}")
