"""What the programs that collect facts tell by contrib: facts.py EPHAUDIT TOOLS SCRATCH, in
namespaces of its own."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import yaml

EPHAUDIT, TOOLS, SCRATCH = sys.argv[1:]
ROOM = pathlib.Path(SCRATCH)
CONTRIB = pathlib.Path("contrib").resolve()
PLACE = pathlib.Path("/usr/local/bin/ephaudit")
INSTANCE = pathlib.Path("/var/lib/amazon/ssm/i-0123456789abcdef0/inventory")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, HOME=SCRATCH), timeout=100, **more)


def good(done):
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def salt():
    """By salt-call without a master, as a minion would."""
    command = [f"{TOOLS}/bin/salt-call", "--local", "--config-dir", SCRATCH, "--out=json", "--log-level=error"]
    if not (ROOM / "var/cache/salt/minion/extmods/grains/ephemeral_ports.py").exists():
        good(run(*command, "saltutil.sync_grains"))
    return good(run(*command, "grains.get", "ephemeral_ports"))["local"]


def facter():
    return good(run("facter", "--external-dir", str(CONTRIB / "facter"), "--json", "ephemeral_ports"))["ephemeral_ports"]


def ohai():
    return good(run("ohai", "-d", str(CONTRIB / "ohai"), "ephemeral_ports"))


def systems_manager():
    """The script of the document, as its agent would hand it to a shell."""
    document = yaml.safe_load((CONTRIB / "ssm/ephaudit.yml").read_text())
    [step] = document["mainSteps"]
    script = "\n".join(step["inputs"]["runCommand"]).replace("/usr/bin/ephaudit", str(PLACE))
    # It is the agent that ends it where it takes too long.
    try:
        code = subprocess.run(["sh", "-c", script], capture_output=True, timeout=20).returncode
    except subprocess.TimeoutExpired:
        code = 1
    inventory = json.loads((INSTANCE / "custom/EphemeralPorts.json").read_text())
    assert list((INSTANCE / "custom").iterdir()) == [INSTANCE / "custom/EphemeralPorts.json"]
    assert (inventory["SchemaVersion"], inventory["TypeName"]) == ("1.0", "Custom:EphemeralPorts"), inventory
    content = inventory["Content"]
    assert all(type(value) is str and len(value) <= 4096 for value in content.values()), content
    assert (code == 0) == (content["Status"] != "unread"), (code, content)
    if content["Status"] == "unread":
        return {"status": "unread"}
    summary = json.loads(content["Summary"])
    assert summary["status"] == content["Status"], content
    return summary


COLLECTORS = [salt, facter, ohai, systems_manager]
BROKEN = {
    "is not there": None,
    "prints nothing": "exit 0",
    "breaks": "echo '{\"schema_version\":\"1.1\",\"status\":\"compliant\"}'; exit 4",
    "prints something else": "echo compliant",
    "hangs": "exec sleep 100",
}


def put(script):
    PLACE.unlink(missing_ok=True)
    if script is not None:
        PLACE.write_text(f"#!/bin/sh\n{script}\n")
        PLACE.chmod(0o755)


def state():
    """The state puts the files there; there is no systemd that could start the timer."""
    folder = ROOM / "salt/ephaudit"
    folder.mkdir()
    for path in CONTRIB / "salt/ephaudit.sls", CONTRIB / "systemd/ephaudit.service", CONTRIB / "systemd/ephaudit.timer":
        shutil.copy(path, folder)
    (folder / "ephaudit.sls").rename(folder / "init.sls")
    shutil.copy(EPHAUDIT, folder / f"ephaudit-Linux-{os.uname().machine}")
    command = [f"{TOOLS}/bin/salt-call", "--local", "--config-dir", SCRATCH, "--out=json", "--log-level=critical"]
    done = run(*command, "state.apply", "ephaudit", "test=True")
    states = json.loads(done.stdout)["local"]
    files = {one["name"]: one for one in states.values() if one["__id__"] != "ephaudit.timer"}
    assert set(files) == {"/usr/bin/ephaudit", "/etc/systemd/system/ephaudit.service",
                          "/etc/systemd/system/ephaudit.timer"}, states
    assert all(one["result"] is not False for one in files.values()), states


def main():
    # What is written goes to file systems that end with the namespaces.
    for folder in "/usr/local/bin", "/var/lib":
        subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    INSTANCE.mkdir(parents=True)
    (ROOM / "salt").mkdir()
    shutil.copytree(CONTRIB / "salt/_grains", ROOM / "salt/_grains")
    (ROOM / "minion").write_text(json.dumps({
        "root_dir": SCRATCH, "file_client": "local", "id": "tried", "file_roots": {"base": [f"{SCRATCH}/salt"]}}))
    assert not os.path.exists("/usr/bin/ephaudit"), "this would be found instead of the one that is tried"

    ranges = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
    shutil.copy(EPHAUDIT, PLACE)
    for collect in COLLECTORS:
        for ports, status in ("49152 65535", "compliant"), ("32768 60999", "findings"):
            ranges.write_text(ports)
            summary = collect()
            assert summary["status"] == status and summary["kind"] == "summary", (collect, summary)
            assert ports.replace(" ", "-") in summary["summary"]["settings"], summary
        for name, script in BROKEN.items():
            put(script)
            summary = collect()
            assert summary["status"] == "unread", (collect, name, summary)
        PLACE.unlink()
        shutil.copy(EPHAUDIT, PLACE)
        print(f"{collect.__name__.replace('_', ' ')}: reads it, and says where it cannot", flush=True)
    state()
    print("the state of Salt: its files; no systemd has started the timer")


main()
