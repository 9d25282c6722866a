"""The behaviour of `patterns`: each record's pattern, and what is known of the patterns of its domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.base32 import received_ms
from collector.batch import LogBatch
from collector.columns.dictionary import Coded, encode, texts
from collector.component import Context, Erasure, Work
from collector.explanation import Explanation
from collector.levels import CRITICAL, INFO, LEVELS, TRACE, WARN
from processors.patterns.book import Book
from processors.patterns.config import PatternsConfig
from processors.patterns.entry import Entry
from processors.patterns.looking import Looking
from processors.patterns.masks import pattern_id
from processors.patterns.subjects import Subjects, firsts
from processors.patterns.tallies import NONE
from processors.patterns.telling import KIND, described, tell

ID = "logboom.pattern.id"
TEMPLATE = "logboom.pattern.template"
_LEVEL = "logboom.triage.level"
_DOMAINS = 64
"""Whose patterns stay in memory."""
_AHEAD = 60_000_000_000
_RECORDS_A_LOOK = 64
_SNAPSHOTS = 100

Places = npt.NDArray[np.int64]


class _Rows(NamedTuple):
    """Records of one domain: their places in the batch, and for each its key's place, level and time."""

    places: Places
    codes: Places
    levels: Places
    times: Places


class Patterns:
    """Sets `logboom.pattern.id` and `.template`; records are neither dropped nor reordered. What says nothing has no pattern."""

    def __init__(self, config: PatternsConfig, context: Context) -> None:
        self._context = context
        self._config = config
        self._subjects = Subjects()
        self._books: dict[str, Book] = {}

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch with its patterns."""
        if not len(batch):
            return batch
        lines, subjects, keys = self._subjects.of(batch)
        named = np.array([*(key != "" for key in keys), False])[subjects.codes]
        domains = encode(batch.column("domain"))
        levels, times = _levels(batch), _times(batch)
        found = Found(len(batch))
        for code, domain in enumerate([*domains.values.to_pylist(), ""]):
            of_domain = domains.codes == (code if code < len(domains.values) else -1)
            places = np.flatnonzero(named & of_domain)
            if places.size:
                rows = _Rows(places, subjects.codes[places].astype(np.int64), levels[places], times[places])
                self._of_domain(domain, rows, keys, Looking(batch, lines), found, work)
        return batch.with_attributes(found.columns(template=self._config.template))

    def _of_domain(self, domain: str, rows: _Rows, keys: list[str], looking: Looking, found: Found, work: Work) -> None:
        book, state = self._book(domain), work.state(domain)
        book.open(state)
        used = np.flatnonzero(np.bincount(rows.codes))
        of_key = np.full(int(used[-1]) + 1, -1, dtype=np.int64)
        asked = [keys[code] for code in used.tolist()]
        now = int(rows.times.max())
        of_key[used] = book.slots_of(asked, len(rows.places), now, state.excess_bytes)
        slots = of_key[rows.codes]
        patterns, dense = book.add(slots, rows.levels, rows.times)
        first = np.empty(len(patterns), dtype=np.int64)
        first[dense[::-1]] = rows.places[::-1]
        book.absorb(patterns, 4 + len(slots) // _RECORDS_A_LOOK)
        looking.look(book, patterns, first.tolist(), 1 + len(slots) // (4 * _RECORDS_A_LOOK))
        found.put(rows.places, dense, [pattern.standing for pattern in patterns])
        tell(book, patterns, first.tolist(), now, received_ms(looking.last_id), work)
        book.save(state)

    def republish(self, domain: str, after: bytes, work: Work) -> bytes | None:
        """Some hundred patterns, by slot."""
        book = self._book(domain)
        book.open(work.state(domain))
        begin = int(after) if after else -1
        slots = [slot for slot in sorted(book.learning.entries) if slot > begin]
        if slots:
            work.emit(KIND, described(book, [book.learning.entries[slot] for slot in slots[:_SNAPSHOTS]]))
        return b"%d" % slots[_SNAPSHOTS - 1] if len(slots) > _SNAPSHOTS else None

    def forget(self, erasure: Erasure, work: Work) -> int:
        """Examples, values in the places of wildcards; a pattern whose text holds the person's value goes."""
        self._books.pop(erasure.domain, None)
        if erasure.subject is None:
            return 0
        return self._book(erasure.domain).forget(work.state(erasure.domain), erasure.subject, erasure.counts_only)

    def explain(self, batch: LogBatch) -> list[Explanation]:
        """What the pattern of a batch of one record is found in, before it was seen to be part of another."""
        keys = self._subjects.of(batch)[2]
        return [
            Explanation(
                ID,
                pattern_id(one.masked),
                f"first seen as this {one.source}",
                decides=True,
                details={"template": one.masked},
            )
            for one in firsts([key for key in keys if key])
        ]

    def _book(self, domain: str) -> Book:
        """The one of a domain; those that were not used for longest are read again when they are needed."""
        book = self._books.pop(domain, None) or Book()
        if len(self._books) >= _DOMAINS:
            del self._books[next(iter(self._books))]
        self._books[domain] = book
        return book


class Found:
    """The patterns of the records of a batch, domain by domain."""

    def __init__(self, records: int) -> None:
        self._codes = np.full(records, -1, dtype=np.int32)
        self._patterns: list[Entry] = []

    def put(self, places: Places, dense: Places, patterns: Sequence[Entry]) -> None:
        """Which of these patterns the records at these places have."""
        self._codes[places] = dense + len(self._patterns)
        self._patterns += patterns

    def columns(self, *, template: bool) -> dict[str, pl.Series]:
        """The attributes."""
        columns = {ID: Coded(self._codes, texts([pattern.id for pattern in self._patterns])).column()}
        if template:
            written = texts([pattern.template for pattern in self._patterns])
            columns[TEMPLATE] = Coded(self._codes, written).column()
        return columns


def _levels(batch: LogBatch) -> Places:
    """Of each record the place of its level; without triage that of its severity."""
    coded = encode(batch.attribute(_LEVEL))
    if not len(coded.values):
        number = batch.column("severity_number").to_numpy()
        return np.select([number >= CRITICAL, number >= WARN, (number >= INFO) | (number < TRACE)], [0, 1, 2], 3)
    places = [LEVELS.index(level) if level in LEVELS else NONE for level in coded.values.to_pylist()]
    return np.array([*places, NONE], dtype=np.int64)[coded.codes]


def _times(batch: LogBatch) -> Places:
    """When each record happened, else when it was observed; at most a minute behind the receipt of the last one."""
    sent, observed = (batch.column(name).to_numpy() for name in ("time_unix_nano", "observed_time_unix_nano"))
    latest = received_ms(str(batch.column("record_id")[-1] or "")) * 1_000_000 + _AHEAD
    times = np.where(sent > 0, sent, observed)
    return np.minimum(times, latest if latest > _AHEAD else (1 << 63) - 1).astype(np.int64)
