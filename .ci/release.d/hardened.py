"""What the kernel and the loader can do to keep a program from being turned against its user is not
switched off in it: hardened.py TARGET BINARY"""

import hashlib
import pathlib
import re
import struct
import subprocess
import sys


def elf(target, path):
    """Any address, nothing writable that is executed, nothing writable that is not variable."""
    text = subprocess.run(["readelf", "--wide", "--file-header", "--segments", "--dynamic", path],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    segments = re.findall(r"(?m)^  (\w+) +(?:0x\w+ +){5}([RWE ]{3}) ", text)
    kinds = dict(segments)
    yield "its place is fixed (no PIE)", re.search(r"Type: +DYN", text)
    yield "a segment is writable and executed", not any("W" in flags and "E" in flags for _, flags in segments)
    yield "the stack is executed, or nothing says that it is not", "E" not in kinds.get("GNU_STACK", "E")
    # zig's linker makes none for NetBSD
    yield "no RELRO", "GNU_RELRO" in kinds or target.endswith("-netbsd")
    yield "symbols are bound when they are called", re.search(r"BIND_NOW|FLAGS_1.*NOW", text)
    yield "code is relocated", "(TEXTREL)" not in text
    yield "libraries are looked for in places of its own", not re.search(r"\((RPATH|RUNPATH)\)", text)
    if "-musl" in target:
        yield "it is not static", "INTERP" not in kinds and "(NEEDED)" not in text


def pe(_target, path):
    """The flags of the optional header."""
    content = pathlib.Path(path).read_bytes()
    [header] = struct.unpack_from("<I", content, 0x3C)
    [flags] = struct.unpack_from("<H", content, header + 24 + 70)
    yield "it is no PE of 64 bits", content[header:header + 4] == b"PE\0\0" and content[header + 24:header + 26] == b"\x0b\x02"
    yield "its place is fixed (DYNAMIC_BASE)", flags & 0x40
    yield "its place is of 32 bits (HIGH_ENTROPY_VA)", flags & 0x20
    yield "its data is executed (NX_COMPAT)", flags & 0x100


def signed(content, at):
    """Whether every page is the one that the signature at this place has the sum of."""
    _, _, count = struct.unpack_from(">3I", content, at)
    blobs = [at + struct.unpack_from(">2I", content, at + 12 + 8 * index)[1] for index in range(count)]
    [directory] = [blob for blob in blobs if content[blob:blob + 4] == b"\xfa\xde\x0c\x02"]
    sums, pages, limit = struct.unpack_from(">I8x2I", content, directory + 16)
    size, kind, _, page = struct.unpack_from("4B", content, directory + 36)
    told = [content[directory + sums + size * index:][:size] for index in range(pages)]
    found = [hashlib.sha256(content[start:min(start + (1 << page), limit)]).digest()
             for start in range(0, limit, 1 << page)]
    return kind == 2 and told == found and limit == at


def mach_o(target, path):
    """The flags of the header, and the signature that Apple's processors ask for."""
    content = pathlib.Path(path).read_bytes()
    magic, _, _, kind, commands, _, flags, _ = struct.unpack_from("<8I", content)
    at, signature = 32, None
    for _ in range(commands):
        command, length, offset = struct.unpack_from("<3I", content, at)
        signature = offset if command == 0x1D else signature
        at += length
    yield "it is no Mach-O program of 64 bits", (magic, kind) == (0xFEEDFACF, 2)
    yield "its place is fixed (no PIE)", flags & 0x200000
    yield "its stack is executed", not flags & 0x20000
    # on Intel's processors the linker leaves it out
    yield "its signature is not of its pages", signed(content, signature) if signature else "x86_64" in target


def main():
    target, path = sys.argv[1:]
    look = pe if "windows" in target else mach_o if "apple" in target else elf
    wrong = [what for what, right in look(target, path) if not right]
    for what in wrong:
        print(f"{path}: {what}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
