#!/usr/bin/env python3
"""Measures ephaudit against its peers, side by side in one run, under growing numbers of sockets.

    compare.py [--ephaudit PATH] [--sockets N,…]

Every command runs in batches, round-robin: each round runs one batch of each, so that a busy machine
disturbs all of them alike. CPU time (user + system) per execution and the ratios within a round are what
counts; wall time is not looked at.

The two reference programs beside this script are compiled first, with `cc`: floor.c lists sockets in the
least CPU time that any program can, load.c holds the connections of a load.

Everything happens on the loopback of a
network namespace of its own, deleted at the end.

Exit code: 0 every goal is met; 1 a goal is missed; 2 it could not be measured.
"""

import argparse
import json
import os
import platform
import re
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress

HERE = os.path.dirname(os.path.abspath(__file__))
AUDIT_SH = os.path.join(HERE, "audit.sh")
EPHAUDIT = os.path.join(os.path.dirname(HERE), "target", "release", "ephaudit")
RANGE = "net.ipv4.ip_local_port_range"

# what the program is held to
CPU_GOAL = 1.5  # times the floor plus the start of a process
GROWTH_GOAL = 1.5  # times its own CPU time, from the smallest to the largest load
RSS_GOAL = 4.0  # MiB
SYSCALLS_GOAL = 120
VERSION_GOAL = 1.0  # times `sysctl -n`
TOP_GOAL = 0.65  # times taking and counting every socket
TOP_SS_GOAL = 0.25  # times `ss -Htan`
TOP_RSS_GOAL = 6.0  # MiB
# Below, the start of a process is a part of what `--usage top` costs.
TOP_SOCKETS = 100_000

RSS_RUNS = 5
# A batch of a slow command is made smaller, down to SMALLEST runs, to take about this long.
BATCH_SECONDS = 0.5
SMALLEST = 3
# The socket of a loopback connection costs about this much kernel memory.
BYTES_PER_SOCKET = 5600

# rows
START, FLOOR, AUDIT, JSON, SS, SHELL, VERSION, SYSCTL, DUMP, TOP, SS_ALL = (
    "start",
    "floor",
    "audit",
    "json",
    "ss",
    "shell",
    "version",
    "sysctl",
    "dump",
    "top",
    "ss -a",
)
LABELS = {
    START: "`true` (start of a dynamic process)",
    FLOOR: "C reader, LISTEN only (floor)",
    AUDIT: "**`ephaudit --usage counters`**",
    JSON: "**`ephaudit --usage counters --format json`**",
    SS: "`ss -Htln`",
    SHELL: "`benches/audit.sh`",
    VERSION: "**`ephaudit --version`**",
    SYSCTL: f"`sysctl -n {RANGE}`",
    DUMP: "C reader, every socket counted",
    TOP: "**`ephaudit show --usage top`**",
    SS_ALL: "`ss -Htan`",
}
# 1: a finding; 3: a rule that could not be answered
EXIT_CODES = {AUDIT: (0, 1, 3), JSON: (0, 1, 3)}
# The locale C is the fastest for the peers: in another one, sysctl opens twenty files of the locale.
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


class Failed(Exception):
    """Nothing can be measured, and why."""


def main():
    options = parse()
    try:
        if options.inside is not None:
            json.dump(inside(json.loads(options.inside)), sys.stdout)
            return 0
        with tempfile.TemporaryDirectory() as folder:
            options.folder = folder
            return outside(options)
    except Failed as failure:
        tell(failure)
        return 2
    except KeyboardInterrupt:
        tell("interrupted")
        return 2


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ephaudit", metavar="PATH", default=EPHAUDIT, help="default: %(default)s")
    parser.add_argument("--rounds", metavar="N", type=positive, default=15, help="default: 15")
    parser.add_argument(
        "--batch", metavar="N", type=positive, default=50, help="runs a round of a command (default: 50)"
    )
    parser.add_argument(
        "--sockets",
        metavar="N,…",
        type=socket_counts,
        default="0,100000,1000000",
        help="the loads (default: %(default)s)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=positive,
        default=600,
        help="the longest that making a load or one batch may take (default: 600)",
    )
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def socket_counts(text):
    counts = [int(part) for part in text.split(",")]
    if any(count < 0 or count % 2 for count in counts):
        raise argparse.ArgumentTypeError("connections have two sockets: each load is an even number")
    return counts


