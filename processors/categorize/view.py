"""What the categories look at: columns of one batch as codes, each read once.

A category is an ordered list of clues. A `Clue` is a named piece of evidence: a coded column, and what its distinct
values answer, None where they say nothing; the first clue that answers decides. A clue is asked only about records that
no earlier clue decided, and once for each distinct value. So the processor and `logboom explain` share one definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, Codes, constant, encode, texts
from collector.ottl.columns import AttributeColumns, Reader
from collector.ottl.paths import LINE, TEXT, Source, Table
from processors.categorize.line import Lines

Answer = Callable[[list[Any]], Sequence[str | None]]
"""Distinct values → what they say, one answer each."""


def as_is(values: list[Any]) -> list[str | None]:
    """Every value is its own answer."""
    return values


def always(answer: str) -> Answer:
    """The same answer whatever the value."""
    return lambda values: [answer] * len(values)


@dataclass(frozen=True, slots=True)
class Clue:
    """Evidence: `column` holds it, a row a record, `answer` reads it, `name` says where it comes from."""

    name: str
    column: Coded
    answer: Answer = as_is

    def of_record(self, row: int) -> str | None:
        """What it says about one record."""
        code = int(self.column.codes[row])
        return None if code < 0 else self.answer([self.column.values[code].as_py()])[0]


class View:
    """One batch. `keys`: the record and resource attributes that will be asked for."""

    def __init__(self, batch: LogBatch, keys: Iterable[str], resource_keys: Iterable[str]) -> None:
        self.batch = batch
        self._record = AttributeColumns(batch.attributes, keys, len(batch))
        self._resource = AttributeColumns(batch.resource_attributes, resource_keys, batch.resources.height)

    def __len__(self) -> int:
        return len(self.batch)

    def attribute(self, key: str) -> Coded | None:
        """The attribute as text, a row a record; None when no record has it."""
        if key in self.batch.derived.columns:
            return encode(self.batch.derived.get_column(key).cast(pl.String))
        return self._record.coded(key, TEXT) if key in self._record.present else None

    def resource(self, key: str) -> Coded | None:
        """The resource attribute as text, a row a record; None when no resource has it."""
        if key not in self._resource.present:
            return None
        return self._resource.coded(key, TEXT).at(self._resource_of)

    @cached_property
    def _resource_of(self) -> npt.NDArray[np.uint32]:
        return self.batch.column("resource").to_numpy()

    @cached_property
    def scope_name(self) -> Coded:
        """The name of each record's scope."""
        return encode(self.batch.scopes.get_column("name")).at(self.batch.column("scope").to_numpy())

    @cached_property
    def severity(self) -> npt.NDArray[np.int32]:
        """The severity numbers."""
        return self.batch.column("severity_number").to_numpy()

    @property
    def text(self) -> Coded:
        """The bare lines of all bodies (see `line`); maps and lists as JSON."""
        return self._lines.text

    def said(self, what: str) -> Coded | None:
        """What the fields of JSON bodies say, by a name of `fields.Fields`; None when none says it."""
        return self._lines.said(what)

    @cached_property
    def _lines(self) -> Lines:
        source = Source(Table.FIELD, "body")
        return Lines(Reader(self.batch, [source]).coded(source, TEXT))

    def texts(self) -> dict[str, Coded]:
        """The bodies and their bare lines, by the names that conditions have for them, if they were read."""
        lines: Lines | None = self.__dict__.get("_lines")
        return {} if lines is None else {"body": lines.bodies, LINE: lines.spoken}

    def of(self, batch: LogBatch) -> View:
        """The same for a batch with other severities: what was read already is kept."""
        other = copy(self)
        other.batch = batch
        other.__dict__.pop("severity", None)
        return other

    def holding(self, kind: int) -> Coded | None:
        """The bare lines of a kind, or of several, of `first_look`; None when there is none."""
        kept = (self._lines.kinds & kind) != 0
        return self.text.where(kept) if kept.any() else None

    def has(self, key: str) -> Coded | None:
        """One value for the records that have the attribute; None when none has."""
        column = self.attribute(key)
        return None if column is None else constant(column.codes >= 0, key)

    def attribute_clues(self, keys: Iterable[str], answer: Answer) -> Iterator[Clue]:
        """A clue for each of the attributes that occurs."""
        for key in keys:
            column = self.attribute(key)
            if column is not None:
                yield Clue(f"attribute {key}", column, answer)

    def resource_clues(self, keys: Iterable[str], answer: Answer) -> Iterator[Clue]:
        """The same of resource attributes."""
        for key in keys:
            column = self.resource(key)
            if column is not None:
                yield Clue(f"resource attribute {key}", column, answer)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for each record: a position in `labels`, or -1 for nothing."""

    codes: Codes
    labels: list[str]

    def coded(self) -> Coded:
        """As a column, and as evidence for another decision."""
        return Coded(self.codes, texts(self.labels))


def decide(clues: Iterable[Clue], height: int) -> Decision:
    """The first answer of each record; later clues are not even asked once all are answered."""
    decided = np.full(height, -1, dtype=np.int32)
    labels: dict[str, int] = {}
    open_rows: npt.NDArray[np.intp] | None = None  # None: all of them
    for clue in clues:
        codes = clue.column.codes if open_rows is None else clue.column.codes[open_rows]
        found = _answers(clue, codes, labels)
        if open_rows is None:
            decided = found
        else:
            decided[open_rows] = found
        open_rows = np.flatnonzero(decided < 0)
        if not open_rows.size:
            break
    return Decision(decided, list(labels))


def _answers(clue: Clue, codes: Codes, labels: dict[str, int]) -> Codes:
    """The label of each code; new labels are added."""
    values = clue.column.values
    used = clue.column.used(codes)
    of_value = np.full(len(values) + 1, -1, dtype=np.int32)
    if used.size:
        asked = values if used.size == len(values) else values.take(pa.array(used))
        answers = clue.answer(asked.to_pylist())
        of_value[used] = [-1 if answer is None else labels.setdefault(answer, len(labels)) for answer in answers]
    return of_value[codes]
