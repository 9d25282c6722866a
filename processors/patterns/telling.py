"""Events about patterns: `logboom.pattern.changed` describes one whole, as the table `patterns` shows it.

Told is what is new, what became part of another, and what has ten times as many records as when it was told last, or any after six hours.
Exact counts over time stand in `pattern_minutes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.component import Work
from collector.levels import LEVELS
from processors.patterns.book import Book
from processors.patterns.entry import Entry
from processors.patterns.tallies import ALL, FIRST, LAST, NONE

KIND = "logboom.pattern.changed"
AT_ONCE = 200
"""Told with one batch at most; the rest with the next ones."""
_AGAIN = 6 * 3_600_000_000_000
_INFO = 9


def is_due(entry: Entry, count: int, now_unix_nano: int) -> bool:
    """Whether stores should be told of a pattern that has so many records."""
    return count >= 10 * entry.told or (count > entry.told and now_unix_nano - entry.told_at >= _AGAIN)


def tell(book: Book, patterns: Sequence[Entry], first: Sequence[int], now: int, received: int, work: Work) -> None:
    """What changed with a batch.

    Args:
        patterns: those of the batch, and `first` for each the place of a record that has it.
        now: event time, `received` that of receipt, in ms.
    """
    places = {pattern.standing.slot: place for pattern, place in zip(patterns, first, strict=True)}
    numbers = {slot: book.numbers.count(slot) for slot in places}
    due = [slot for slot, n in numbers.items() if is_due(book.learning.entries[slot], n, now)][:AT_ONCE]
    for slot in due:
        entry = book.learning.entries[slot]
        entry.told, entry.told_at, entry.version = numbers[slot], now, max(entry.version + 1, received)
        book.touch(entry)
    if due:
        told = described(book, [book.learning.entries[slot] for slot in due])
        work.emit(KIND, told, parents=_parents([places[slot] for slot in due]))
    gone = [entry for entry in book.merged if entry.version]
    if gone:
        parents = [places.get(entry.standing.slot, first[0]) for entry in gone]
        versions = [max(entry.version + 1, received) for entry in gone]
        work.emit(KIND, merged(gone, [now] * len(gone), versions), parents=_parents(parents), rule="merged")


def _parents(places: Sequence[int]) -> pl.Series:
    return pl.Series(places, dtype=pl.UInt32)


def described(book: Book, patterns: Sequence[Entry]) -> LogBatch:
    """The patterns, a record each."""
    rows = [(entry, book.numbers.of(entry.slot)) for entry in patterns]
    attributes: dict[str, Sequence[object]] = {
        "logboom.pattern.id": [entry.id for entry, _ in rows],
        "logboom.pattern.template": [entry.template for entry, _ in rows],
        "logboom.pattern.source": [entry.source for entry, _ in rows],
        "service.name": [entry.service or None for entry, _ in rows],
        "logboom.component": [entry.component or None for entry, _ in rows],
        "logboom.triage.level": [_level(row) for _, row in rows],
        "logboom.pattern.count": [row[ALL] for _, row in rows],
        "logboom.pattern.first_seen": [row[FIRST] for _, row in rows],
        "logboom.pattern.last_seen": [row[LAST] for _, row in rows],
        "logboom.pattern.levels": [_histogram(row) for _, row in rows],
        "logboom.pattern.parameters": [_parameters(entry) for entry, _ in rows],
        "logboom.pattern.samples": [orjson.dumps(entry.samples).decode() for entry, _ in rows],
        "logboom.version": [entry.version for entry, _ in rows],
    }
    times = [row[LAST] for _, row in rows]
    return _events([f"pattern: {entry.template}" for entry, _ in rows], times, attributes)


def merged(gone: Sequence[Entry], times: Sequence[int], versions: Sequence[int]) -> LogBatch:
    """Patterns that are part of others from now on."""
    into = [entry.standing for entry in gone]
    attributes: dict[str, Sequence[object]] = {
        "logboom.pattern.id": [entry.id for entry in gone],
        "logboom.pattern.template": [entry.template for entry in gone],
        "logboom.pattern.source": [entry.source for entry in gone],
        "logboom.pattern.merged_into": [entry.id for entry in into],
        "logboom.version": versions,
    }
    bodies = [f"pattern {entry.id} is part of {kept.id}" for entry, kept in zip(gone, into, strict=True)]
    return _events(bodies, times, attributes)


def _events(bodies: Sequence[str], times: Sequence[int], attributes: dict[str, Sequence[object]]) -> LogBatch:
    fields = {"body": bodies, "time_unix_nano": times, "severity_number": [_INFO] * len(bodies)}
    return LogBatch.of(fields, attributes)


def _level(row: Sequence[int]) -> str | None:
    """The most urgent level that a tenth of the records have; else that of most."""
    levels = row[:NONE]
    return next((level for level, n in zip(LEVELS, levels, strict=True) if n and 10 * n >= row[ALL]), None)


def _histogram(row: Sequence[int]) -> str:
    names = (*LEVELS, "none")
    return orjson.dumps({name: n for name, n in zip(names, row, strict=False) if n}).decode()


def _parameters(entry: Entry) -> str:
    found = [parameter._asdict() for parameter in entry.looks.parameters()]
    return orjson.dumps({"looks": entry.looks.seen, "wildcards": found}).decode()
