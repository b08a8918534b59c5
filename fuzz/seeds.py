#!/usr/bin/env python3
"""Writes the inputs that the corpus starts from, made of fixtures: seeds.py FOLDER."""

import base64
import json
import struct
import sys
from pathlib import Path

fuzz = Path(__file__).resolve().parent
fixtures = fuzz.parent / "fixtures"
out = Path(sys.argv[1])
# The order of Os::ALL; above them none is named.
SYSTEMS = "linux freebsd openbsd netbsd dragonfly macos illumos solaris aix windows".split()


def seed(target, name, data):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


for path in fixtures.glob("hosts/*/*"):
    if not path.is_file() or path.name == "capture.toml" or path.stat().st_size > 32 * 1024:
        continue
    text = path.read_bytes()
    host = path.parent.name
    seed("parse", f"{host}-{path.name}", text)
    seed("evidence", f"{host}-{path.name}", b"\x0f@@\n" + text)
    os = next((at for at, name in enumerate(SYSTEMS) if host.startswith(name)), 15)
    seed("evidence", f"{host}-{path.name}-boot", bytes([0x10 | os]) + b"@@\n" + text)
    if SYSTEMS[os:] and os > 5:
        seed("boot", f"{host}-{path.name}", bytes([os]) + text)
for path in fixtures.glob("hosts/*/*/**/*"):
    if path.is_file() and path.stat().st_size < 16 * 1024:
        seed("parse", path.parent.parent.name + "-" + path.name, path.read_bytes())

for path in fixtures.glob("boot/*.json"):
    tree = b""
    for name, entry in json.loads(path.read_text()).items():
        content = entry.get("file", "!null") if isinstance(entry, dict) else "!null"
        tree += f"@@ {name}\n{content}\n".encode()
    seed("boot", f"{path.stem}-linux", b"\x00" + tree)
for at, name in [(1, "freebsd"), (2, "openbsd"), (3, "netbsd"), (4, "dragonfly"), (5, "macos")]:
    keys = {
        "freebsd": "net.inet.ip.portrange.first=10000\nnet.inet.ip.portrange.last=5000\n",
        "openbsd": "net.inet.ip.porthifirst=49152\nnet.inet.tcp.baddynamic=+8080\n",
        "netbsd": "net.inet.ip.anonportmin=49152\nnet.inet6.ip6.anonportalgo.reserve=50000\n",
        "dragonfly": "net.inet.ip.portrange.hifirst=40000 # high\n",
        "macos": "net.inet.ip.portrange.first: 49152\n",
    }[name]
    files = ["/etc/sysctl.conf", "/etc/sysctl.conf.local", "/boot/loader.conf"]
    seed("boot", name, bytes([at]) + "".join(f"@@ {file}\n{keys}" for file in files).encode())

for path in (fuzz / "captures").glob("*.json"):
    seed("capture", path.stem, path.read_bytes())
    for number, answer in enumerate(json.loads(path.read_text())["answers"]):
        if answer["bytes"]:
            held = base64.b64decode(answer["bytes"])
            target = "netlink" if answer["question"].startswith("sock_diag") else "parse"
            seed(target, f"{path.stem}-{number}", held)
for path in fixtures.glob("reports/*.json"):
    if path.stat().st_size < 100 * 1024:
        report = json.loads(path.read_text())
        seed("convert", path.stem, json.dumps(report, separators=(",", ":")).encode())

for path in fixtures.glob("rules/*/*.json"):
    policy = json.loads(path.read_text()).get("policy")
    if policy:
        seed("policy", f"{path.parent.name}-{path.stem}", policy.encode())
seed("policy", "all", b"""profile = "kubernetes"
fail-on = "high"
allowed-ranges = ["49152-65535", "32768-60999"]
min-pool = 1000
near-exhaustion = 80
services = ["kubernetes"]

[rules]
narrow-pool = "off"
listener-in-pool = "critical"

[[service]]
name = "db"
ports = "33060-33062"
transport = "tcp"

[[waiver]]
rule = "listener-in-pool"
scope = "net:*"
host = "web*"
ports = "33061"
reason = "moved next month"
owner = "ops"
expires = 2027-01-31
""")

seed("registry", "small", b"""Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,\
Registration Date,Modification Date,Reference
http,80,tcp,World Wide Web,[IESG],,,2021-10-01,[RFC9110]
x11,6000-6063,udp,"X Window
System",[Stephen_Gildea],,,,
,49152-65535,,Dynamic,,,,,
""")
seed("ports", "two", struct.pack(">4H", 1, 5, 3, 65535))
seed("ports", "ends", struct.pack(">8H", 0, 0, 65535, 65535, 1024, 49151, 49152, 65535))
