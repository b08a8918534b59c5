#!/usr/bin/python3
"""CPU seconds and memory of `ephaudit fleet` against a bare reader of the same lines and DuckDB: benches/fleet.py
EPHAUDIT BARE [HOSTS]

BARE is `cargo build --release --example bare`. DuckDB is `pip install duckdb`; without it its row is left out. GNU time
reads the memory. The fleet is made of fixtures/reports under other names, times, process ids, addresses and counts, and
it says itself what is true of it: a run whose answer is another fails. Each command runs RUNS times in turn, and the
fewest seconds count. The last column is a ratio to another row of the same run, and the goal for it.
"""

import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTS = os.path.join(HERE, "..", "fixtures", "reports")
NAMES = ["compliant", "findings", "undetermined", "waived", "declared", "windows", "openbsd"]
RUNS = 3
DUCKDB = """
import duckdb, sys
c = duckdb.connect()
c.execute("set threads to 1")
columns = {"host": "STRUCT(name VARCHAR, os VARCHAR)", "collected_at": "VARCHAR", "status": "VARCHAR",
           "summary": "STRUCT(shape VARCHAR)",
           "findings": "STRUCT(rule VARCHAR, severity VARCHAR, waived VARCHAR)[]",
           "gaps": "STRUCT(rule VARCHAR, why VARCHAR)[]",
           "scopes": "STRUCT(current BOOLEAN, listeners STRUCT(items STRUCT(transport VARCHAR, port INT, in_pool BOOLEAN)[]))[]"}
c.execute(f"create view lines as select * from read_json('{sys.argv[1]}', columns={columns!r}, "
          "format='newline_delimited', ignore_errors=true, maximum_object_size=67108864)")
latest = ("select arg_max(struct_pack(s := status, h := summary.shape, f := findings, g := gaps, l := scopes), "
          "collected_at) r from lines where host.name is not null group by lower(host.name)")
c.execute(f"create temp table hosts as {latest}")
print(c.execute("select count(*) from hosts").fetchone()[0])
for q in ("select r.s, count(*) from hosts group by all", "select r.h, count(*) from hosts group by all",
          "select f.rule, f.severity, count(*) from (select unnest(r.f) f from hosts) group by all",
          "select g.rule, g.why, count(*) from (select unnest(r.g) g from hosts) group by all",
          "select i.port, count(*) from (select unnest(s.listeners.items) i from (select unnest(r.l) s from hosts)) "
          "where i.in_pool group by all"):
    c.execute(q).fetchall()
"""


# Which row each is measured against, and what the ratio may be at most.
GOALS = {
    "fleet": ("bare", 1.65),
    "fleet, gzip": ("fleet", 1.5),
    "fleet, zstd": ("fleet", 1.3),
    "fleet, a file each": ("fleet, the same in one", 3),
    "diff": ("fleet", 2.1),
    "diff of rows": ("diff", 1 / 15),
}
# How many hosts have a file each, at most.
FILES = 50_000


def templates(program):
    """Lines with marks where hosts differ, and their statuses."""
    marked = []
    for name in NAMES:
        line = subprocess.run([program, "convert", os.path.join(REPORTS, name + ".json"), "--format", "ndjson"],
                              capture_output=True, check=True, text=True).stdout
        report = json.loads(line)
        host = json.dumps(report["host"]["name"])
        line = line.replace(f'"host":{{"name":{host}', '"host":{"name":"@NAME@"', 1)
        marked.append((line.replace(report["collected_at"], "@TIME@", 1), report["status"]))
    return marked


def made(marked, path, hosts, day, moved):
    """Writes the fleet of a day; the status of each host. So many of a thousand are not as they were the other days."""
    rng = random.Random(1)
    moves = random.Random(day)
    truth = []
    with open(path, "w", encoding="utf-8") as file:
        for number in range(hosts):
            line, status = rng.choice(marked)
            if moves.randrange(1000) < moved:
                line, status = moves.choice(marked)
            time = f"2026-11-{day}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
            line = line.replace("@NAME@", f"web-{number:07}.example.net").replace("@TIME@", time)
            line = line.replace('"pid":812', f'"pid":{rng.randrange(2, 4194304)}')
            sockets = rng.randrange(10, 30_000)
            line = re.sub(r'"tcp_sockets":\d+', f'"tcp_sockets":{sockets}', line)
            file.write(line)
            truth.append(status)
            if rng.random() < 0.005:
                file.write(line)
            if rng.random() < 0.0003:
                file.write(line[:rng.randrange(100, len(line) - 2)] + "\n")
    return truth


