#!/usr/bin/env python3
"""Measures `ephaudit --all-netns` against other ways of reading every network namespace, side by side in one run.

    namespaces.py --ephaudit PATH [--busy] [-n ROUNDS] [NUMBER ...]

Needs root. It makes NUMBER named namespaces (100, then 1,000) that nobody else sees: /run/netns is a tmpfs in a
mount namespace of its own, and all of them end with it. CPU time (user + system) and ratios are what counts.

--busy  a TCP listener of each family and a UDP socket in each namespace

Exit code: 0 every goal is met; 1 a goal is missed; 2 it could not be measured.
"""

import argparse
import ctypes
import os
import resource
import socket
import statistics
import subprocess
import threading

from pairs import EPHAUDIT, cpu, run

IP = "ip -all netns exec sysctl, one value only"
CLONE_NEWNET = 0x40000000

# what the program is held to
CPU_GOAL = 0.05  # times `ip -all netns exec sysctl` in 1,000 namespaces, which starts a program in each
GROWTH_GOAL = 12.0  # times the CPU time for ten times the namespaces


def make(first, last):
    lines = "".join(f"netns add b{i}\n" for i in range(first, last))
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)


def fill(first, last):
    """Opens sockets in namespaces, by a thread that never comes back."""
    held = []

    def work():
        libc = ctypes.CDLL(None, use_errno=True)
        for i in range(first, last):
            with open(f"/run/netns/b{i}", "rb") as namespace:
                if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            for family, kind, port in (
                (socket.AF_INET, socket.SOCK_STREAM, 8080),
                (socket.AF_INET6, socket.SOCK_STREAM, 8081),
                (socket.AF_INET, socket.SOCK_DGRAM, 53),
            ):
                sock = socket.socket(family, kind)
                sock.bind(("", port))
                if kind == socket.SOCK_STREAM:
                    sock.listen()
                held.append(sock)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return held


def commands(args):
    rows = {
        "ephaudit --all-netns": [args.ephaudit, "show", "--all-netns", "--quiet", "--usage", "counters"],
        "ephaudit": [args.ephaudit, "show", "--quiet", "--usage", "counters"],
    }
    rows[IP] = ["ip", "-all", "netns", "exec", "sysctl", "-n", "net.ipv4.ip_local_port_range"]
    return rows


def measure(args):
    os.makedirs("/run/netns", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run/netns"], check=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    rows = commands(args)
    medians = {name: [] for name in rows}
    held, made = [], 0
    for number in sorted(args.numbers):
        make(made, number)
        if args.busy:
            held += fill(made, number)
        made = number
        rounds = [{name: cpu(command) for name, command in rows.items()} for _ in range(args.rounds)]
        for name in rows:
            medians[name].append(statistics.median(each[name] for each in rounds))
    numbers = sorted(args.numbers)
    print("| CPU | " + " | ".join(f"{number:,} namespaces" for number in numbers) + " | growth |")
    print("|---|" + "---|" * (len(numbers) + 1))
    for name, values in medians.items():
        cells = " | ".join(f"{value:.1f} ms" for value in values)
        print(f"| {name} | {cells} | {values[-1] / values[0]:.1f}× |")
    ours = medians["ephaudit --all-netns"]
    missed = []
    if numbers[-1] == 10 * numbers[0] and ours[-1] / ours[0] > GROWTH_GOAL:
        missed.append("growth")
    if numbers[-1] == 1000:
        if ours[-1] / medians[IP][-1] > CPU_GOAL:
            missed.append("CPU")
    print("missed: " + ", ".join(missed) if missed else "every goal is met")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ephaudit", default=EPHAUDIT)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("-n", "--rounds", type=int, default=9)
    parser.add_argument("numbers", nargs="*", type=int, default=[100, 1000], metavar="NUMBER")
    run(parser, "mount", measure)


if __name__ == "__main__":
    main()
