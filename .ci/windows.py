#!/usr/bin/env python3
"""Runs the Windows program under wine and looks at what it tells: windows.py NATIVE PROGRAM STAND-IN

WINEPREFIX is set. NATIVE is the same program for this system, STAND-IN is tests/wine/netsh.c."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

native, program, stand_in = sys.argv[1:]
wine = ["/usr/lib/wine/wine64", program]
prefix = pathlib.Path(os.environ["WINEPREFIX"])
system = prefix / "drive_c/windows/system32"
hosts = sorted(host for host in pathlib.Path("fixtures/hosts").iterdir() if not (host / "proc").exists())
STATUS = {0: "compliant", 1: "findings", 3: "undetermined"}
ERROR = "The system cannot find the file specified."
COMMANDS = [
    f"interface {family} show {table}"
    for table in ("dynamicport tcp", "dynamicport udp", "excludedportrange protocol=tcp", "excludedportrange protocol=udp")
    for family in ("ipv4", "ipv6")
]


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout, done.stderr


def document(done):
    code, out, error = done
    assert code in STATUS, (code, error)
    judged = json.loads(out)
    assert judged["status"] == STATUS[code], (judged["status"], code)
    return judged


def tables(judged):
    """What netsh told: for each table its value, or why there is none."""
    [scope] = judged["scopes"]
    told = {}
    for item in scope["ranges"] + scope["reserved"]:
        what = item.get("role") or item["kind"]
        if what == "auto-reuse":
            assert item["state"] == "unknown", item
            continue
        assert (item["state"] == "known") == (item["reason"] is None), item
        value = item["spans"] if "spans" in item else [item["first"], item["last"]]
        [family], [transport] = item["families"], item["transports"]
        told[what, family, transport] = value if item["state"] == "known" else item["reason"]
    assert len(told) == 12, told
    return told


def live():
    began = time.monotonic()
    judged = document(run(*wine, "audit", "--format", "json"))
    return judged, tables(judged), time.monotonic() - began


def transcript(text, fails=False):
    """What the stand-in prints, and whether it then ends as a command that failed."""
    (system / "netsh.txt").write_bytes(text)
    (system / "netsh.fails").unlink(missing_ok=True)
    if fails:
        (system / "netsh.fails").touch()


def netsh_left():
    """Processes of the stand-in that still run; what ended and was not waited for is a zombie."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == "netsh.exe" and bytes(prefix) in (folder / "environ").read_bytes():
                yield folder
        except OSError:
            pass


def unknown(reason):
    judged, told, seconds = live()
    assert judged["status"] == "undetermined" and set(told.values()) == {reason}, told
    return judged


print("the version and, of every host's evidence, the same report as here")
assert run(*wine, "--version")[1].split() == run(native, "--version")[1].split()
for host in hosts:
    files = [str(file) for file in sorted(host.iterdir()) if file.suffix != ".toml"]
    here, there = (run(*command, "audit", "--format", "json", "--from", *files) for command in ([native], wine))
    if here[0] == 2:
        # wine may have complaints of its own
        assert there[0] == 2 and there[2].endswith(here[2]), (host, here, there)
        continue
    here, there = document(here), document(there)
    here.pop("collected_at"), there.pop("collected_at")
    assert here == there, host

print("a netsh that prints nothing and ends well: nothing is known, and nothing is taken for granted")
unknown("unparsable")

print("what netsh prints, live as in evidence")
os.environ["WINEDLLOVERRIDES"] = "netsh.exe=n"  # not wine's own
shutil.copy(stand_in, system)
whole = [h for h in hosts if h.name.startswith("windows-") and (h / "netsh.txt").exists()]
texts = {host: (host / "netsh.txt").read_bytes() for host in whole}
whole = [host for host in whole if all(f"C:\\>netsh {line}\r\n".encode() in texts[host] for line in COMMANDS)]
assert len(whole) > 5, whole
for host in whole:
    transcript(texts[host])
    evidence = tables(document(run(native, "audit", "--format", "json", "--from", str(host / "netsh.txt"))))
    judged, told, _ = live()
    assert told == evidence and str not in map(type, told.values()), (host, told, evidence)
    print(f"  {host.name}: {told['ephemeral', 'ipv4', 'tcp']}, {len(judged['findings'])} findings")

print("a netsh that fails is not believed, and its words are kept")
transcript(texts[whole[0]], fails=True)
unknown("unsupported")
refused = "".join(f"C:\\>netsh {line}\r\n\r\n{ERROR}\r\n\r\n" for line in COMMANDS).encode()
transcript(refused, fails=True)
judged = unknown("unsupported")
assert ERROR in judged["scopes"][0]["ranges"][0]["raw"], judged["scopes"][0]["ranges"][0]

print("an error text is no table, however netsh ended")
transcript(refused)
unknown("unparsable")

print("a netsh that never ends is stopped; what the others told stands")
transcript(texts[whole[0]].replace(f"netsh {COMMANDS[-1]}".encode(), b"netsh"))
judged, told, seconds = live()
late = {key for key, value in told.items() if value == "timed-out"}
assert late == {("excluded", "ipv6", "udp"), ("administered", "ipv6", "udp")}, told
assert str not in {type(value) for key, value in told.items() if key not in late}, told
assert 5 <= seconds < 30, seconds
assert not list(netsh_left()), "it still runs"

print("no netsh at all")
(system / "netsh.exe").unlink()
unknown("missing-tool")
