"""Packs the program of one target: pack.py TARGET BINARY NATIVE OUT

An archive for each, and for Linux a .deb and an .rpm, all of the same files. NATIVE is the same
program for this machine, which prints manual pages and completions."""

import gzip
import hashlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

import licences
import sbom
from targets import TARGETS

VERSION = os.environ["VERSION"]
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
PACKAGE = pathlib.Path("contrib/package")
DOCUMENTS = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT"]
COMPLETIONS = {
    "bash": "share/bash-completion/completions/ephaudit",
    "zsh": "share/zsh/site-functions/_ephaudit",
    "fish": "share/fish/vendor_completions.d/ephaudit.fish",
}


def printed(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def manuals(native):
    """Each page by its name: that of the program names those of its commands, and so on."""
    found, ahead = {}, [()]
    while ahead:
        command = ahead.pop()
        page = printed(native, "man", *command)
        name = "-".join(("ephaudit", *command))
        found[f"{name}.1"] = page
        for other in re.findall(r"(?m)^(ephaudit[a-z\\-]+)\(1\)$", page.decode()):
            other = other.replace("\\-", "-")
            words = tuple(other.removeprefix(name).split("-")[1:])
            if other.startswith(f"{name}-") and words != ("help",):
                ahead.append((*command, *words))
    return found


def documents(target, bill):
    """What belongs to the program wherever it is put, below the folder of its documents."""
    tracked = printed("git", "ls-files", "-z", "docs", "contrib").decode().split("\0")[:-1]
    names = DOCUMENTS + [name for name in tracked if not name.startswith(f"{PACKAGE}/")]
    found = {name: pathlib.Path(name).read_bytes() for name in names}
    found["THIRD-PARTY.txt"] = licences.third_party(target).encode()
    found["ephaudit.cdx.json"] = bill
    return found


def unix(binary, native, its_documents):
    """All files as they are below a prefix such as /usr/local."""
    files = {"bin/ephaudit": binary}
    files |= {f"share/man/man1/{name}": page for name, page in manuals(native).items()}
    files |= {path: printed(native, "completions", shell) for shell, path in COMPLETIONS.items()}
    return files | {f"share/doc/ephaudit/{name}": text for name, text in its_documents.items()}


def windows(binary, native, its_documents):
    files = {"ephaudit.exe": binary, "ephaudit.ps1": printed(native, "completions", "powershell")}
    return files | {f"doc/{name}": text for name, text in its_documents.items()}


def mode(path, content):
    """The program is executed, and so is what names its interpreter."""
    return 0o755 if path.endswith(("bin/ephaudit", ".exe")) or content.startswith(b"#!") else 0o644


def folders(files):
    found = {parent for path in files for parent in pathlib.PurePath(path).parents}
    return sorted(str(folder) for folder in found if str(folder) != ".")


def tar(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted([*folders(files), *files]):
            entry = tarfile.TarInfo(path)
            entry.mtime = EPOCH
            if path in files:
                entry.mode, entry.size = mode(path, files[path]), len(files[path])
            else:
                entry.mode, entry.type = 0o755, tarfile.DIRTYPE
            archive.addfile(entry, io.BytesIO(files.get(path, b"")))
    return gzip.compress(raw.getvalue(), 9, mtime=0)


def zipped(files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, time.gmtime(EPOCH)[:6])
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100000 | mode(path, files[path])) << 16
            archive.writestr(entry, files[path])
    return raw.getvalue()


def put(root, files):
    """Writes files below a folder, with the modes and times that packages have to keep."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode(path, content))
    for place in [*root.rglob("*"), root]:
        if place.is_dir():
            place.chmod(0o755)
        os.utime(place, (EPOCH, EPOCH))


def filled(name, words):
    text = (PACKAGE / name).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    if left := re.findall(r"@[A-Z]+@", text):
        raise SystemExit(f"{name}: nothing fills {left}")
    return text


def system(files, zsh, its_documents):
    """The files of a Linux package, from the root of the system."""
    found = {f"usr/{path}": content for path, content in files.items()}
    found[zsh] = found.pop(f"usr/{COMPLETIONS['zsh']}")
    for unit in ("ephaudit.service", "ephaudit.timer"):
        found[f"usr/lib/systemd/system/{unit}"] = its_documents[f"contrib/systemd/{unit}"]
    return found


def deb(files, architecture, version, out):
    files = files | {"usr/share/doc/ephaudit/copyright": (PACKAGE / "copyright").read_bytes()}
    sums = "".join(f"{hashlib.md5(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    size = sum(len(content) // 1024 + 1 for content in files.values())
    words = {"VERSION": version, "ARCHITECTURE": architecture, "SIZE": str(size)}
    control = {"DEBIAN/control": filled("control", words).encode(), "DEBIAN/md5sums": sums.encode()}
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch, "root")
        put(root, files | control)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root,
                        out / f"ephaudit_{version}_{architecture}.deb"], check=True, stdout=subprocess.DEVNULL)


def rpm(files, architecture, version, out):
    with tempfile.TemporaryDirectory() as scratch:
        top = pathlib.Path(scratch)
        put(top / "tree", files)
        own = [f"%dir /{folder}" for folder in folders(files) if "doc/ephaudit" in folder]
        listed = own + [f"%attr({mode(path, files[path]):o},root,root) /{path}" for path in sorted(files)]
        words = {"VERSION": version, "TREE": str(top / "tree"), "FILES": "\n".join(listed)}
        (top / "ephaudit.spec").write_text(filled("ephaudit.spec", words), encoding="utf-8")
        done = subprocess.run(["rpmbuild", "-bb", "--target", f"{architecture}-linux",
                               "--define", f"_topdir {top}/made", top / "ephaudit.spec"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise SystemExit(done.stdout)
        [made] = top.glob("made/RPMS/*/*.rpm")
        (out / made.name).write_bytes(made.read_bytes())


def main():
    target, binary, native, out = sys.argv[1:]
    out, content = pathlib.Path(out), pathlib.Path(binary).read_bytes()
    name = f"ephaudit-{VERSION}-{target}"
    bill = sbom.sbom(target, content, EPOCH).encode()
    (out / f"{name}.cdx.json").write_bytes(bill)
    its_documents = documents(target, bill)
    if "windows" in target:
        files = windows(content, native, its_documents)
        (out / f"{name}.zip").write_bytes(zipped({f"{name}/{path}": files[path] for path in files}))
        return
    files = unix(content, native, its_documents)
    (out / f"{name}.tar.gz").write_bytes(tar({f"{name}/{path}": files[path] for path in files}))
    # both order a release after its candidates by a tilde
    version = VERSION.replace("-", "~")
    facts = TARGETS[target]
    if facts.deb:
        deb(system(files, "usr/share/zsh/vendor-completions/_ephaudit", its_documents), facts.deb, version, out)
    if facts.rpm:
        rpm(system(files, f"usr/{COMPLETIONS['zsh']}", its_documents), facts.rpm, version, out)


main()
