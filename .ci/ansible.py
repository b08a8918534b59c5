"""The collection of contrib/ansible, installed, against hosts in namespaces: ansible.py EPHAUDIT
TOOLS SCRATCH [STEP…]. See ansible_hosts.py for where it may run."""

import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys

import ansible_hosts as hosts

EPHAUDIT, TOOLS, SCRATCH, *STEPS = sys.argv[1:]
ROOM = pathlib.Path(SCRATCH)
PROGRAM = f"ephaudit-linux-{os.uname().machine}"
ENV = hosts.environment(SCRATCH, TOOLS)
REPORTS = ROOM / "reports"
POLICY = ROOM / "policy.toml"
EXPECTED = {"compliant": "compliant", "findings": "findings", "undetermined": "undetermined",
            "chatty": "compliant", "pythonless": "compliant", "plain-user": "compliant",
            "i686": "failed", "gone": "unreachable"}


def run(*command, code=0, **more):
    done = subprocess.run(command, env=ENV | more, cwd=SCRATCH, capture_output=True, text=True)
    if done.returncode != code:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stdout


def install():
    """The collection as a user gets it: built, and installed from that one file."""
    source = pathlib.Path(__file__).resolve().parents[1] / "contrib/ansible"
    run("ansible-galaxy", "collection", "build", str(source))
    run("ansible-galaxy", "collection", "install", "--no-deps", "ephaudit-ephaudit-0.1.0.tar.gz",
        "-p", str(ROOM / "collections"))
    (ROOM / "programs").mkdir()
    shutil.copy(EPHAUDIT, ROOM / "programs" / PROGRAM)
    POLICY.write_text('profile = "vendor"\n')
    POLICY.chmod(0o644)
    run("strip", str(ROOM / "programs" / PROGRAM))


def play(*more, code, limit="tried"):
    """What the playbook changed on each host, and all it printed."""
    text = run("ansible-playbook", "ephaudit.ephaudit.fleet", "-e", f"audit_hosts={limit}",
               "-e", f"audit_src={ROOM}/programs", "-e", f"audit_dest={REPORTS}",
               "-e", f"audit_fleet_program={ROOM}/programs/{PROGRAM}",
               "-e", '{"audit_fleet_args": ["--format", "json"]}', *more, code=code)
    recap = text.partition("PLAY RECAP")[2]
    return dict(re.findall(r"^(\S+) +: .*changed=(\d+)", recap, re.MULTILINE)), text


def told(folder=REPORTS):
    """The status of each host's report, or why there is none."""
    found = {}
    for path in folder.glob("*.ndjson"):
        [line] = path.read_text().splitlines()
        document = json.loads(line)
        found[path.stem] = document["why"] if document["kind"] == "absence" else document["status"]
        assert path.stat().st_mode & 0o777 == 0o644, path
    assert not list(folder.glob(".*")), "a half file is left"
    return found


