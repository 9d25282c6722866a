"""`recombine`: entries of one source become one, from the first to the last of it.

What is open at the end of a step is kept, and goes on in the next (`Holding`): the entry that all are to become, and their texts so far.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from collector.stanza.columns import Column, Rows, items, tightened
from collector.stanza.expressions.expression import Expression
from collector.stanza.fields import Field, field_of
from collector.stanza.frame import Frame
from collector.stanza.operation import Done, Mask, Options
from collector.stanza.problems import OperatorError
from collector.units import parse_duration, parse_size

_log = logging.getLogger(__name__)
_PATHS = (Field("attributes", ("log.file.path",)), Field("attributes", ("file.path",)))
NO_SOURCE = "DefaultSourceIdentifier"


@dataclass(slots=True)
class Group:
    """Entries that become one.

    Args:
        base: the row of the one that they become.
        texts: what they say.
        since_unix_nano: when the first of them was read; 0: not known.
        kept: it was open when the step began.
    """

    base: int
    texts: list[str] = field(default_factory=list)
    entries: int = 0
    size: int = 0
    matched: bool = False
    since_unix_nano: int = 0
    kept: bool = False


Load = Callable[[Frame, Sequence[str]], dict[str, Group]]
"""Puts what is kept of these sources into the frame."""


class Recombine:
    """Not for several threads. `groups` are those that are open; `taken` are rows that became part of others, or wait."""

    def __init__(self, options: Options) -> None:
        if not options.has("combine_field"):
            raise OperatorError("missing required argument 'combine_field'")
        self._field = field_of(options.take("combine_field"))
        first, last = options.take("is_first_entry", ""), options.take("is_last_entry", "")
        if bool(first) == bool(last):
            raise OperatorError("set exactly one of is_first_entry and is_last_entry")
        self._asked, self._by_first = Expression.of(first or last), bool(first)
        with_ = options.take("combine_with")
        self._with = "\n" if with_ is None else str(with_)
        overwrite = options.take("overwrite_with", "oldest")
        if overwrite not in ("newest", "oldest"):
            raise OperatorError(f"overwrite_with is newest or oldest, not {overwrite!r}")
        self._newest = overwrite == "newest"
        source = options.take("source_identifier")
        self._sources: Sequence[Field] = _PATHS if source is None else (field_of(source),)
        self._most_entries = options.number("max_batch_size", 1000)
        self._most_unmatched = options.number("max_unmatched_batch_size", 100)
        self._most_sources = options.number("max_sources", 1000) or 1000
        self._most_bytes = int(_parsed(parse_size, options.take("max_log_size", 0)))
        self.flush_secs = float(_parsed(parse_duration, options.take("force_flush_period", "5s")))
        self.load: Load = lambda _, __: {}
        self.load_all: Callable[[Frame], dict[str, Group]] = lambda _: {}
        self.open_elsewhere = 0
        """Sources that are kept and were not loaded."""
        self.groups: dict[str, Group] = {}
        self.closed: list[str] = []
        """Sources whose kept group has ended."""
        self.taken: list[int] = []
        self._said: dict[int, str] = {}
        self.now_unix_nano = 0

    def by(self, fields: Sequence[Field]) -> None:
        """What tells sources apart."""
        self._sources = fields

    def apply(self, frame: Frame, rows: Rows) -> Done:
        holds, failed = self._asked.mask(frame, rows)
        holds = holds & ~failed
        sources = self.sources(frame, rows)
        distinct = sources.unique(maintain_order=True).to_list()
        wanted = [source for source in distinct if source not in self.groups]
        loaded = self.load(frame, [source for source in wanted if source not in self.closed])
        self.groups |= loaded
        self.open_elsewhere -= len(loaded)
        if not self._by_first and holds.all() and not any(source in self.groups for source in distinct):
            return Done(rows)
        return Done(self._fold(frame, rows, holds, sources.to_list()))

    def sources(self, frame: Frame, rows: Rows) -> pl.Series:
        """Whose entries they are."""
        columns = [_names(frame.get(each, rows)) for each in self._sources]
        if self._sources is _PATHS:
            found = (
                columns[0] if not columns[0].null_count() else columns[0].zip_with(columns[0].is_not_null(), columns[1])
            )
        else:
            found = columns[0]
            for column in columns[1:]:
                found = found + "\0" + column
        return found.fill_null(NO_SOURCE) if found.null_count() else found

    def _fold(self, frame: Frame, rows: Rows, holds: Mask, sources: Sequence[str]) -> Rows:
        """One after the other, for what becomes of an entry depends on all before it."""
        texts = items(frame.get(self._field, rows))
        out: list[int] = []
        for row, matches, source, text in zip(rows.tolist(), holds.tolist(), sources, texts, strict=True):
            if matches and self._by_first:
                out += self._flush(source)
            self._join(frame, source, row, text, out, matched=matches)
            if matches and not self._by_first:
                out += self._flush(source)
        self._write(frame)
        return np.array(out, dtype=np.int64)

    def _write(self, frame: Frame) -> None:
        """What entries say that became of several: all at once, for each time costs a column."""
        if self._said:
            frame.set(self._field, np.array(list(self._said), dtype=np.int64), tightened(list(self._said.values())))
            self._said = {}

    def _join(self, frame: Frame, source: str, row: int, text: Any, out: list[int], *, matched: bool) -> None:
        group = self.groups.get(source)
        if group is None:
            if len(self.groups) + self.open_elsewhere >= self._most_sources:
                _log.warning("recombine: more than max_sources sources are open: all of them are ended")
                here = {*self.groups, *self.closed}
                self.groups |= {name: each for name, each in self.load_all(frame).items() if name not in here}
                self.open_elsewhere = 0
                for name in list(self.groups):
                    out += self._flush(name)
            group = self.groups[source] = Group(row, since_unix_nano=self.now_unix_nano)
        elif self._newest:
            self.taken.append(group.base)
            group.base = row
        else:
            self.taken.append(row)
        group.entries += 1
        group.matched |= matched
        if type(text) is str:
            group.texts.append(text)
            group.size += len(text) + (len(self._with) if len(group.texts) > 1 else 0)
        if (
            (self._most_bytes and group.size > self._most_bytes)
            or group.entries >= self._most_entries
            or (not group.matched and self._most_unmatched and group.entries >= self._most_unmatched)
        ):
            out += self._flush(source)

    def _flush(self, source: str) -> list[int]:
        group = self.groups.pop(source, None)
        if group is None:
            return []
        if group.kept:
            self.closed.append(source)
        self._finish(group)
        return [group.base]

    def _finish(self, group: Group) -> None:
        if group.entries > 1 and group.texts:
            self._said[group.base] = self._with.join(group.texts)

    def finish(self, frame: Frame, group: Group) -> None:
        """The entry says what all of them said."""
        self._finish(group)
        self._write(frame)

    def joined(self, group: Group) -> list[str]:
        """What a group says so far, as one text."""
        return [self._with.join(group.texts)] if group.texts else []


def _names(column: Column) -> pl.Series:
    """Text that is not empty; null elsewhere."""
    if isinstance(column, list) or column.dtype != pl.String:
        return pl.Series([value if type(value) is str and value else None for value in items(column)], dtype=pl.String)
    empty = column == ""
    return column.set(empty, None) if empty.any() else column


def _parsed(parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise OperatorError(str(error)) from None
