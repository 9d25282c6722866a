"""Archived records that a query takes, the newest first, within a budget: hour by hour backwards, and the answer says how far it got.

What a query's mask takes of an hour goes into a store of its own, in a folder that goes with the answer, and is read from there as from any store: so
the rows are those that the store had, column for column.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from collector.archive.catalog import Listed
from collector.archive.names import HOUR_NS
from collector.archive.reading import Archive, within
from collector.archive.rewriting import tables
from collector.archive.writing import ArchiveError
from collector.documents.facts import happened
from collector.query.searching import Found, Place, Wanted
from collector.query.searching import search as search_store
from collector.store.embedded import EmbeddedStore
from collector.store.reading import opened
from collector.store.rows import Limits, rows

_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Budget:
    """What one answer may cost; 0: whatever it takes. One hour is searched whatever it costs, so who goes on comes to an end."""

    secs: float = 0.0
    most_bytes: int = 0


@dataclass(slots=True)
class Searched:
    """A page of an archive.

    Args:
        found: as of a store; `complete` only where nothing was damaged.
        objects, read_bytes: what was read for it.
        damaged: a sentence for each object that could not be read; the rest was searched.
    """

    found: Found
    objects: int = 0
    read_bytes: int = 0
    damaged: list[str] = field(default_factory=list)


def search_archive(archive: Archive, wanted: Wanted, budget: Budget, folder: Path | None = None) -> Searched:
    """One page.

    Args:
        folder: where a file with what is found may stand meanwhile; None: where temporary files are.

    Raises:
        TargetError: the storage can't be asked.
    """
    with TemporaryDirectory(dir=folder, prefix="searched-") as scratch:
        store = EmbeddedStore(Path(scratch) / "store.db", indexes=())
        try:
            store.open()
            searched = _Search(archive, wanted, budget, store).run()
        finally:
            store.close()
        with opened(store.path, wanted.scope) as connection:
            page = search_store(connection, wanted)
    searched.found.rows = page.rows
    if page.next is not None:
        return replace(searched, found=page)
    return searched


class _Search:
    """Of one page: fills a store with what may be on it."""

    def __init__(self, archive: Archive, wanted: Wanted, budget: Budget, store: EmbeddedStore) -> None:
        self._archive = archive
        self._wanted = wanted
        self._budget = budget
        self._store = store
        self._until = min(wanted.until, wanted.before.time_unix_nano + 1) if wanted.before else wanted.until
        self._deadline = time.monotonic() + budget.secs if budget.secs else float("inf")
        self._there = 0
        self._searched = Searched(Found(self._until))

    def run(self) -> Searched:
        found = self._searched.found
        for hour, listed in self._hours():
            if self._spent():
                return self._searched
            for each in listed:
                self._read(each)
            found.searched_to = max(self._wanted.since, hour * HOUR_NS)
            if self._there > self._wanted.limit:
                return self._searched
        found.searched_to = min(found.searched_to, self._wanted.since)
        found.complete = not self._searched.damaged
        return self._searched

    def _spent(self) -> bool:
        """Whether to stop in front of the next hour."""
        seen, most = self._searched.read_bytes, self._budget.most_bytes
        return seen > 0 and (time.monotonic() > self._deadline or bool(most and seen >= most))

    def _hours(self) -> Iterator[tuple[int, Sequence[Listed]]]:
        """The hours that have objects, the newest first; listed a day at a time, and only days that some domain has."""
        first, last = self._wanted.since // HOUR_NS, (self._until - 1) // HOUR_NS
        domains = [name for name in self._archive.domains() if name in self._wanted.scope]
        for day in sorted({day for name in domains for day in self._archive.days(name)}, reverse=True):
            low, high = max(first, day * _DAY_HOURS), min(last, day * _DAY_HOURS + _DAY_HOURS - 1)
            by_hour: dict[int, list[Listed]] = {}
            for name in domains if low <= high else ():
                for listed in self._archive.catalog.objects(name, low, high):
                    by_hour.setdefault(listed.name.place.hour, []).append(listed)
            yield from sorted(by_hour.items(), reverse=True)

    def _read(self, listed: Listed) -> None:
        self._searched.objects += 1
        self._searched.read_bytes += listed.size
        try:
            for table in tables(self._archive.catalog, listed):
                self._take(self._of_place(table, listed))
        except ArchiveError as error:
            self._searched.damaged.append(str(error))

    def _of_place(self, table: pa.Table, listed: Listed) -> pa.Table:
        """What is asked for by time, and of the domain that the object's name says."""
        own = table.filter(pc.equal(table.column("domain"), listed.name.place.domain))
        return within(own, self._wanted.since, self._until)

    def _take(self, table: pa.Table) -> None:
        """Of a piece so many of the newest as a page can need."""
        if not table.num_rows:
            return
        batch = self._archive.opened(table)
        keep = self._wanted.query.mask(batch) & _behind(happened(batch), batch.column("record_id"), self._wanted.before)
        if not self._wanted.events and batch.generation is not None:
            keep &= batch.generation == 0
        taken = batch.filter(keep)
        frame = rows(taken, Limits())
        newest = frame.sort("time_unix_nano", "record_id", descending=True).head(self._wanted.limit + 1)
        if newest.height:
            self._there += self._store.insert(newest)


def _behind(times: pl.Series, ids: pl.Series, before: Place | None) -> pl.Series:
    if before is None:
        return pl.repeat(True, len(times), dtype=pl.Boolean, eager=True)
    return (times < before.time_unix_nano) | ((times == before.time_unix_nano) & (ids < before.record_id))
