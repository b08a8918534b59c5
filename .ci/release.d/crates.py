"""What is linked into the program of a target: crates, the standard library, and C's runtime."""

import functools
import json
import os
import pathlib
import re
import subprocess
import tomllib
from typing import NamedTuple

# Where .ci/std builds the standard library of all targets from.
LIBRARY = pathlib.Path("/usr/lib/rustlib/src/rust/library")


class Crate(NamedTuple):
    """A crate of a registry, or of this workspace, which has no folder and no sum here."""

    name: str
    version: str
    licence: str
    authors: tuple
    folder: pathlib.Path | None
    sha256: str | None

    @property
    def purl(self):
        return f"pkg:cargo/{self.name}@{self.version}"


class Runtime(NamedTuple):
    """What is linked beside crates, and the files that say on which terms."""

    name: str
    version: str
    purl: str
    notices: tuple
    # whose copyright it is, where MIT is offered without a text
    authors: str = ""


def printed(*command):
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1"}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def cargo(command, manifest, *arguments):
    return printed(os.environ["CARGO"], command, "--locked", "--manifest-path", str(manifest), *arguments)


def expression(licence):
    """`/` is the old way to write OR."""
    return re.sub(r"\s*/\s*", " OR ", licence or "")


@functools.cache
def all_crates(manifest):
    """Every crate that Cargo.lock names, by name and version."""
    lock = manifest.parent / "Cargo.lock"
    if not lock.exists():
        lock = manifest.parent.parent / "Cargo.lock"
    sums = {(p["name"], p["version"]): p.get("checksum")
            for p in tomllib.loads(lock.read_text())["package"]}
    found = {}
    for p in json.loads(cargo("metadata", manifest, "--format-version", "1"))["packages"]:
        folder = pathlib.Path(p["manifest_path"]).parent if p["source"] else None
        found[p["name"], p["version"]] = Crate(
            p["name"], p["version"], expression(p["license"]), tuple(p["authors"]), folder,
            sums[p["name"], p["version"]])
    return found


def linked(target, manifest=pathlib.Path("Cargo.toml"), package="ephaudit"):
    """The crates that are linked, each with those it needs itself. The first is the package."""
    tree = cargo("tree", manifest, "--package", package, "--target", target, "--edges",
                 "normal,no-proc-macro", "--prefix", "depth", "--no-dedupe", "--format", " {p}")
    crates = all_crates(manifest)
    found, above = {}, []
    for line in tree.splitlines():
        depth, name, version, *_ = line.split()
        crate = crates[name, version.removeprefix("v")]
        del above[int(depth):]
        if above:
            found[above[-1]].add(crate)
        above.append(crate)
        found.setdefault(crate, set())
    return found


def standard(target):
    """The foreign crates that the standard library is made with."""
    found = linked(target, LIBRARY / "sysroot/Cargo.toml", "sysroot")
    reached, ahead = set(), [crate for crate in found if crate.name == "std"]
    while ahead:
        crate = ahead.pop()
        ahead += found[crate] - reached
        reached.add(crate)
    return sorted(crate for crate in reached if crate.folder)


def debian(package):
    return printed("dpkg-query", "--show", "--showformat", "${Version}", package)


def runtimes(target):
    """The standard library, and what zig or mingw link of C's."""
    version = debian("rust-web-src")
    rust = Runtime("Rust's standard library", version, f"pkg:deb/debian/rust-web-src@{version}",
                   (LIBRARY.parent / "COPYRIGHT",), "The Rust Project Contributors")
    if target.endswith("-windows-gnu"):
        version = debian("mingw-w64-x86-64-dev")
        documents = pathlib.Path("/usr/share/doc")
        notices = [documents / package / "copyright"
                   for package in ("mingw-w64-x86-64-dev", "gcc-mingw-w64-base")]
        return [rust, Runtime("mingw-w64 with GCC's runtime", version,
                              f"pkg:deb/debian/mingw-w64-x86-64-dev@{version}", tuple(notices))]
    zig = pathlib.Path(os.environ["ZIG"]).parent
    version = printed(os.environ["ZIG"], "version").strip()
    notices = [zig / "LICENSE", zig / "lib/libunwind/LICENSE.TXT"]
    notices += [zig / "lib/libc" / name / "COPYRIGHT" for name in ("musl", "freebsd") if name in target]
    return [rust, Runtime("zig's C runtime", version, f"pkg:pypi/ziglang@{version}", tuple(notices))]