# ---------------------------------------------------------------- outside: loads, namespaces, the report


def outside(options):
    # Cleaning up is done by `finally`, so every polite end is made an exception.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    check(options)
    options.floor, options.load = (compiled(options.folder, name) for name in ("floor", "load"))

    print_head(options)
    program = identity(options.ephaudit)
    measured = []
    for sockets in options.sockets:
        with namespace(sockets) as name, load(options, name, sockets):
            result = enter(options, name)
        if result["tcp"] < sockets:
            raise Failed(f"of {sockets} sockets only {result['tcp']} are there")
        if identity(options.ephaudit) != program:
            raise Failed(f"{options.ephaudit} was built anew while it was measured; give --ephaudit a copy")
        measured.append((sockets, result))
        print_table(options, sockets, result)
    return 0 if print_verdict(measured) else 1


def compiled(folder, name):
    program = os.path.join(folder, name)
    subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, name + ".c")], check=True)
    return program


def identity(path):
    stat = os.stat(path)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def interrupted(_number, _frame):
    raise KeyboardInterrupt


def check(options):
    missing = []
    if os.geteuid() != 0:
        missing.append("root (for `ip netns`)")
    for tool, package in (
        ("ip", "iproute2"),
        ("ss", "iproute2"),
        ("sysctl", "procps"),
        ("awk", "awk"),
        ("strace", "strace"),
        ("time", "GNU time"),
        ("cc", "gcc and libc6-dev"),
        ("true", "coreutils"),
    ):
        if shutil.which(tool) is None:
            missing.append(tool if tool == package else f"{tool} ({package})")
    for path, why in (
        (options.ephaudit, "--ephaudit; `cargo build --release` makes it"),
        (AUDIT_SH, "the peer script"),
    ):
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):
            missing.append(f"an executable {path} ({why})")
    if missing:
        raise Failed("missing: " + "; ".join(missing))
    need = max(options.sockets) * BYTES_PER_SOCKET
    free = available_memory()
    if need > free:
        raise Failed(f"missing: memory; {max(options.sockets)} sockets need {gib(need)}, and {gib(free)} is free")


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        return int(re.search(r"^MemAvailable:\s+(\d+) kB", file.read(), re.MULTILINE)[1]) * 1024


def gib(count):
    return f"{count / 2**30:.1f} GiB"


def tcp_counts():
    """TCP sockets in use in this network namespace, and those allocated on the whole machine."""
    with open("/proc/self/net/sockstat", encoding="ascii") as file:
        line = re.search(r"^TCP: inuse (\d+) .*\balloc (\d+)", file.read(), re.MULTILINE)
    return int(line[1]), int(line[2])


@contextmanager
def namespace(sockets):
    name = f"ephaudit-bench-{os.getpid()}-{sockets}"
    _, before = tcp_counts()
    try:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        with undisturbed():
            if name in ip("netns", "list").split():
                empty(name)
                ip("netns", "del", name)
            # The kernel takes its sockets away in the background: the next load shall not find them.
            if not wait_until(lambda: tcp_counts()[1] <= before + 1000, 120):
                tell("the sockets of the last load are still there")


def empty(name):
    """Waits for the end of the load maker's workers, which end with it; whoever is left then is ended."""
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        for pid in processes(name) if number else ():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if wait_until(lambda: not processes(name), 60):
            return
    tell(f"processes are left in {name}")


