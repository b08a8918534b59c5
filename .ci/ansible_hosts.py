"""Hosts for Ansible: each an sshd in network, mount and host name namespaces of its own, on a veth.

Only from within network, mount and PID namespaces of the caller's own, so that all of it ends with
the caller.
"""

import os
import pathlib
import socket
import subprocess
import sys
import time

# /etc and what the hosts write are covered, so that nothing of this machine is changed.
SCRIPT = r"""
echo there
read -r go
mount --make-rprivate /
hostname "$NAME"
ip link set lo up
ip address add "$ADDRESS/24" dev eth0
ip link set eth0 up
for covered in /var/lib /run /usr/local/bin /tmp /home; do mount -t tmpfs none "$covered"; done
mkdir "$UPPER" "$WORK" /run/sshd
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$UPPER,workdir=$WORK" /etc
mount --bind "$HOME" /root
echo 'audit:x:4999:4999::/home/audit:/bin/bash' >>/etc/passwd
echo 'audit:x:4999:' >>/etc/group
echo 'audit:*:20000:0:99999:7:::' >>/etc/shadow
echo 'audit ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/audit
cp -r /root /home/audit
chown -R audit:audit /home/audit
echo "$NAME" | md5sum | cut -d' ' -f1 >/etc/machine-id
echo "$RANGE" >/proc/sys/net/ipv4/ip_local_port_range
HOME=/root
eval "$MORE"
exec $PERSONALITY /usr/sbin/sshd -D -e -f "$CONFIG"
"""
CONFIG = """
Port 22
HostKey {key}
AuthorizedKeysFile .ssh/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""
COMPLIANT, FINDINGS = "49152 65535", "32768 60999"
# What a host is, beside its range: commands before its sshd starts, and the personality of that.
CHATTY = r"""
cat >/root/.bashrc <<'END'
echo 'Welcome! {"schema_version":"1.1" is no report'
echo '{"schema_version":"1.1"} and more'
END
"""
HOSTS = {
    "compliant": (COMPLIANT, "", ""),
    "findings": (FINDINGS, "", ""),
    "undetermined": (COMPLIANT, "mount --bind /dev/null /proc/sys/net/ipv4/ip_local_reserved_ports", ""),
    "chatty": (COMPLIANT, CHATTY, ""),
    "pythonless": (COMPLIANT, "mount --bind /dev/null /usr/bin/python3.11", ""),
    "plain-user": (COMPLIANT, "", ""),
    "i686": (COMPLIANT, "", "setarch i686"),
}
# As many more, to measure with.
MORE = {f"more{number}": (COMPLIANT, "", "") for number in range(12)}
GONE = "gone"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def key(path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)


def listens(address, log):
    """Waits until its sshd does."""
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((address, 22), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit(f"{address} does not listen: {log.read_text()}")
            time.sleep(0.05)


def start(scratch):
    """Starts the hosts and writes the inventory; gives its path."""
    scratch = pathlib.Path(scratch)
    run("ip", "link", "set", "lo", "up")
    key(scratch / "key")
    key(scratch / "host-key")
    (scratch / "sshd").write_text(CONFIG.format(key=scratch / "host-key"))
    lines = []
    for number, (name, (ports, more, personality)) in enumerate((HOSTS | MORE).items(), 1):
        home = scratch / name / "root"
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh/authorized_keys").write_bytes((scratch / "key.pub").read_bytes())
        own = {"NAME": name, "ADDRESS": f"10.77.{number}.2", "HOME": str(home), "RANGE": ports,
               "UPPER": f"{scratch}/{name}/upper", "WORK": f"{scratch}/{name}/work", "MORE": more,
               "PERSONALITY": personality, "CONFIG": str(scratch / "sshd"),
               "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        with open(scratch / name / "log", "wb") as log:
            host = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "sh", "-euc", SCRIPT],
                                    env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert host.stdout.readline() == b"there\n"
        run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", str(host.pid))
        run("ip", "address", "add", f"10.77.{number}.1/24", "dev", f"v{number}")
        run("ip", "link", "set", f"v{number}", "up")
        host.stdin.write(b"go\n")
        host.stdin.close()
        listens(own["ADDRESS"], scratch / name / "log")
        user = "audit" if name == "plain-user" else "root"
        python = "/nonexistent" if name == "pythonless" else "/usr/bin/python3"
        lines.append(f"{name} ansible_host={own['ADDRESS']} ansible_user={user} ansible_python_interpreter={python}")
    lines = ["[tried]", *lines[:len(HOSTS)], f"{GONE} ansible_host=10.77.99.2", "[more]", *lines[len(HOSTS):]]
    inventory = scratch / "inventory"
    inventory.write_text("\n".join(lines) + "\n")
    return str(inventory)


def environment(scratch, tools):
    """What Ansible is started with: nothing of this machine's user."""
    ssh = "-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    return {
        "HOME": str(scratch), "PATH": f"{tools}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": f"{scratch}/collections", "ANSIBLE_INVENTORY": f"{scratch}/inventory",
        "ANSIBLE_PRIVATE_KEY_FILE": f"{scratch}/key", "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_SSH_ARGS": ssh, "ANSIBLE_SSH_RETRIES": "0", "ANSIBLE_TIMEOUT": "30",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{scratch}/cp", "ANSIBLE_FORKS": "10", "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_PIPELINING": "True", "ANSIBLE_DEPRECATION_WARNINGS": "False", "TMPDIR": os.fspath(scratch),
    }
