"""What a release is made for. As a program it prints their names."""

from typing import NamedTuple


class Target(NamedTuple):
    """One of them, in the words of the notes."""

    system: str
    needs: str
    tried: str
    # the names of the processor in packages, where there are any
    deb: str = ""
    rpm: str = ""


STATIC = "nothing: it is static"
QEMU = "audits under qemu's user mode"
NOT_RUN = "nothing: **nobody ran it on its system**"
TARGETS = {
    "x86_64-unknown-linux-musl": Target(
        "Linux, x86-64", STATIC, "audits here and on a bare Debian", "amd64", "x86_64"),
    "aarch64-unknown-linux-musl": Target(
        "Linux, AArch64", STATIC, QEMU, "arm64", "aarch64"),
    "armv7-unknown-linux-musleabihf": Target(
        "Linux, ARMv7 with hardware floats", STATIC, QEMU, "armhf", "armv7hl"),
    "riscv64gc-unknown-linux-musl": Target(
        "Linux, RISC-V of 64 bits", STATIC, QEMU, "riscv64", "riscv64"),
    "x86_64-pc-windows-gnu": Target(
        "Windows, x86-64", "Windows 10 or later", "judges evidence under wine"),
    "x86_64-unknown-freebsd": Target(
        "FreeBSD, x86-64", "FreeBSD 14 or later", NOT_RUN),
    "x86_64-unknown-netbsd": Target(
        "NetBSD, x86-64", "NetBSD 10 or later", NOT_RUN),
    "aarch64-apple-darwin": Target(
        "macOS, Apple's processors", "macOS 11 or later", NOT_RUN),
    "x86_64-apple-darwin": Target(
        "macOS, Intel's processors", "macOS 11 or later", NOT_RUN),
}
# For these the program is linted, and there is no C library to link it with.
FROM_SOURCE = ["OpenBSD", "DragonFly BSD", "illumos"]

if __name__ == "__main__":
    print(*TARGETS, sep="\n")