def processes(name):
    return [int(pid) for pid in ip("netns", "pids", name).split()]


def ip(*arguments):
    done = subprocess.run(
        ["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise Failed(f"`ip {' '.join(arguments)}`: {done.stderr.strip() or done.returncode}")
    return done.stdout


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def undisturbed():
    """A second ctrl-C does not interrupt the cleaning up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)


@contextmanager
def load(options, name, sockets):
    if sockets == 0:
        yield
        return
    tell(f"making {sockets:,} sockets …")
    # `ip netns exec` replaces itself by the program, so this pid is the load maker's own.
    maker = subprocess.Popen(
        ["ip", "netns", "exec", name, options.load, str(sockets // 2)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=raise_nofile,
    )
    try:
        wait_for_ready(maker, options.timeout)
        yield
    finally:
        with undisturbed():
            end(maker)


def raise_nofile():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def wait_for_ready(maker, seconds):
    # An error of a worker would leave the load maker waiting for it: the first line decides.
    readable, _, _ = select.select([maker.stdout], [], [], seconds)
    if not readable:
        raise Failed(f"the load maker is not ready after {seconds} s")
    line = os.read(maker.stdout.fileno(), 4096).decode(errors="replace").strip()
    if not line.startswith("READY"):
        raise Failed(f"the load maker: {line or 'ended without a word'}")


def end(process):
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(60)


def enter(options, name):
    """Measures in the namespace: this script again, so that no command pays for `ip netns exec`."""
    task = {
        "ephaudit": os.path.abspath(options.ephaudit),
        "floor": options.floor,
        "rounds": options.rounds,
        "batch": options.batch,
        "timeout": options.timeout,
    }
    command = ["ip", "netns", "exec", name, sys.executable, os.path.abspath(__file__)]
    process = subprocess.Popen(
        [*command, "--inside", json.dumps(task)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # Every wait inside has its own bound; this one is the last resort.
        output, _ = process.communicate(timeout=options.timeout * (options.rounds + 10))
    except subprocess.TimeoutExpired:
        raise Failed("the measuring process does not come to an end") from None
    finally:
        with undisturbed():
            if process.poll() is None:
                end(process)
    if process.returncode != 0:
        raise Failed(f"nothing is measured in {name}")
    return json.loads(output)


def tell(text):
    print(f"compare.py: {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- inside: measuring in a namespace


def inside(task):
    # The parent ends this process by SIGTERM; then the command that runs shall end too.
    signal.signal(signal.SIGTERM, interrupted)
    commands = rows(task)
    in_use, allocated = tcp_counts()
    cpu, batches = measure_cpu(task, commands)
    return {
        "tcp": in_use,
        "allocated": allocated,
        "cpu": cpu,
        "batches": batches,
        "rss": {row: peak_rss(task, row, argv) for row, argv in commands.items()},
        "syscalls": {row: system_calls(task, row, argv) for row, argv in commands.items()},
        "answers": answers(task),
    }


def rows(task):
    ephaudit = task["ephaudit"]
    commands = {
        START: [shutil.which("true")],
        FLOOR: [task["floor"], "400"],
        AUDIT: [ephaudit, "--usage", "counters"],
        JSON: [ephaudit, "--usage", "counters", "--format", "json"],
        SS: [shutil.which("ss"), "-Htln"],
        SHELL: [AUDIT_SH],
        VERSION: [ephaudit, "--version"],
        SYSCTL: [shutil.which("sysctl"), "-n", RANGE],
        DUMP: [task["floor"], "1fff"],
        TOP: [ephaudit, "show", "--usage", "top", "--quiet"],
        SS_ALL: [shutil.which("ss"), "-Htan"],
    }
    return commands


def measure_cpu(task, commands):
    """Milliseconds of CPU an execution: for each row one figure a round."""
    batches = {}
    for row, argv in commands.items():
        run(task, row, argv, 1)  # warm
        began = time.monotonic()
        run(task, row, argv, 2)
        each = max((time.monotonic() - began) / 2, 1e-6)
        batches[row] = min(task["batch"], max(SMALLEST, int(BATCH_SECONDS / each)))
    cpu = {row: [] for row in commands}
    order = list(commands)
    for number in range(task["rounds"]):
        # Each round starts with another row: none always follows the same neighbour's caches first.
        first = number % len(order)
        for row in order[first:] + order[:first]:
            seconds = run(task, row, commands[row], batches[row])
            cpu[row].append(seconds / batches[row] * 1000)
    return cpu, batches


def run(task, row, argv, times):
    """CPU seconds, user and system, of that many executions and of all the processes they waited for."""
    seconds = 0.0
    for _ in range(times):
        status, usage = execute(argv, task["timeout"])
        code = os.waitstatus_to_exitcode(status)
        if code not in EXIT_CODES.get(row, (0,)):
            raise Failed(f"{' '.join(argv)} ended with {code}")
        seconds += usage.ru_utime + usage.ru_stime
    return seconds


def execute(argv, seconds):
    # posix_spawn shares the parent's memory until exec: no page tables of Python are copied or torn down on
    # the child's account. Python ignores SIGPIPE, which a child would inherit.
    pid = os.posix_spawn(
        argv[0], argv, ENVIRONMENT, file_actions=NULL_STREAMS, setsigdef=[signal.SIGPIPE]
    )
    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        _, status, usage = os.wait4(pid, 0)
    except BaseException as error:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if isinstance(error, TimeoutError):
            raise Failed(f"{' '.join(argv)} does not end within {seconds} s") from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return status, usage


NULL_STREAMS = [
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
]


def out_of_time(_number, _frame):
    raise TimeoutError


def peak_rss(task, row, argv):
    """MiB. GNU time reads it, for ru_maxrss is the high-water mark over the child's whole life: the child of
    a Python process starts with Python's own memory and keeps that mark over exec. The child of `time` keeps
    only that of `time`, about 1 MiB, which the row of `true` shows; a smaller figure cannot be seen. Page
    counts are kept per CPU, so a figure may be wrong by about 0.1 MiB a CPU: the highest of several runs."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "rss")
        for _ in range(RSS_RUNS):
            # `time` passes on the exit code
            run(task, row, [shutil.which("time"), "-q", "-f", "%M", "-o", out, *argv], 1)
            with open(out, encoding="ascii") as file:
                peaks.append(int(file.read().split()[-1]) / 1024)
    return max(peaks)


def system_calls(task, row, argv):
    """All of them, those of child processes included, from execve to exit."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "calls")
        run(task, row, [shutil.which("strace"), "-f", "-qq", "-e", "signal=none", "-o", out, *argv], 1)
        # A call that another process interrupts has a second line, `<... name resumed>`, not counted.
        with open(out, encoding="utf-8", errors="replace") as file:
            return sum(bool(re.match(r"(\d+ +)?\w+\(", line)) for line in file)


def answers(task):
    """What each peer answers, to see that they did the same work."""
    found = {}
    count = re.fullmatch(r"count=(\d+)\n", output_of(task, task["floor"], "400"))
    found["floor"] = {"tcp": int(count[1])} if count else {}
    found["ss"] = {"tcp": len(output_of(task, "ss", "-Htln").splitlines())}
    shell = dict(re.findall(r"^(\w+) (\d+)$", output_of(task, AUDIT_SH), re.MULTILINE))
    found["audit.sh"] = {
        "tcp": int(shell["tcp_listeners"]),
        "in pool": int(shell["in_pool"]),
        "pool": int(shell["pool"]),
        "dynamic": int(shell["dynamic"]),
    }
    report = json.loads(
        output_of(task, task["ephaudit"], "--usage", "top", "--top", "1000", "--format", "json")
    )
    try:
        scope = next(scope for scope in report["scopes"] if scope["current"])
        listeners = scope["listeners"]["items"]
        pool = next(pool for pool in scope["pools"] if pool["transport"] == "tcp")
        found["ephaudit"] = {
            "tcp": sum(listener["transport"] == "tcp" for listener in listeners),
            "in pool": sum(listener["in_pool"] for listener in listeners),
            "pool": pool["ports"],
            "dynamic": pool["dynamic_ports"],
            "connections": sum(
                used["ports_used"]
                for used in scope["usage"]["destinations"]
                if used["transport"] == "tcp" and used["destination"] is not None
            ),
        }
        spans = [(span["first"], span["last"]) for span in pool["spans"]]
        found["ss"]["connections"] = connections(output_of(task, "ss", "-Htan"), spans)
    except (KeyError, StopIteration, TypeError):
        raise Failed("the JSON report has another shape than this script knows") from None
    return found


def connections(lines, spans):
    """Sockets from a port of the pool, of `ss -Htan`: State Recv-Q Send-Q Local-Address:Port Peer-Address:Port."""
    words = (line.split() for line in lines.splitlines())
    ports = (int(word[3].rpartition(":")[2]) for word in words if word[0] != "LISTEN")
    return sum(any(first <= port <= last for first, last in spans) for port in ports)


def output_of(task, *argv):
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=task["timeout"],
            env=ENVIRONMENT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(argv)} does not end within {task['timeout']} s") from None
    return done.stdout


# ---------------------------------------------------------------- the report


def print_head(options):
    uname = platform.uname()
    version = subprocess.run(
        [options.ephaudit, "--version"], capture_output=True, text=True, timeout=60, check=False
    ).stdout.strip()
    print(f"{version}, {uname.system} {uname.release} {uname.machine}, {os.cpu_count()} CPUs")
    print(f"{options.rounds} rounds, round-robin; CPU time is user + system of one execution")


def print_table(options, sockets, result):
    heading = f"{sockets:,} sockets" if sockets else "idle"
    print(f"\n### {heading}\n")
    print(
        f"{result['tcp']:,} TCP sockets in the namespace, {result['allocated']:,} on the machine; "
        f"{agreement(result['answers'])}\n"
    )
    print("| command | CPU ms, median (min–max) | / floor | / `ephaudit` | peak RSS MiB | system calls | runs |")
    print("|---|---|---|---|---|---|---|")
    cpu = result["cpu"]
    for row, times in cpu.items():
        print(
            f"| {LABELS[row]} "
            f"| {statistics.median(times):.2f} ({min(times):.2f}–{max(times):.2f}) "
            f"| {median_ratio(times, cpu[FLOOR]):.2f}× "
            f"| {median_ratio(times, cpu[AUDIT]):.2f}× "
            f"| {result['rss'][row]:.1f} "
            f"| {result['syscalls'][row]:,} "
            f"| {options.rounds} × {result['batches'][row]} |"
        )
    sys.stdout.flush()


def agreement(found):
    """Whether all peers that answer a question answer it alike."""
    differences = []
    for question in ("tcp", "in pool", "pool", "dynamic", "connections"):
        given = {peer: answer[question] for peer, answer in found.items() if question in answer}
        if len(set(given.values())) > 1:
            differences.append(f"{question}: " + ", ".join(f"{peer} {it}" for peer, it in given.items()))
    if differences:
        return "**the answers differ**: " + "; ".join(differences)
    answer = found["ephaudit"]
    return (
        f"all answer alike: {answer['tcp']} TCP listeners, {answer['in pool']} listeners in the pool, "
        f"{answer['connections']:,} connections from ports of the pool"
    )


def median_ratio(times, base):
    """The median of the ratios within each round."""
    return statistics.median(ours / theirs for ours, theirs in zip(times, base))


def name_of(sockets):
    return f"{sockets:,} sockets" if sockets else "idle"


def print_verdict(measured):
    print("\n### Goals\n")
    verdicts = []

    def verdict(met, text):
        verdicts.append(met)
        print(f"- {'met' if met else '**MISSED**'}: {text}")

    for sockets, result in measured:
        cpu = result["cpu"]
        base = [floor + start for floor, start in zip(cpu[FLOOR], cpu[START])]
        ratio = median_ratio(cpu[AUDIT], base)
        verdict(
            ratio <= CPU_GOAL,
            f"CPU time at most {CPU_GOAL}× the floor plus the start of a process, {name_of(sockets)}: "
            f"{ratio:.2f}× ({median_ratio(cpu[AUDIT], cpu[FLOOR]):.2f}× the floor alone)",
        )

    (few, small), (many, large) = min(measured, key=first_of), max(measured, key=first_of)
    if few == many:
        print("- not measured: growth with the number of sockets (only one load)")
    else:
        # The machine is another between two loads: each figure relative to `true` in the same round.
        own = growth(small["cpu"][AUDIT], large["cpu"][AUDIT])
        start = growth(small["cpu"][START], large["cpu"][START])
        relative = median_ratio(large["cpu"][AUDIT], large["cpu"][START]) / median_ratio(
            small["cpu"][AUDIT], small["cpu"][START]
        )
        verdict(
            relative <= GROWTH_GOAL,
            f"growth of its CPU time at most {GROWTH_GOAL}×, {name_of(few)} to {name_of(many)}: "
            f"{relative:.2f}× relative to `true`, {own:.2f}× as measured (`true` itself {start:.2f}×, "
            f"`ss -Htln` {growth(small['cpu'][SS], large['cpu'][SS]):.1f}×)",
        )

    rss, row, sockets = max(
        (result["rss"][row], row, sockets) for sockets, result in measured for row in (AUDIT, JSON)
    )
    verdict(
        rss <= RSS_GOAL,
        f"peak RSS at most {RSS_GOAL:.0f} MiB: {rss:.1f} MiB ({LABELS[row].strip('*')}, {name_of(sockets)})",
    )
    calls, row, sockets = max(
        (result["syscalls"][row], row, sockets) for sockets, result in measured for row in (AUDIT, JSON)
    )
    verdict(
        calls <= SYSCALLS_GOAL,
        f"at most {SYSCALLS_GOAL} system calls: {calls} ({LABELS[row].strip('*')}, {name_of(sockets)})",
    )
    ratio = median_ratio(small["cpu"][VERSION], small["cpu"][SYSCTL])
    verdict(
        ratio <= VERSION_GOAL,
        f"`--version` in no more CPU time than `sysctl -n`, {name_of(few)}: {ratio:.2f}×",
    )
    judge_top(measured, verdict)
    return all(verdicts)


def judge_top(measured, verdict):
    """Who uses the pool: the sockets themselves have to be read."""
    measured = [(sockets, result) for sockets, result in measured if sockets >= TOP_SOCKETS]
    if not measured:
        print(f"- not measured: `--usage top` (no load of {TOP_SOCKETS:,} sockets)")
    for sockets, result in measured:
        cpu = result["cpu"]
        for base, goal in ((DUMP, TOP_GOAL), (SS_ALL, TOP_SS_GOAL)):
            ratio = median_ratio(cpu[TOP], cpu[base])
            verdict(
                ratio <= goal,
                f"CPU time of `--usage top` at most {goal}× that of: {LABELS[base]}, {name_of(sockets)}: "
                f"{ratio:.2f}×",
            )
        rss = result["rss"][TOP]
        verdict(
            rss <= TOP_RSS_GOAL,
            f"peak RSS of `--usage top` at most {TOP_RSS_GOAL:.0f} MiB, {name_of(sockets)}: {rss:.1f} MiB",
        )


def first_of(pair):
    return pair[0]


def growth(before, after):
    return statistics.median(after) / statistics.median(before)


if __name__ == "__main__":
    sys.exit(main())