def cost(command, scratch):
    """CPU seconds and peak MiB of a command, and what it printed. GNU time tells them: ru_maxrss of a child of Python
    is at least what Python had."""
    told = os.path.join(scratch, "time")
    done = subprocess.run([shutil.which("time"), "-q", "-f", "%U %S %M", "-o", told, *command],
                          stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{command} ends with {done.returncode}")
    with open(told, encoding="ascii") as file:
        user, system, peak = file.read().split()
    return float(user) + float(system), int(peak) / 1024, done.stdout


def check(name, out, old, new):
    """Ends where an answer is not what is true of the fleets."""
    told = json.loads(out)
    if name.startswith("diff"):
        moves = Counter({(move["from"], move["to"]): move["hosts"] for move in told["status_moves"]})
        true = Counter(move for move in zip(old, new) if move[0] != move[1])
        if (told["hosts"]["in_both"], moves) != (len(old), true):
            sys.exit(f"{name} says {told['hosts']} {moves}, and true is {len(old)} {true}")
        return
    hosts = told["hosts"]
    true = Counter(old[:hosts["count"]] if "one" in name or "each" in name else old)
    if (hosts["count"], +Counter(hosts["status"])) != (true.total(), true):
        sys.exit(f"{name} says {hosts['count']} {hosts['status']}, and true is {true}")


def files(plain, folder, hosts):
    """The first hosts, in one file and in a file each."""
    count = min(hosts, FILES)
    os.mkdir(os.path.join(folder, "each"))
    with open(plain, encoding="utf-8") as source, open(os.path.join(folder, "one.ndjson"), "w", encoding="utf-8") as one:
        for line in source:
            try:
                name = json.loads(line)["host"]["name"]
            except ValueError:
                continue
            if name >= f"web-{count:07}":
                break
            one.write(line)
            with open(os.path.join(folder, "each", name + ".json"), "w", encoding="utf-8") as file:
                file.write(line)


def main():
    program, bare = sys.argv[1:3]
    hosts = int(sys.argv[3]) if len(sys.argv) > 3 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)  # noqa: E731
        plain, later = path("fleet.ndjson"), path("later.ndjson")
        marked = templates(program)
        old = made(marked, plain, hosts, 27, 0)
        new = made(marked, later, hosts, 28, 10)
        files(plain, folder, hosts)
        size = os.path.getsize(plain)
        roll = [program, "fleet", "--format", "json"]
        diff = [program, "fleet", "diff", "--format", "json"]
        for source in (plain, later):
            with open(source + ".rows.ndjson", "wb") as rows:
                subprocess.run([program, "fleet", "--format", "hosts", source], stdout=rows, check=False)
        commands = {"bare": [bare, plain], "fleet": [*roll, plain]}
        with open(plain, "rb") as source, gzip.open(plain + ".gz", "wb", 6) as target:
            shutil.copyfileobj(source, target)
        commands["fleet, gzip"] = [*roll, plain + ".gz"]
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", plain], check=True)
            commands["fleet, zstd"] = [*roll, plain + ".zst"]
        commands["fleet, the same in one"] = [*roll, path("one.ndjson")]
        commands["fleet, a file each"] = [*roll, path("each")]
        commands["diff"] = [*diff, plain, later]
        commands["diff of rows"] = [*diff, plain + ".rows.ndjson", later + ".rows.ndjson"]
        try:
            import duckdb  # noqa: F401
            commands["DuckDB"] = [sys.executable, "-c", DUCKDB, plain]
        except ImportError:
            print("no DuckDB: pip install duckdb")
        best = {}
        for _ in range(RUNS):
            for name, command in commands.items():
                seconds, peak, out = cost(command, folder)
                before = best.get(name, (seconds, peak))
                best[name] = (min(before[0], seconds), max(before[1], peak))
                if name.startswith(("fleet", "diff")):
                    check(name, out, old, new)
        floor = best["bare"][0]
        print(f"{hosts} hosts, {size / 1e6:.0f} MB")
        for name, (seconds, peak) in best.items():
            against, goal = GOALS.get(name, (None, None))
            ratio = f"  {seconds / best[against][0]:5.2f} x {against}, goal {goal:.2f}" if against else ""
            print(f"{name:22} {seconds:6.2f} CPU s  {seconds / floor:5.2f} x bare  {peak:7.1f} MiB{ratio}")


if __name__ == "__main__":
    main()
