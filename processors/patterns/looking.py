"""Some records of a batch are looked at: what stands in the places of their patterns' wildcards, a sample, who wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded
from processors.patterns.book import Book
from processors.patterns.entry import Entry
from processors.patterns.looks import values_in
from processors.patterns.tokens import WILDCARD

_COMPONENT = "logboom.component"


class Looking:
    """At one batch, whose lines are these."""

    def __init__(self, batch: LogBatch, lines: Coded) -> None:
        self._batch = batch
        self._lines = lines

    @property
    def last_id(self) -> str:
        """Of its last record."""
        return str(self._batch.column("record_id")[-1] or "")

    def look(self, book: Book, patterns: Sequence[Entry], first: Sequence[int], most: int) -> None:
        """At the first record of new patterns, and of at most so many others: the square root of all, over time."""
        for pattern, place in zip(patterns, first, strict=True):
            seen, standing = pattern.looks.seen, pattern.standing
            if seen and (most <= 0 or seen * seen > book.numbers.count(standing.slot)):
                continue
            most -= seen > 0
            self._look_at(standing, place)
            book.touch(standing)

    def _look_at(self, pattern: Entry, place: int) -> None:
        code = int(self._lines.codes[place])
        line = "" if code < 0 else str(self._lines.values[code].as_py())
        pattern.sample(line)
        if not pattern.looks.seen:
            pattern.service, pattern.component = str(self._services[place] or ""), str(self._components[place] or "")
        pattern.looks.add(
            (values_in(pattern.template, line.partition("\n")[0]) or []) if WILDCARD in pattern.tokens else []
        )

    @cached_property
    def _services(self) -> pl.Series:
        return self._batch.resource_attribute("service.name")

    @cached_property
    def _components(self) -> pl.Series:
        return self._batch.attribute_text(_COMPONENT)
