"""Writes NOTES.md: notes.py OUT TARGET…

What was made, of what, what nobody tried, what was not made, and what changed."""

import os
import pathlib
import re
import subprocess
import sys

from targets import FROM_SOURCE, TARGETS

VERSION = os.environ["VERSION"]
UNCHECKED = "nothing: made without `--check`"


def printed(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def changes():
    """The part of CHANGELOG.md about this version, or else what it calls unreleased."""
    text = pathlib.Path("CHANGELOG.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"(?ms)^## \[([^]]+)\][^\n]*\n(.*?)(?=^## |\Z)", text))
    if VERSION in parts:
        return f"## Changes\n\n{parts[VERSION].strip()}\n"
    return f"## Changes\n\nCHANGELOG.md has no part about {VERSION}; this is what it calls unreleased.\n\n{parts['Unreleased'].strip()}\n"


def main():
    out, *targets = sys.argv[1:]
    out = pathlib.Path(out)
    signed, checked = os.environ.get("MINISIGN_KEY"), os.environ.get("CHECK")
    rows = ["| system | files | needs | tried |", "|---|---|---|---|"]
    for target in targets:
        facts = TARGETS[target]
        ends = [target] + [f"_{facts.deb}.deb", f".{facts.rpm}.rpm"] * bool(facts.deb)
        files = sorted(path.name for path in out.iterdir()
                       if not path.name.endswith(".json") and any(end in path.name for end in ends))
        rows.append(f"| {facts.system} | {', '.join(files)} | {facts.needs} | {facts.tried if checked else UNCHECKED} |")
    left = [facts.system for target, facts in TARGETS.items() if target not in targets]
    text = f"# ephaudit {VERSION}\n\n" + "\n".join(rows) + "\n\n"
    if left:
        text += f"Not made in this release: {'; '.join(left)}.\n"
    text += f"From source alone, since there was no C library to link with: {', '.join(FROM_SOURCE)}.\n"
    if any("apple" in target for target in targets):
        text += "The programs for macOS are signed ad hoc, and not notarised by Apple.\n"
    if "x86_64-unknown-netbsd" in targets:
        text += "That for NetBSD has no RELRO segment.\n"
    text += "\n" + ("SHA256SUMS.minisig signs SHA256SUMS.\n" if signed else
                    "**This release is not signed**: SHA256SUMS tells damage, not forgery.\n")
    text += (f"\nMade of commit {printed('git', 'rev-parse', 'HEAD')} by {printed(os.environ['RUSTC'], '-V')}"
             f", profile {os.environ['PROFILE']}. docs/release.md says how to make the same files.\n")
    (out / "NOTES.md").write_text(f"{text}\n{changes()}", encoding="utf-8")


main()
