"""Checks the snippets of `ephaudit plan`: plan.py EPHAUDIT TOOLS, a folder that pip
installed them into."""

import json
import os
import plistlib
import random
import subprocess
import sys
import tempfile
import tomllib
import urllib.parse

import yaml

EPHAUDIT, TOOLS = sys.argv[1:]
RANGE, LIST = "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"
ENV = dict(os.environ, PYTHONPATH=TOOLS, PATH=f"{TOOLS}/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8",
           ANSIBLE_COLLECTIONS_PATH=f"{TOOLS}/collections", ANSIBLE_LOCALHOST_WARNING="False",
           ANSIBLE_INVENTORY_UNPARSED_WARNING="False")


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def plan(folder, text, system, services, *options):
    """The snippets of a host that the text describes, and the planned range and list."""
    evidence, policy = f"{folder}/sysctl.txt", f"{folder}/policy.toml"
    with open(evidence, "w") as file:
        file.write(text)
    with open(policy, "w") as file:
        file.write('profile = "iana"\n')
        for port in services:
            file.write(f'[[service]]\nname = "a b; $(id) \'{port}"\nports = "{port}"\n')
    os.chmod(policy, 0o644)
    done = subprocess.run([EPHAUDIT, "plan", "--from", evidence, "--os", system, "--policy", policy, "--for", "all",
                           "--format", "json", *options], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    settings = json.loads(done.stdout)["scopes"][0]["proposal"]
    snippets = {one["name"]: one["text"] for one in settings["snippets"]}
    span = settings["settings"]["range"]
    return snippets, f"{span['first']} {span['last']}", settings["settings"]["reserved_text"]


def write(folder, name, text):
    path = f"{folder}/{name}"
    with open(path, "w") as file:
        file.write(text)
    return path


def ports(text):
    """The ports of a list as the kernel takes it."""
    spans = (span.partition("-") for span in text.split(",") if span)
    return {port for first, _, last in spans for port in range(int(first), int(last or first) + 1)}


def expect(name, given, wanted):
    for key in wanted:
        have, want = given.get(key), wanted[key]
        same = ports(have) == ports(want) if key == LIST and have is not None else have == want
        if not same:
            sys.exit(f"{name}: {key} is {have!r}, not {want!r}")


def sysctl_text(text):
    pairs = (line.partition("=") for line in text.splitlines() if line)
    return {key.strip(): value.strip() for key, _, value in pairs}


# In a namespace of its own, /etc covered: what a shell sets, what Ansible leaves, is read back.
INSIDE = f"mount -t tmpfs none /etc/sysctl.d; ip link set lo up; sysctl -qw {RANGE}='32768 60999' {LIST}=; "
READ = f"; echo; echo RANGE $(cat /proc/sys/{RANGE.replace('.', '/')}); echo LIST $(cat /proc/sys/{LIST.replace('.', '/')})"


def inside(command):
    shell = f"set -eu; {INSIDE} {command} {READ}"
    lines = run("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", shell).splitlines()
    value = {line.split()[0]: " ".join(line.split()[1:]) for line in lines if line.startswith(("RANGE", "LIST"))}
    return {RANGE: value["RANGE"], LIST: value["LIST"]}


def linux(folder, services, *options):
    text = f"{RANGE} = 32768\t60999\n{LIST} = \nnet.ipv4.ip_unprivileged_port_start = 1024\n"
    snippets, span, reserved = plan(folder, text, "linux", services, *options)
    wanted = {RANGE: span} | ({LIST: reserved} if reserved else {})
    lines = sysctl_text(snippets["sysctl.d"])
    expect("sysctl.d", lines, wanted)

    for name in ("ansible", "cloud-init", "kubernetes-pod", "compose", "talos", "butane", "machineconfig", "tuned"):
        path = write(folder, f"{name}.yml", snippets[name])
        rules = "{extends: default, rules: {line-length: disable, document-start: disable, octal-values: disable, " \
                "comments: disable}}"
        run("yamllint", "--strict", "-d", rules, path)
    read = {name: yaml.safe_load(snippets[name]) for name in snippets if name not in
            ("sysctl", "sysctl.d", "docker-run", "quadlet", "bottlerocket", "nixos", "aks")}

    run("kubernetes-validate", "--strict", f"{folder}/kubernetes-pod.yml")
    pod = read["kubernetes-pod"]["spec"]["securityContext"]["sysctls"]
    expect("kubernetes-pod", {one["name"]: one["value"] for one in pod}, wanted)
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", f"{folder}/compose.yml")
    expect("compose", read["compose"]["services"]["example"]["sysctls"], wanted)
    own = {LIST: reserved + ",50000-50001"} if reserved else {}
    expect("talos", read["talos"]["machine"]["sysctls"], wanted | own)
    expect("bottlerocket", tomllib.loads(snippets["bottlerocket"])["settings"]["kernel"]["sysctl"], wanted)
    file = read["butane"]["storage"]["files"][0]
    expect("butane", sysctl_text(file["contents"]["inline"]), wanted)
    source = read["machineconfig"]["spec"]["config"]["storage"]["files"][0]["contents"]["source"]
    expect("machineconfig", sysctl_text(urllib.parse.unquote(source.removeprefix("data:,"))), wanted)
    tuned = read["tuned"]["spec"]["profile"][0]["data"].partition("[sysctl]\n")[2]
    expect("tuned", {key: value.strip('"') for key, value in sysctl_text(tuned).items()}, wanted)
    if not reserved:
        expect("aks", {RANGE: json.loads(snippets["aks"])["sysctls"]["netIpv4IpLocalPortRange"]}, wanted)
    # An image that is none: the words before it are what docker run takes.
    words = run("sh", "-c", "docker() { printf '%s\\n' \"$@\"; }; " + snippets["docker-run"]).splitlines()
    options = [words[at + 1] for at, word in enumerate(words) if word == "--sysctl"]
    expect("docker-run", dict(option.split("=", 1) for option in options), wanted)

    run("cloud-init", "schema", "--config-file", f"{folder}/cloud-init.yml")
    cloud = read["cloud-init"]
    expect("cloud-init", sysctl_text(cloud["write_files"][0]["content"]), wanted)
    first = write(folder, "content", cloud["write_files"][0]["content"])
    command = " ".join(cloud["runcmd"][0])
    expect("cloud-init, run", inside(f"cp {first} {cloud['write_files'][0]['path']}; {command}"), wanted)
    expect("sysctl, run", inside(f"sh -eu {write(folder, 'now.sh', snippets['sysctl'])}"), wanted)
    return snippets, wanted


def ansible(folder, wanted):
    playbook = f"{folder}/ansible.yml"
    run("ansible-lint", "--offline", "--profile", "production", "--nocolor", playbook, cwd=folder)
    play = f"ansible-playbook -c local -i localhost, -e ansible_python_interpreter=/usr/bin/python3 {playbook}"
    got = inside(f"{play} --check > {folder}/dry; cat {folder}/dry >&2; test $(cat /proc/sys/{LIST.replace('.', '/')} "
                 f"| wc -w) = 0; {play} > {folder}/first; {play} > {folder}/second")
    expect("ansible, run", got, wanted)
    for name, changed in (("dry", len(wanted)), ("first", len(wanted)), ("second", 0)):
        with open(f"{folder}/{name}") as file:
            text = file.read()
        if f"changed={changed} " not in text:
            sys.exit(f"ansible, the {name} run: not changed={changed}\n{text}")


def main():
    seed = int(os.environ.get("EPHAUDIT_SEED", random.randrange(1 << 32)))
    print(f"EPHAUDIT_SEED={seed}")
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for at in range(4):
            services = sorted(draw.sample(range(49152, 60000), at * 3))
            _, wanted = linux(folder, services, "--prefer", draw.choice(["auto", "least", "capacity"]))
            if at < 2:
                ansible(folder, wanted)
        mac = "net.inet.ip.portrange.first: 10000\nnet.inet.ip.portrange.last: 65535\n"
        text = plan(folder, mac, "macos", [])[0]["launchd"]
        run("xmllint", "--noout", "--nonet", write(folder, "x.plist", text))
        words = plistlib.loads(text.encode())["ProgramArguments"]
        expect("launchd", dict(word.split("=") for word in words[1:]),
               {"net.inet.ip.portrange.first": "49152", "net.inet.ip.portrange.last": "65535"})
    print("every snippet holds the plan, where its own tools look")


main()
