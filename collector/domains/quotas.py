"""How much a domain may send in a day (UTC): the rules, and what each ingest process has taken of it.

    quotas/<slot>    one small file for each ingest process, written by it and mapped by all: row: domain, day, totals of its journal
                     when the day began, records and bytes taken since

The journal's own totals, which commit with each entry, are the truth: a process that starts sets what it took to the difference
between them and those of the day's beginning, so a death between admission and commit counts nothing.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import xxhash

log = logging.getLogger("logboom.limits")

FOLDER = "quotas"
UNITS = ("records", "bytes")
OnQuota = Literal["refuse", "keep_severe", "sample"]
_ROW = struct.Struct("<16s5Q")
_ROWS = 4096
_SIZE = _ROWS * _ROW.size


class Taken(NamedTuple):
    """Records and bytes."""

    records: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class QuotaRules:
    """As configured under `service.domains.quotas`; 0 = no quota.

    Args:
        per_day: unit of `UNITS` → so much a day, of each domain.
        on_quota: what becomes of what is above it: all is refused, or all but requests that hold a warning or worse, or one request
            of `one_in` is taken.
        overrides: domain → quotas that stand in place of `per_day`, unit by unit.
    """

    per_day: Mapping[str, int] = field(default_factory=dict)
    on_quota: OnQuota = "refuse"
    one_in: int = 10
    overrides: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is a quota."""
        return bool(self.per_day or self.overrides)

    def of_domain(self, domain: str) -> Mapping[str, int]:
        """What counts for a domain."""
        return {unit: most for unit, most in {**self.per_day, **self.overrides.get(domain, {})}.items() if most}


class _Row(NamedTuple):
    domain: bytes
    day: int
    first_records: int
    first_bytes: int
    records: int
    bytes: int


class QuotaFile:
    """What one slot has taken. The slot's process alone writes; a look at a row is one copy of its bytes.

    Args:
        path: of the file. Where it can't be made, what was taken is known as long as the process lives, and the log says so.
    """

    def __init__(self, path: Path, write: bool = False) -> None:
        self._at: dict[bytes, int] = {}
        self._known = 0
        try:
            self._map = _mapped(path, write)
        except OSError as error:
            if not write:
                raise
            log.error("%s: %s: quotas count anew with each start", path, error.strerror or error)
            self._map = mmap.mmap(-1, _SIZE)

    def row(self, domain: bytes) -> _Row:
        """The domain's row; all 0 without one."""
        at = self._place(domain)
        return _Row(*_ROW.unpack_from(self._map, at)) if at is not None else _Row(domain, 0, 0, 0, 0, 0)

    def put(self, row: _Row) -> None:
        """Write a row; of more domains than there is room for, those that came last have no quota."""
        at = self._place(row.domain)
        if at is None:
            if self._known == _ROWS:
                return
            at = self._known * _ROW.size
            self._known += 1
            self._at[row.domain] = at
        _ROW.pack_into(self._map, at, *row)

    def _place(self, domain: bytes) -> int | None:
        """Where its row is; rows are only added."""
        while domain not in self._at and self._known < _ROWS:
            at = self._known * _ROW.size
            found = bytes(self._map[at : at + 16])
            if not any(found):
                return None
            self._at[found] = at
            self._known += 1
        return self._at.get(domain)

    def names(self) -> frozenset[bytes]:
        """Of all rows."""
        self._place(b"")
        return frozenset(self._at)


