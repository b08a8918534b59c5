#!/usr/bin/python3
"""CPU seconds and memory of `ephaudit fleet` against a bare reader of the same lines and DuckDB: benches/fleet.py
EPHAUDIT BARE [HOSTS]

BARE is `cargo build --release --example bare`. DuckDB is `pip install duckdb`; without it its rows are left out. The
fleet is made of fixtures/reports under other names, times, process ids and addresses, and it says itself what is true
of it: a run whose answer is another fails. Each command runs RUNS times in turn, and the fewest seconds count.
"""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

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


def made(program, path, hosts):
    """Writes a fleet; how many hosts have each status."""
    rng = random.Random(1)
    templates = []
    for name in NAMES:
        line = subprocess.run([program, "convert", os.path.join(REPORTS, name + ".json"), "--format", "ndjson"],
                              capture_output=True, check=True, text=True).stdout
        report = json.loads(line)
        host = json.dumps(report["host"]["name"])
        line = line.replace(f'"host":{{"name":{host}', '"host":{"name":"@NAME@"', 1)
        templates.append((line.replace(report["collected_at"], "@TIME@", 1), report["status"]))
    truth = {"compliant": 0, "findings": 0, "undetermined": 0, "unjudged": 0}
    with open(path, "w", encoding="utf-8") as file:
        for number in range(hosts):
            line, status = rng.choice(templates)
            time = f"2026-11-27T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
            line = line.replace("@NAME@", f"web-{number:07}.example.net").replace("@TIME@", time)
            line = line.replace('"pid":812', f'"pid":{rng.randrange(2, 4194304)}')
            file.write(line)
            truth[status] += 1
            if rng.random() < 0.005:
                file.write(line)
            if rng.random() < 0.0003:
                file.write(line[:rng.randrange(100, len(line) - 2)] + "\n")
    return truth


def cost(command):
    """CPU seconds and peak MiB of a command, and what it printed."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read()


def main():
    program, bare = sys.argv[1:3]
    hosts = int(sys.argv[3]) if len(sys.argv) > 3 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "fleet.ndjson")
        truth = made(program, plain, hosts)
        size = os.path.getsize(plain)
        roll = [program, "fleet", "--format", "json"]
        commands = {"bare": [bare, plain], "fleet": [*roll, plain]}
        with open(plain, "rb") as source, gzip.open(plain + ".gz", "wb", 6) as target:
            shutil.copyfileobj(source, target)
        commands["fleet, gzip"] = [*roll, plain + ".gz"]
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", plain], check=True)
            commands["fleet, zstd"] = [*roll, plain + ".zst"]
        commands["diff with itself"] = [program, "fleet", "diff", plain, plain]
        try:
            import duckdb  # noqa: F401
            commands["DuckDB"] = [sys.executable, "-c", DUCKDB, plain]
        except ImportError:
            print("no DuckDB: pip install duckdb")
        best = {}
        for _ in range(RUNS):
            for name, command in commands.items():
                seconds, peak, out = cost(command)
                best[name] = min(best.get(name, (seconds, peak)), (seconds, peak))
                if name.startswith("fleet"):
                    told = json.loads(out)["hosts"]
                    if told["count"] != hosts or told["status"] != truth:
                        sys.exit(f"{name} says {told['count']} {told['status']}, and true is {hosts} {truth}")
        floor = best["bare"][0]
        print(f"{hosts} hosts, {size / 1e6:.0f} MB")
        for name, (seconds, peak) in best.items():
            print(f"{name:18} {seconds:6.2f} CPU s  {seconds / floor:5.2f} x bare  {peak:7.1f} MiB")


if __name__ == "__main__":
    main()
