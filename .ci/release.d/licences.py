"""The notices of everything that is linked into a binary, in one text."""

import pathlib
import re

import crates

NAMES = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense|authors)", re.IGNORECASE)
RULE = "=" * 76 + "\n"


def read(path):
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def mit(holders):
    """The text of MIT for others, for what offers it and has no text of it."""
    text, lines = re.subn(r"(?m)^Copyright .*$", lambda _: f"Copyright (c) {holders}",
                          read(pathlib.Path("LICENSE-MIT")))
    assert lines == 1, lines
    return text


def of_crate(crate):
    files = sorted(path for path in crate.folder.iterdir() if path.is_file() and NAMES.match(path.name))
    if files:
        return [read(path) for path in files]
    if "MIT" not in crate.licence.split():
        raise SystemExit(f"{crate.name} has no text of its licence, {crate.licence}")
    authors = [re.sub(r"\s*<.*>", "", author) for author in crate.authors]
    return [mit(", ".join(authors) or f"the authors of {crate.name}")]


def of_runtime(linked):
    return [read(path) for path in linked.notices] + ([mit(linked.authors)] if linked.authors else [])


def third_party(target):
    """Who made what, and each text once, by its number."""
    found = set(crates.standard(target)) | {crate for crate in crates.linked(target) if crate.folder}
    rows = [(f"{crate.name} {crate.version}", crate.licence, of_crate(crate)) for crate in sorted(found)]
    rows += [(f"{linked.name} {linked.version}", "", of_runtime(linked))
             for linked in crates.runtimes(target)]
    numbers = {}
    head = f"What others made of ephaudit for {target},\nand on which terms. The numbers are those of the texts below.\n\n"
    for name, licence, its in rows:
        where = ", ".join(str(numbers.setdefault(text, len(numbers) + 1)) for text in its)
        head += f"{name}{': ' + licence if licence else ''} [{where}]\n"
    return head + "".join(f"\n{RULE}[{number}]\n{RULE}\n{text}" for text, number in numbers.items())
