"""Looks into what was packed: archives.py VERSION OUT TARGET…

Archives are in order and tell nobody's name or time; each list of what is in a program is valid,
and of the program beside it; every notice is there."""

import hashlib
import json
import os
import pathlib
import stat
import sys
import tarfile
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


def tar(path):
    files = {}
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        for entry in members:
            assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) == (0, 0, "", "", EPOCH), entry
            assert entry.isdir() or entry.isfile(), entry
            files |= {entry.name: archive.extractfile(entry).read()} if entry.isfile() else {}
    assert [entry.name for entry in members] == sorted(entry.name for entry in members), path
    executed = {entry.name for entry in members if entry.isfile() and entry.mode & stat.S_IXUSR}
    scripts = {name for name, content in files.items() if content.startswith(b"#!")}
    assert {name.split("/", 1)[1] for name in executed - scripts} == {"bin/ephaudit"}, executed
    assert scripts < executed, scripts
    return files


def zipped(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert names == sorted(names), path
        assert len({entry.date_time for entry in archive.infolist()}) == 1, path
        return {name: archive.read(name) for name in names}


def main():
    version, out, *targets = sys.argv[1:]
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    for target in targets:
        name = f"ephaudit-{version}-{target}"
        bill = pathlib.Path(out, f"{name}.cdx.json").read_text(encoding="utf-8")
        if error := validator.validate_str(bill):
            raise SystemExit(f"{name}.cdx.json: {error}")
        if "windows" in target:
            files, program, documents = zipped(pathlib.Path(out, f"{name}.zip")), "ephaudit.exe", "doc"
        else:
            files, program, documents = tar(pathlib.Path(out, f"{name}.tar.gz")), "bin/ephaudit", "share/doc/ephaudit"
        assert {path.split("/")[0] for path in files} == {name}, name
        document = json.loads(bill)
        [told] = document["metadata"]["component"]["hashes"]
        assert told["content"] == hashlib.sha256(files[f"{name}/{program}"]).hexdigest(), name
        assert files[f"{name}/{documents}/ephaudit.cdx.json"].decode() == bill, name
        notices = files[f"{name}/{documents}/THIRD-PARTY.txt"].decode()
        own = [part for part in document["components"] if part["name"] == "ephaudit-platform"]
        assert len(own) == 1, own
        others = [part for part in document["components"] if part not in own]
        for part in others:
            assert f"\n{part['name']} {part['version']}" in notices, part
        sums = [part for part in others if part["purl"].startswith("pkg:cargo/")]
        assert sums and all(part["hashes"] for part in sums), name
        print(f"== {name}: {len(files)} files, {len(others)} parts by others, {len(files[f'{name}/{program}']):,} bytes")


main()
