"""What the categories look at: columns of one batch, each read once.

A category is an ordered list of clues. A `Clue` is a named piece of evidence with a column of answers, null where it
says nothing; the first clue that answers decides. So the processor and `logboom explain` share one definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from collector.batch import LogBatch
from collector.ottl.columns import AttributeColumns, Reader
from collector.ottl.paths import TEXT, Source, Table

ABSENT = pl.Series([None], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Clue:
    """Evidence: `values` holds an answer a record (null: none), `name` says where it comes from."""

    name: str
    values: pl.Series


def _same(values: pl.Series) -> pl.Series:
    return values


class View:
    """One batch. `keys`: the record and resource attributes that will be asked for."""

    def __init__(self, batch: LogBatch, keys: Iterable[str], resource_keys: Iterable[str]) -> None:
        self.batch = batch
        self._record = AttributeColumns(batch.attributes, keys, len(batch))
        self._resource = AttributeColumns(batch.resource_attributes, resource_keys, batch.resources.height)

    def __len__(self) -> int:
        return len(self.batch)

    def has(self, *keys: str) -> bool:
        """Whether any record of the batch has one of the attributes."""
        return any(key in self._record.present or key in self.batch.derived.columns for key in keys)

    def attribute(self, key: str) -> pl.Series | None:
        """The attribute as text, a row a record; None when no record has it."""
        if key in self.batch.derived.columns:
            return self.batch.derived.get_column(key).cast(pl.String)
        return self._record.part(key, TEXT) if key in self._record.present else None

    def resource(self, key: str) -> pl.Series | None:
        """The resource attribute as text, a row a **resource**; None when no resource has it."""
        return self._resource.part(key, TEXT) if key in self._resource.present else None

    def of_resources(self, values: pl.Series) -> pl.Series:
        """A column of the resources → a column of the records."""
        return values.gather(self.batch.column("resource"))

    @cached_property
    def scope_name(self) -> pl.Series:
        """The name of each scope, a row a **scope**."""
        return self.batch.scopes.get_column("name")

    def of_scopes(self, values: pl.Series) -> pl.Series:
        """A column of the scopes → a column of the records."""
        return values.gather(self.batch.column("scope"))

    @cached_property
    def body(self) -> pl.Series:
        """String bodies."""
        return self.batch.column("body")

    @cached_property
    def text(self) -> pl.Series:
        """All bodies as text; maps and lists as JSON."""
        source = Source(Table.FIELD, "body")
        return Reader(self.batch, [source]).part(source, TEXT)

    def attribute_clues(
        self,
        keys: Iterable[str],
        answer: Callable[[str], str | None],
        simpler: Callable[[pl.Series], pl.Series] = _same,
    ) -> Iterator[Clue]:
        """A clue for each of the attributes that occurs, answered once for each distinct value; `simpler` may make
        values equal, a column at a time, that have one answer."""
        for key in keys:
            values = self.attribute(key)
            if values is not None:
                yield Clue(f"attribute {key}", per_distinct(simpler(values), answer))

    def resource_clues(self, keys: Iterable[str], answer: Callable[[str], str | None]) -> Iterator[Clue]:
        """The same of resource attributes."""
        for key in keys:
            values = self.resource(key)
            if values is not None:
                yield Clue(f"resource attribute {key}", self.of_resources(per_distinct(values, answer)))


def per_distinct(values: pl.Series, answer: Callable[[str], str | None]) -> pl.Series:
    """`answer` of each distinct value, back in the places of the values."""
    distinct = values.unique().drop_nulls()
    if not len(distinct):
        return pl.repeat(None, len(values), dtype=pl.String, eager=True)
    answers = pl.Series([answer(value) for value in distinct.to_list()], dtype=pl.String)
    if len(distinct) == 1 and not values.null_count():
        return answers.new_from_index(0, len(values))
    return values.replace_strict(distinct, answers, default=None, return_dtype=pl.String)


def decide(clues: Iterable[Clue], height: int) -> pl.Series:
    """The first answer of each record; later clues are not even computed once all are answered."""
    decided: pl.Series | None = None
    for clue in clues:
        decided = clue.values if decided is None else decided.zip_with(decided.is_not_null(), clue.values)
        if not decided.null_count():
            break
    return pl.repeat(None, height, dtype=pl.String, eager=True) if decided is None else decided
