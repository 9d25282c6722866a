"""What all parsers share: where they read, where they write, and what they take out of the result besides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from collector.stanza.absent import ABSENT
from collector.stanza.columns import Column, Rows, items, taken, tightened
from collector.stanza.fields import Field, field_of
from collector.stanza.frame import Frame, Make
from collector.stanza.operation import Done, Mask, Operator, Options, done
from collector.stanza.problems import Failed, OperatorError, within


@dataclass(frozen=True, slots=True)
class Found:
    """A column for each key, and where there is none of them."""

    columns: Mapping[str, Column]
    failed: Mask


class Embedded:
    """`timestamp`, `severity`, `trace` and `scope_name` of a parser, run over what it found. Absent where they are not set."""

    def __init__(self, options: Options) -> None:
        from collector.stanza.operators.severity_parser import SeverityParser
        from collector.stanza.operators.time_parser import TimeParser
        from collector.stanza.operators.trace_parser import ScopeNameParser, TraceParser

        self._steps: list[Operator] = []
        for name, make in (
            ("timestamp", TimeParser), ("severity", SeverityParser), ("trace", TraceParser), ("scope_name", ScopeNameParser),
        ):  # fmt: skip
            given = options.take(name)
            if given is not None:
                with within(name):
                    if not isinstance(given, Mapping):
                        raise OperatorError("it is a block of options")
                    inner = Options(given)
                    self._steps.append(make(inner))
                    inner.end()

    def apply(self, frame: Frame, rows: Rows) -> tuple[Rows, str]:
        """The rows where any of them failed."""
        failed, reason = np.zeros(frame.height, dtype=np.bool_), ""
        for step in self._steps:
            did = step.apply(frame, rows)
            failed[did.failed] = True
            reason = did.reason or reason
        return failed.nonzero()[0], reason


class Parser(ABC):
    """Reads a field, and writes what it holds into another."""

    told = False
    """The text itself chooses keys."""
    make: Make = staticmethod(tightened)
    """A column of what a key of its maps holds, where they become columns."""

    def __init__(self, options: Options) -> None:
        self._from = field_of(options.take("parse_from", "body"))
        to = options.take("parse_to", "attributes")
        self._to = field_of(to)
        self._embedded = Embedded(options)

    @abstractmethod
    def parse(self, texts: Column) -> list[Any] | Found:
        """What each holds; `Failed` where it can't be read."""

    def apply(self, frame: Frame, rows: Rows) -> Done:
        values = frame.get(self._from, rows)
        found = self.parse(values)
        failed, reason = (_columns if isinstance(found, Found) else _values)(self, frame, rows, found)
        good = rows[~failed] if failed.any() else rows
        also, why = self._embedded.apply(frame, good)
        if len(also):
            failed = failed | np.isin(rows, also)
        return done(rows, failed, reason or why)

    @property
    def to(self) -> Field:
        """Where it writes."""
        return self._to


def _values(parser: Parser, frame: Frame, rows: Rows, found: Any) -> tuple[Mask, str]:
    failed = np.fromiter((type(value) is Failed for value in found), dtype=np.bool_, count=len(rows))
    reason = ""
    if failed.any():
        reason = str(next(value for value in found if type(value) is Failed))
        found = [value for value in found if type(value) is not Failed]
        rows = rows[~failed]
    if len(rows):
        frame.set(parser.to, rows, tightened(found), told=parser.told, make=parser.make)
    return failed, reason


def _columns(parser: Parser, frame: Frame, rows: Rows, found: Any) -> tuple[Mask, str]:
    failed = found.failed
    kept = (~failed).nonzero()[0]
    columns = {key: taken(column, kept) for key, column in found.columns.items()}
    good = rows[kept]
    if parser.to.root != "body" and not parser.to.keys:
        for key, column in columns.items():
            frame.table(parser.to.root).set(key, good, column)
    elif len(good):
        lists = [items(column) for column in columns.values()]
        maps = [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]
        frame.set(parser.to, good, list(maps))
    return failed, "no match" if failed.any() else ""


def text_of(value: Any) -> str:
    """Raises `Failed`: no text."""
    if type(value) is str:
        return value
    if type(value) is bytes:
        return value.decode("utf-8", "replace")
    raise Failed("the field is not there" if value is ABSENT else f"type {type(value).__name__} can't be parsed")


def each(column: Column, parse: Any) -> list[Any]:
    """`parse` of each text; its `Failed` where it raised one."""
    found = []
    for value in items(column):
        try:
            found.append(parse(value if type(value) is str else text_of(value)))
        except Failed as failed:
            found.append(failed)
    return found


def by_distinct(column: Column, parse: Any) -> list[Any]:
    """The same, once for each distinct value, for what few different ones are expected of. Values may be of any kind."""
    memory: dict[Any, Any] = {}
    found = []
    for value in items(column):
        key = (type(value), value) if type(value) not in (list, dict) else None
        if key is None or key not in memory:
            try:
                answer = parse(value)
            except Failed as failed:
                answer = failed
            if key is None:
                found.append(answer)
                continue
            memory[key] = answer
        found.append(memory[key])
    return found


def texts(column: Column) -> pl.Series | None:
    """The column, if it holds nothing but text."""
    return column if not isinstance(column, list) and column.dtype == pl.String and not column.null_count() else None
