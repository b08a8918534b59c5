#!/usr/bin/python3
"""Holds the queries against `ephaudit fleet` on one small lake of two runs: contrib/sql/check.py EPHAUDIT"""

import json
import os
import random
import subprocess
import sys
import tempfile

import duckdb

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTS = os.path.join(HERE, "..", "..", "fixtures", "reports")
NAMES = ["compliant", "findings", "undetermined", "declared", "windows"]
RUNS = ["2026-11-26", "2026-11-27"]


def tell(program, *args):
    done = subprocess.run([program, *args], capture_output=True, check=False, text=True)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{args}: {done.stderr}")
    return done.stdout


def main():
    program = os.path.abspath(sys.argv[1])
    rng = random.Random(1)
    lines = {}
    for name in NAMES:
        report = tell(program, "convert", os.path.join(REPORTS, name + ".json"), "--format", "ndjson")
        host = json.dumps(json.loads(report)["host"]["name"])
        lines[name] = report.replace(f'"host":{{"name":{host}', '"host":{"name":"@NAME@"', 1)
    with tempfile.TemporaryDirectory() as folder:
        fleets = {}
        chosen = {number: rng.choice(NAMES) for number in range(2000)}
        for run in RUNS:
            reports = os.path.join(folder, f"{run}.ndjson")
            with open(reports, "w", encoding="utf-8") as file:
                for number, name in chosen.items():
                    file.write(lines[name].replace("@NAME@", f"web-{number:05}"))
            os.makedirs(os.path.join(folder, f"run={run}"))
            rows = os.path.join(folder, f"run={run}", "hosts.ndjson")
            tell(program, "fleet", reports, "--format", "hosts", "--output", rows)
            fleets[run] = json.loads(tell(program, "fleet", reports, "--format", "json"))
            for number in rng.sample(sorted(chosen), 100):
                chosen[number] = rng.choice(NAMES)
        diff = json.loads(tell(program, "fleet", "diff", *(os.path.join(folder, f"{run}.ndjson") for run in RUNS),
                               "--format", "json"))
        lake = duckdb.connect()
        lake.execute(f"set variable lake = '{folder}/*/hosts.ndjson'")

        def query(name):
            with open(os.path.join(HERE, "duckdb", name + ".sql"), encoding="utf-8") as file:
                return lake.execute(file.read()).fetchall()

        query("hosts")
        run = RUNS[1]
        fleet = fleets[run]

        def same(what, told, known):
            if told != known:
                sys.exit(f"{what}: the query says {told}, and ephaudit {known}")

        same("shapes", {row[1]: row[3] for row in query("shapes") if row[0] == run},
             {row["shape"]: row["hosts"] for row in fleet["shapes"]})
        same("status", {row[1]: row[2] for row in query("status") if row[0] == run},
             {name: count for name, count in fleet["hosts"]["status"].items() if count})
        same("odd", sum(row[0] == run for row in query("odd")), fleet["odd"]["hosts"])
        same("at_risk", {row[1]: row[2] for row in query("at_risk") if row[0] == run},
             {f"{row['transport']}/{row['port']} {row['name'] or ''}".rstrip(): row["hosts"]
              for row in fleet["at_risk"]})
        failed = {}
        for row in fleet["findings"]:
            if not row["waived"]:
                failed.setdefault(row["rule"], set()).add(row["hosts"])
        told = {row[1]: row[2] for row in query("findings") if row[0] == run}
        same("rules that fail", sorted(told), sorted(failed))
        unknown = {row[1]: row[2] for row in query("undetermined") if row[0] == run}
        known = {row["rule"]: row["hosts"] for row in fleet["undetermined"]["rules"]}
        if any(known.get(rule, 0) < hosts for rule, hosts in unknown.items()):
            sys.exit(f"undetermined: the query says {unknown}, and ephaudit {known}")
        drift = {row[2] for row in query("drift")}
        same("drift", drift, {item["name"] for item in diff["items"] if item["from"] != item["to"]
                              or item["removed"] or item["added"]})
        print(f"{fleet['hosts']['count']} hosts, {len(drift)} drifted: every query says what ephaudit does")


if __name__ == "__main__":
    main()