class QuotaBook:
    """What all processes have taken today, as one of them sees it. Safe from any thread.

    Args:
        folder: of the files.
        slot, slots: of this process, and how many there are.
    """

    def __init__(self, folder: Path, slot: int, slots: int) -> None:
        self._lock = threading.Lock()
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            log.error("%s: %s", folder, error.strerror or error)
        self._own = QuotaFile(folder / str(slot), write=True)
        self._others: dict[int, QuotaFile | None] = {other: None for other in range(slots) if other != slot}
        self._totals: Mapping[str, tuple[int, int]] = {}
        self._waiting: dict[bytes, Taken] | None = {}  # what is let in before the journal is open; None afterwards
        self._begun: set[bytes] = set()  # rows whose day began meanwhile, when the journal's totals were not known

    def connect(self, totals: Mapping[str, tuple[int, int]], day: int) -> None:
        """The journal is open, and took `totals` (domain → records, bytes) since it was made, without what waits for it: that and
        no more is what this slot took."""
        with self._lock:
            waiting, self._waiting, self._totals = self._waiting or {}, None, totals
            by_name = {_name(domain): Taken(*total) for domain, total in totals.items()}
            for name in by_name.keys() | self._own.names():
                row, total, more = self._own.row(name), by_name.get(name, Taken()), waiting.get(name, Taken())
                if (
                    name in self._begun
                    or row.day < day
                    or row.first_records > total.records
                    or row.first_bytes > total.bytes
                ):
                    row = _Row(name, max(day, row.day), total.records, total.bytes, 0, 0)
                records, size = total.records - row.first_records, total.bytes - row.first_bytes
                self._own.put(row._replace(records=records + more.records, bytes=size + more.bytes))

    def taken(self, domain: str, day: int) -> Taken:
        """Today, by all processes."""
        name = _name(domain)
        with self._lock:
            rows = [self._own.row(name), *(each.row(name) for each in self._readable())]
        today = max(day, *(row.day for row in rows))
        of_today = [row for row in rows if row.day == today]
        return Taken(sum(row.records for row in of_today), sum(row.bytes for row in of_today))

    def take(self, domain: str, day: int, records: int, size: int) -> None:
        """So much more; negative: it was not used after all."""
        name = _name(domain)
        with self._lock:
            row = self._own.row(name)
            if self._waiting is not None:
                waiting = self._waiting.get(name, Taken())
                self._waiting[name] = Taken(waiting.records + records, waiting.bytes + size)
            if day > row.day:
                if self._waiting is not None:
                    self._begun.add(name)
                first = self._first(domain, row)
                row = _Row(name, day, first.records, first.bytes, 0, 0)
            self._own.put(row._replace(records=max(0, row.records + records), bytes=max(0, row.bytes + size)))

    def _first(self, domain: str, row: _Row) -> Taken:
        """The journal's totals as a new day begins: those of the last one's beginning, and what came since."""
        if row.day:
            return Taken(row.first_records + row.records, row.first_bytes + row.bytes)
        return Taken(*self._totals.get(domain, (0, 0)))

    def _readable(self) -> Sequence[QuotaFile]:
        for slot, file in self._others.items():
            if file is None and (self._folder / str(slot)).exists():
                try:
                    self._others[slot] = QuotaFile(self._folder / str(slot))
                except (OSError, ValueError):
                    continue
        return [file for file in self._others.values() if file is not None]


def taken_today(folder: Path, domain: str, day: int) -> Taken:
    """What all processes took, for whoever looks from outside."""
    rows = []
    for path in folder.glob("*") if folder.is_dir() else ():
        try:
            rows.append(QuotaFile(path).row(_name(domain)))
        except (OSError, ValueError):
            continue
    of_today = [row for row in rows if row.day == day]
    return Taken(sum(row.records for row in of_today), sum(row.bytes for row in of_today))


def _name(domain: str) -> bytes:
    return xxhash.xxh3_128_digest(domain.encode(errors="replace"))


def _mapped(path: Path, write: bool) -> mmap.mmap:
    """The whole file; it has its blocks, so that writing to the map can't fail."""
    file = os.open(path, (os.O_RDWR | os.O_CREAT if write else os.O_RDONLY) | os.O_CLOEXEC, 0o600)
    try:
        if write:
            os.posix_fallocate(file, 0, _SIZE)
        return mmap.mmap(file, _SIZE, access=mmap.ACCESS_WRITE if write else mmap.ACCESS_READ)
    finally:
        os.close(file)
