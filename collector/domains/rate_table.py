"""Rates that several processes share: one small file, mapped by each of them.

    limits.bin    header (magic, boot id) ► groups of 8 rows ► row: name, one moment for each unit

A moment is the theoretical arrival time of GCRA (ITU-T I.371): what was taken so far is paid for until then. A row whose moments are
past says the same as no row, so it may be taken by another name. The rows of a group are locked for a few microseconds
(`fcntl.lockf`, which the kernel lets go with a process that dies; POSIX locks know no threads, so a lock for these stands before it).
Moments are of CLOCK_MONOTONIC; another boot id begins anew.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import xxhash

log = logging.getLogger("logboom.limits")

FILE = "limits.bin"
UNITS = ("requests", "bytes", "records")
_MAGIC = b"lblimit1"
_HEADER = 64
_GROUPS, _ROWS = 2048, 8
_ROW = struct.Struct("<16s3Q")
_NAME_BYTES, _MOMENTS = 16, struct.Struct("<3Q")
_GROUP_BYTES = _ROW.size * _ROWS
_SIZE = _HEADER + _GROUPS * _GROUP_BYTES
_FARTHEST_NANOS = 24 * 3600 * 1_000_000_000
"""No moment is farther ahead: whatever was borrowed, a day later it is paid."""


class Cost(NamedTuple):
    """What something costs in one unit (a position in `UNITS`): the time that pays for it, and how far ahead one may be."""

    unit: int
    nanos: int
    burst_nanos: int


class TooFast(NamedTuple):
    """Nothing was taken; in `wait_nanos` something may be."""

    unit: int
    wait_nanos: int


class RateTable:
    """One process's view of the file. Safe from any thread.

    Args:
        path: of the file; it is made, 0600. Where it can't be, the rates are those of this process alone, and the log says so.
    """

    def __init__(self, path: Path, boot_id: str = "") -> None:
        self._lock = threading.Lock()
        self._file = -1
        try:
            self._file, self._map = _mapped(path, boot_id or _boot_id())
        except OSError as error:
            log.error("%s: %s: limits count each process for itself", path, error.strerror or error)
            self._map = mmap.mmap(-1, _SIZE)

    def take(self, name: bytes, costs: Sequence[Cost]) -> TooFast | None:
        """Take all of it, or nothing. Something is let in while its unit is not ahead by more than the burst *before* it, however
        large it is: else what is larger than the burst would be refused for ever.

        Args:
            name: 16 bytes, see `name_of`.
        """
        now = time.monotonic_ns()
        with self._lock:
            group = self._locked(name)
            try:
                at, moments = self._row(group, name, now)
                for unit, _, burst in costs:
                    ahead = moments[unit] - now - burst
                    if ahead > 0:
                        return TooFast(unit, ahead)
                for unit, nanos, _ in costs:
                    moments[unit] = min(max(moments[unit], now) + nanos, now + _FARTHEST_NANOS)
                _ROW.pack_into(self._map, at, name, *moments)
            finally:
                self._unlock(group)
        return None

    def give_back(self, name: bytes, costs: Sequence[Cost]) -> None:
        """What was taken was not used."""
        now = time.monotonic_ns()
        with self._lock:
            group = self._locked(name)
            try:
                at, moments = self._row(group, name, now)
                for unit, nanos, _ in costs:
                    moments[unit] = max(0, moments[unit] - nanos)
                _ROW.pack_into(self._map, at, name, *moments)
            finally:
                self._unlock(group)

    def ahead(self, name: bytes) -> Sequence[float]:
        """For each unit, how many seconds what was taken is ahead of the rate; 0 = a whole burst is free."""
        now = time.monotonic_ns()
        start = _start_of(name)
        for at in range(start, start + _GROUP_BYTES, _ROW.size):
            row = _ROW.unpack_from(self._map, at)
            if row[0] == name:
                return [max(0, moment - now) / 1e9 for moment in row[1:]]
        return [0.0] * len(UNITS)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._map.close()
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _locked(self, name: bytes) -> int:
        start = _start_of(name)
        if self._file >= 0:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _GROUP_BYTES, start)
        return start

    def _unlock(self, start: int) -> None:
        if self._file >= 0:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _GROUP_BYTES, start)

    def _row(self, start: int, name: bytes, now: int) -> tuple[int, list[int]]:
        """Where the name's row is, or may be, and its moments: of others, the one that is the least ahead gives way."""
        at = self._map.find(name, start, start + _GROUP_BYTES)
        if at >= 0 and (at - start) % _ROW.size == 0:
            return at, list(_MOMENTS.unpack_from(self._map, at + _NAME_BYTES))
        least, chosen = 1 << 64, start
        for at in range(start, start + _GROUP_BYTES, _ROW.size):
            row = _ROW.unpack_from(self._map, at)
            if row[0] == name:
                return at, list(row[1:])
            latest = max(row[1:])
            if latest < least:
                least, chosen = latest, at
        return chosen, [now] * len(UNITS)


def name_of(kind: str, *parts: str) -> bytes:
    """The name of a row."""
    return xxhash.xxh3_128_digest("\0".join((kind, *parts)).encode(errors="replace"))


def _start_of(name: bytes) -> int:
    return _HEADER + int.from_bytes(name[:4], "little") % _GROUPS * _GROUP_BYTES


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _mapped(path: Path, boot_id: str) -> tuple[int, mmap.mmap]:
    """Descriptor and map. The file has its blocks, so that writing to the map can't fail."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX, _HEADER, 0)
        os.posix_fallocate(file, 0, _SIZE)
        mapped = mmap.mmap(file, _SIZE)
        head = (_MAGIC + boot_id.encode()).ljust(_HEADER, b"\0")[:_HEADER]
        if mapped[:_HEADER] != head:
            mapped[:] = head + bytes(_SIZE - _HEADER)
        fcntl.lockf(file, fcntl.LOCK_UN, _HEADER, 0)
    except BaseException:
        os.close(file)
        raise
    return file, mapped