def rolled_up():
    done = subprocess.run([EPHAUDIT, "fleet", REPORTS, "--inventory", REPORTS / "expected.txt", "--format", "json"],
                          capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def whole_fleet():
    REPORTS.mkdir()
    # A report of before must not stand for a host that is gone now.
    good = run(EPHAUDIT, "absence", "--host", "gone", "--why", "failed").replace('"failed"', '"of before"')
    (REPORTS / "gone.ndjson").write_text(good)
    for way, changed in ([], 1), ([], 0), (["--check"], 0):
        counts, text = play(*way, code=2)
        assert told() == EXPECTED, (told(), text)
        assert set(counts) == set(EXPECTED), counts
        # The list of expected hosts is written once, on the controller.
        assert sum(int(count) for count in counts.values()) == changed, text
        for words in f"has no ephaudit-linux-i686", "Failed to connect to the host":
            assert words in text, text
    fleet = rolled_up()
    assert fleet["input"]["rejected"]["count"] == 0, fleet["input"]
    assert fleet["input"]["absences"] == 2, fleet["input"]
    assert fleet["hosts"]["status"] == {"compliant": 4, "findings": 1, "undetermined": 1, "unjudged": 0}, fleet["hosts"]
    coverage = fleet["coverage"]
    assert (coverage["expected"], coverage["received"], coverage["unexpected"]["count"]) == (8, 6, 0), coverage
    missing = {item["name"]: json.dumps(item) for item in coverage["missing"]["items"]}
    assert set(missing) == {"gone", "i686"}, missing
    assert "unreachable" in missing["gone"] and "ephaudit-linux-i686" in missing["i686"], missing
    left = run("ansible", "tried:!gone:!pythonless", "-m", "raw", "-a", "ls -AR ~/.ansible; ls -A /tmp")
    assert "ansible-tmp" not in left and "ephaudit" not in left, left


def installed():
    """Kept on the hosts: once, and no more."""
    way = ["-e", "audit_install=persistent", "-e", "audit_path=/usr/local/bin/ephaudit"]
    limit = "compliant:plain-user"
    for more, each in (["--check"], "0"), ([], "1"), ([], "0"):
        counts, text = play(*way, *more, code=0, limit=limit)
        expected = {"compliant": each, "plain-user": each}
        first = min(int(count) for count in counts.values())
        assert str(first) == each and set(counts) == set(expected), text
    # Without Python nothing can be installed: that is told, and there is no report.
    (REPORTS / "pythonless.ndjson").unlink()
    play(*way, code=2, limit="pythonless:gone")
    assert {told()[name] for name in ("pythonless", "gone")} == {"failed", "unreachable"}, told()


def results(text):
    """What each host answered, of what the command `ansible` prints."""
    found = {}
    for start in re.finditer(r"^(\S+) \| (\S+) => (?=\{)", text, re.MULTILINE):
        value, dummy = json.JSONDecoder().raw_decode(text, start.end())
        found[start[1]] = (start[2], value)
    return found


def audit(pattern, *more, code=0, **args):
    given = {"path": "/usr/local/bin/ephaudit"} | args
    text = run("ansible", pattern, "--become", "-m", "ephaudit.ephaudit.audit", "-a",
               json.dumps({name: value for name, value in given.items() if value}), *more, code=code)
    return results(text)


def gates():
    sent = {"path": None, "src": f"{ROOM}/programs"}
    three = "compliant:findings:undetermined"
    for limit, fails in (("none", set()), ("undetermined", {"findings", "undetermined"}),
                         ("medium", {"findings", "undetermined"}), ("high", {"undetermined"})):
        answers = audit(three, code=2 if fails else 0, **sent, fail_on=limit)
        failed = {name for name, (word, dummy) in answers.items() if word == "FAILED!"}
        assert len(answers) == 3 and failed == fails, (limit, failed)

    answers = audit("findings:plain-user", **sent, policy=str(POLICY), facts=True, labels={"env": "prod"}, run_id="r1")
    for name, (dummy, answer) in answers.items():
        report = answer["report"]
        assert report["profile"] == "vendor" and report["run"] == "r1", report
        assert report["host"]["name"] == name, report["host"]
        labels = {one["name"]: one["value"] for one in report["host"]["labels"]}
        assert labels == {"env": "prod", "inventory": name}, labels
        fact = answer["ansible_facts"]["ephemeral_ports"]
        assert fact["status"] == answer["status"] and fact["summary"] == report["summary"], fact
    for word in "--format=json", "--exit-zero", "-o":
        [(word, answer)] = audit("compliant", code=2, args=[word]).values()
        assert word == "FAILED!" and "said by the other options" in answer["msg"], answer


# Programs that print "$REPORT", a whole report of a compliant host, in ways of their own; and what becomes of it.
SAY = """say() { printf '%s\\n' "$1"; }"""
LIARS = [
    ("printf 'no end of line: '; say \"$REPORT\"", "compliant", None),
    ("exit 0", "failed", "0 reports came back"),
    ('say "$REPORT"; exit 1', "failed", "the report says compliant, exit code 1 does not"),
    ('say "$REPORT"; exit 4', "failed", "ephaudit ended with 4"),
    ('say "$REPORT"; say "$REPORT"', "failed", "2 reports came back"),
    ('say "${REPORT%?}"', "failed", "0 reports came back"),
    ('say "$REPORT and more"', "failed", "0 reports came back"),
    ("""say '{"schema_version":"1.1","kind":"report"}'""", "failed", "this is no report"),
    ("sleep 60", "timed-out", None),
    # torn the first time only
    ('[ -e "$0.once" ] && say "$REPORT" || say "${REPORT%?}"; touch "$0.once"', "compliant", None),
]


def liars():
    folder = ROOM / "lies"
    report = subprocess.run([EPHAUDIT, "--from", "fixtures/hosts/linux-sysctl-a", "--policy", ROOM / "policy.toml",
                             "--format", "ndjson", "--exit-zero"], capture_output=True, text=True, check=True).stdout
    report = re.sub(r'"status":"\w+"', '"status":"compliant"', report, count=1)
    inventory = ["[liars]"]
    for number, (script, dummy, dummy) in enumerate(LIARS):
        path = ROOM / f"liar{number}"
        path.write_text(f"#!/bin/sh\n{SAY}\nREPORT={shlex.quote(report.strip())}\n{script}\n")
        path.chmod(0o755)
        inventory.append(f"liar{number} ansible_connection=local program={path}")
    (ROOM / "liars").write_text("\n".join(inventory) + "\n")
    book = ROOM / "liars.yml"
    book.write_text(json.dumps([{"hosts": "liars", "gather_facts": False, "tasks": [{
        "ephaudit.ephaudit.audit": {"path": "{{ program }}", "dest": str(folder)}, "timeout": 15}]}]))
    text = run("ansible-playbook", "-i", str(ROOM / "liars"), str(book), code=2)
    expected = {f"liar{number}": why for number, (dummy, why, dummy) in enumerate(LIARS)}
    assert told(folder) == expected, (told(folder), text)
    for number, (dummy, dummy, words) in enumerate(LIARS):
        line = (folder / f"liar{number}.ndjson").read_text()
        assert words is None or words in json.loads(line)["detail"].lower(), line
    assert text.count("failed=1") == len(LIARS) - 2, text


def timer():
    book = ROOM / "timer.yml"
    names = {"audit_src": f"{ROOM}/programs", "timer_policy": str(POLICY)}
    book.write_text(json.dumps([{"hosts": "findings", "gather_facts": False, "environment": {"SYSTEMD_OFFLINE": "1"},
                                 "roles": [{"role": "ephaudit.ephaudit.timer", "vars": names}]}]))

    def there(command):
        text = run("ansible", "findings", "-m", "raw", "-a", command).replace("\r", "")
        return text.partition("rc=0 >>\n")[2]

    for again in False, True:
        text = run("ansible-playbook", str(book))
        assert ("changed=0" in text) == again, text
    units = "/etc/systemd/system/ephaudit"
    assert "verified" in there(f"systemd-analyze verify --man=no {units}.service {units}.timer && echo verified")
    assert there("readlink /etc/systemd/system/timers.target.wants/ephaudit.timer").strip() == f"{units}.timer"
    assert 'profile = "vendor"' in there("cat /etc/ephaudit/policy.toml")
    assert "--output /run/ephaudit/report.ndjson" in there(f"cat {units}.service")

    # For Prometheus the units are those of contrib/systemd.
    run("ansible-playbook", str(book), "-e", "timer_format=prometheus", "-e", "timer_file=ephaudit.prom",
        "-e", "timer_folder=/var/lib/prometheus/node-exporter")
    for kind in "service", "timer":
        own = pathlib.Path(f"contrib/systemd/ephaudit.{kind}").read_text()
        made = there(f"cat {units}.{kind}").replace("/usr/local/bin/ephaudit", "/usr/bin/ephaudit")
        assert made.strip() == own.strip(), made


def cpu(*command):
    """Processor seconds of the controller."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cost():
    run("ansible", "more", "-m", "copy", "-a",
        f"src={ROOM}/programs/{PROGRAM} dest=/usr/local/bin/ephaudit mode=0755")
    task = ["-m", "ephaudit.ephaudit.audit", "-a", f"path=/usr/local/bin/ephaudit dest={ROOM}/measured"]
    pairs = [(cpu("ansible", "more", "-m", "ping"), cpu("ansible", "more", *task)) for dummy in range(3)]
    ratio = sorted(audit / ping for ping, audit in pairs)[1]
    print(f"controller CPU, {len(hosts.MORE)} hosts: ping {min(pairs)[0]:.2f} s, audit {ratio:.2f} times as much")
    assert ratio <= 1.2, pairs
    assert set(told(ROOM / "measured").values()) == {"compliant"}


def main():
    hosts.start(SCRATCH)
    install()
    for step in whole_fleet, installed, gates, liars, timer, cost:
        if STEPS and step.__name__ not in STEPS:
            continue
        step()
        print(f"{step.__name__.replace('_', ' ')}: as it should be", flush=True)


main()
