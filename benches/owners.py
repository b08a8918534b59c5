#!/usr/bin/env python3
"""Measures how ephaudit finds the owners of listeners against a walk over every descriptor, side by side in one run.

    owners.py --procload PATH --pidmap PATH [--ephaudit PATH] [-n ROUNDS]

Needs root. It makes 2,000 idle processes with a listener and 24 other descriptors each, and proxies with 600,000
descriptors together (six, where one may have 100,000), in a network namespace of its own; 64 of the listeners are in the pool. All of them end with it.

--procload PATH  run as `PATH P F S`: P processes, each with F descriptors and S listeners on 127.5.0.0/16 from port
                 30000 on, one port after the other; prints READY, then waits; they end with it
--pidmap PATH    run as `PATH all`: reads every descriptor of every process, and does nothing with it

CPU time (user + system) and ratios are what counts. Exit code: 0 the goal is met; 1 it is missed; 2 it could not be
measured.
"""

import argparse
import json
import resource
import statistics
import subprocess
from contextlib import contextmanager

from pairs import EPHAUDIT, cpu, run

RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
IN_POOL = 64
# Of the proxies, all together.
DESCRIPTORS = 600_000

# what the program is held to: the whole audit, times the walk alone
GOAL = 0.35


@contextmanager
def load(procload, *numbers):
    maker = subprocess.Popen([procload, *map(str, numbers)], stdout=subprocess.PIPE, text=True)
    try:
        if not maker.stdout.readline().startswith("READY"):
            raise OSError(f"{procload} made no load")
        yield
    finally:
        maker.terminate()
        maker.wait()


def owners(ephaudit):
    """How many listeners in the pool have an owner, of how many."""
    report = json.loads(subprocess.run([ephaudit, "--format", "json"], capture_output=True).stdout)
    found = [item for item in report["scopes"][0]["listeners"]["items"] if item["in_pool"]]
    return sum(item["owner"] is not None for item in found), len(found)


def measure(args):
    with open(RANGE, "w") as file:
        file.write(f"31900 {31900 + IN_POOL - 1}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    each = min(most - 100, 100_000)
    proxies = DESCRIPTORS // each
    rows = {
        "every descriptor of every process": [args.pidmap, "all"],
        f"ephaudit, {IN_POOL} listeners in the pool": [args.ephaudit],
    }
    with load(args.procload, 2000, 24, 1), load(args.procload, proxies, each, 0):
        found, wanted = owners(args.ephaudit)
        if (found, wanted) != (IN_POOL, IN_POOL):
            raise OSError(f"{found} owners of {wanted} listeners were found; there are {IN_POOL}")
        rounds = [{name: cpu(command) for name, command in rows.items()} for _ in range(args.rounds)]
    walk = next(iter(rows))
    print(f"| 2,000 processes, and {proxies} with {each:,} descriptors | CPU | times the walk |")
    print("|---|---|---|")
    ratios = {}
    for name in rows:
        ratios[name] = statistics.median(each[name] / each[walk] for each in rounds)
        print(f"| {name} | {statistics.median(each[name] for each in rounds):.1f} ms | {ratios[name]:.2f}× |")
    missed = ratios[list(rows)[1]] > GOAL
    print("missed: owners" if missed else f"the goal is met: at most {GOAL}×")
    return int(missed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ephaudit", default=EPHAUDIT)
    parser.add_argument("--procload", required=True)
    parser.add_argument("--pidmap", required=True)
    parser.add_argument("-n", "--rounds", type=int, default=9)
    run(parser, "net", measure)


if __name__ == "__main__":
    main()
