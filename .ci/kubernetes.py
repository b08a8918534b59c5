"""Checks contrib/kubernetes: kubernetes.py EPHAUDIT TOOLS SCRATCH, in network, mount and PID
namespaces of its own, with the loopback up."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import yaml

EPHAUDIT, TOOLS, SCRATCH = sys.argv[1:]
ROOM = pathlib.Path(SCRATCH)
SOURCE = pathlib.Path("contrib/kubernetes")
# linux/prctl.h, linux/capability.h
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAPABILITY = 24, 38, 40
CAPABILITIES = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19}
OWNER = 12345


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def validated(text):
    """Whether the schemas of Kubernetes have each object, and no key that they do not have."""
    done = subprocess.run([sys.executable, f"{TOOLS}/bin/kubernetes-validate", "--strict", "-"], input=text,
                          capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def rendered():
    """The objects of each folder that can be applied."""
    found = {}
    for folder in ("base", "textfile", "owners"):
        text = run(f"{TOOLS}/bin/kubectl", "kustomize", SOURCE / folder)
        good, said = validated(text)
        assert good, said
        # What it is there for: a key that there is not is noticed.
        assert not validated(text.replace("readOnlyRootFilesystem", "readonlyRootFilesystem"))[0]
        found[folder] = list(yaml.safe_load_all(text))
    return found


def image():
    """The root of the image that buildah builds: one file, and nothing else."""
    context = ROOM / "context"
    context.mkdir()
    shutil.copy(EPHAUDIT, context / "ephaudit")
    storage = ["buildah", "--root", ROOM / "storage", "--runroot", ROOM / "run", "--storage-driver", "vfs"]
    # Nothing is pulled, so no policy of signatures is asked; the option wants one all the same.
    (ROOM / "policy.json").write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    run(*storage, "build", "--isolation", "chroot", "--signature-policy", ROOM / "policy.json", "--tag", "tried",
        "--file", SOURCE / "Containerfile", context)
    run(*storage, "push", "--signature-policy", ROOM / "policy.json", "tried", f"oci:{ROOM}/oci")

    def blob(digest):
        return ROOM / "oci/blobs" / digest.replace(":", "/")

    index = json.loads((ROOM / "oci/index.json").read_text())
    manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
    config = json.loads(blob(manifest["config"]["digest"]).read_text())["config"]
    assert config["User"] == "65532:65532" and config["Entrypoint"] == ["/ephaudit"], config
    root = ROOM / "root"
    names = []
    for layer in manifest["layers"]:
        with tarfile.open(blob(layer["digest"])) as archive:
            names += [member.name for member in archive if not member.isdir()]
            archive.extractall(root)
    assert names == ["ephaudit"], names
    print(f"the image has {names}, {(root / 'ephaudit').stat().st_size} bytes")
    for name in "proc", "textfile":
        (root / name).mkdir()
    dynamic = subprocess.run(["ldd", EPHAUDIT], capture_output=True, check=False).returncode == 0
    for name in ("lib", "lib64") if dynamic else ():
        (root / name).mkdir()
        run("mount", "--bind", f"/{name}", root / name)
    (ROOM / "textfile").mkdir()
    run("mount", "--bind", root, root)
    run("mount", "-t", "proc", "proc", root / "proc")
    run("mount", "--bind", root / "proc/sys", root / "proc/sys")
    run("mount", "-o", "remount,ro,bind", root / "proc/sys")
    run("mount", "--bind", ROOM / "textfile", root / "textfile")
    for name in ("lib", "lib64") if dynamic else ():
        run("mount", "--bind", f"/{name}", root / name)
    run("mount", "-o", "remount,ro,bind", root)
    return root


def pod(objects):
    """The container that the DaemonSet has, its pod, and the variables that a node would set."""
    [labels] = [one["data"]["labels"] for one in objects if one["kind"] == "ConfigMap"]
    [daemon] = [one for one in objects if one["kind"] == "DaemonSet"]
    spec = daemon["spec"]["template"]["spec"]
    [container] = spec["containers"]
    values = {"EPHAUDIT_HOST": "node1", "EPHAUDIT_LABELS": labels}
    assert [one["name"] for one in container["env"]] == list(values), container["env"]
    return container, spec, values


def started(root, container, spec, values):
    """The program as a node starts it, with its own words; only the periods are shorter."""
    words = [{"--every=15min": "--every=1s", "--jitter=2min": "--jitter=100ms"}.get(word, word)
             for word in container["args"]]
    assert words.count("--every=1s") == words.count("--jitter=100ms") == 1, words
    kept = {CAPABILITIES[name] for name in container["securityContext"]["capabilities"].get("add", [])}
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    user = spec["securityContext"]
    libc = ctypes.CDLL(None, use_errno=True)

    def confine():
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        for number in range(LAST_CAPABILITY + 1):
            if number not in kept:
                assert libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        os.setresgid(*[user["runAsGroup"]] * 3)
        os.setresuid(*[user["runAsUser"]] * 3)

    return subprocess.Popen(["/ephaudit", *words], env=values, preexec_fn=confine, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def two_periods(name, root, objects):
    container, spec, values = pod(objects)
    child = started(root, container, spec, values)
    lines = [child.stdout.readline() for dummy in range(2)]
    if not all(lines):
        sys.exit(f"{name}: {container['args']} are not taken: {child.communicate()[1]}")
    peak = int(pathlib.Path(f"/proc/{child.pid}/status").read_text().partition("VmHWM:")[2].split()[0])
    rights = pathlib.Path(f"/proc/{child.pid}/status").read_text().partition("CapEff:")[2].split()[0]
    child.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    _, complaints = child.communicate(timeout=spec["terminationGracePeriodSeconds"])
    assert child.returncode == 0 and not complaints, (name, child.returncode, complaints)
    reports = [json.loads(line) for line in lines]
    for report in reports:
        assert report["kind"] == "report" and report["profile"] == "kubernetes", report
        assert report["host"]["name"] == "node1", report["host"]
        assert report["host"]["labels"] == [{"name": "cluster", "value": "unnamed"}], report["host"]
    assert reports[0]["collected_at"] < reports[1]["collected_at"]
    assert container["resources"]["limits"]["memory"] == "64Mi" and peak < 64 * 1024, peak
    fleet = subprocess.run([EPHAUDIT, "fleet", "-", "--format", "json"], input=lines[1], capture_output=True, text=True)
    assert json.loads(fleet.stdout)["hosts"]["count"] == 1, fleet
    print(f"{name}: two reports, {reports[1]['status']}; {peak} KiB, capabilities {rights}, "
          f"ended {time.monotonic() - asked:.1f} s after it was asked", flush=True)
    return reports[1]


def owner(report, port):
    [found] = [item for item in report["scopes"][0]["listeners"]["items"] if item["port"] == port]
    return found["owner"]


def listener():
    """The process of a service of another user, whose port the pool may take."""
    script = "import socket, signal; it = socket.create_server(('127.0.0.1', 33060)); print(flush=True); signal.pause()"
    service = subprocess.Popen([sys.executable, "-c", script], user=OWNER, group=OWNER, extra_groups=[],
                               stdout=subprocess.PIPE)
    assert service.stdout.readline() == b"\n"
    return service.pid


def main():
    folders = rendered()
    root = image()
    pid = listener()
    reports = {name: two_periods(name, root, objects) for name, objects in folders.items()}
    assert owner(reports["base"], 33060) is None
    named = owner(reports["owners"], 33060)
    assert named is not None and named["pid"] == pid, named
    written = ROOM / "textfile/ephaudit.prom"
    assert "ephemeral_port_audit_status" in written.read_text()
    assert os.listdir(ROOM / "textfile") == ["ephaudit.prom"] and written.stat().st_mode & 0o777 == 0o644
    print("valid, and runs as written; no cluster has run it")


main()
