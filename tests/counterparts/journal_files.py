"""Real journal files: written by systemd-journal-remote from Debian's package, read by the journalctl that is here."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from counterparts import debian_packages

BOOT, MACHINE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
BEGAN_US = 1_700_000_000_000_000
_SECS = 60


def journalctl() -> str:
    """Where it is; a test is skipped where there is none, in CI it fails."""
    path = shutil.which("journalctl")
    if path is None:
        assert not os.environ.get("CI"), "there is no journalctl"
        pytest.skip("there is no journalctl")
    return path


def entry(number: int, *, boot: str = BOOT, **fields: str | bytes) -> dict[str, str | bytes]:
    """One of many: each has a time of its own, and a message that names it unless another one is given."""
    return {
        "__REALTIME_TIMESTAMP": str(BEGAN_US + number * 1000), "__MONOTONIC_TIMESTAMP": str(1000 + number), "_BOOT_ID": boot,
        "_MACHINE_ID": MACHINE, "PRIORITY": "6", "MESSAGE": f"message {number}", **fields,
    }  # fmt: skip


def exported(entries: Iterable[Mapping[str, str | bytes]]) -> bytes:
    """In the export format: what is no plain line has its length in front."""
    written: list[bytes] = []
    for each in entries:
        for name, value in each.items():
            data = value.encode() if isinstance(value, str) else value
            plain = b"\n" not in data and data.isascii()
            written += (name.encode(), b"=" if plain else b"\n" + struct.pack("<Q", len(data)), data, b"\n")
        written.append(b"\n")
    return b"".join(written)


def write(file: Path, entries: Iterable[Mapping[str, str | bytes]]) -> None:
    """Append to a journal file, which is made."""
    root = debian_packages.installed("journal", "systemd-journal-remote", "libsystemd-shared")
    program = root / "lib/systemd/systemd-journal-remote"
    program = program if program.exists() else root / "usr/lib/systemd/systemd-journal-remote"
    subprocess.run(
        [program, f"--output={file}", "-"], input=exported(entries), check=True, capture_output=True, timeout=_SECS,
        env=debian_packages.environment(root),
    )  # fmt: skip
