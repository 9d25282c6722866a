"""The attributes of a batch, each as the records that have it and the values they have.

The key column is turned into codes once, so that asking for fifty names costs little more than asking for one. A column
of few distinct values is turned into codes as well, and the work is done on those; for one of many that would cost more
than it saves (60 ns a value, where cleaning and writing it take 30), so a sample decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.coded import Codes, encode

Owners = npt.NDArray[np.integer]
_SAMPLE = 128


@dataclass(frozen=True, slots=True)
class Source:
    """`values[codes[i]]` belongs to record `owners[i]`; -1 is no value, `owners` None is every record in its order.

    Where an owner comes twice the later one counts.
    """

    owners: Owners | None
    codes: Codes
    values: pl.Series


def of_rows(values: pl.Series, owners: Owners | None = None) -> Source:
    """A value a record of which hardly any comes twice: bodies, ids."""
    codes = np.arange(len(values), dtype=np.int32)
    if values.null_count():
        codes[values.is_null().to_numpy()] = -1
    return Source(owners, codes, values)


def of_column(values: pl.Series, owners: Owners | None = None) -> Source:
    """A value a record, by the distinct ones where they are few."""
    if len(values) <= _SAMPLE or values.head(_SAMPLE).n_unique() > _SAMPLE // 4:
        return of_rows(values, owners)
    coded = encode(values)
    return Source(owners, coded.codes, _series(coded.values))


def of_constants(codes: Codes, texts: list[str]) -> Source:
    """One of a few texts a record; -1 is none."""
    return Source(None, codes, pl.Series(texts, dtype=pl.String))


class Attributes:
    """The attributes of one batch."""

    def __init__(self, batch: LogBatch) -> None:
        self._batch = batch
        self._own = _Table(batch.attributes)
        self._resource = _Table(batch.resource_attributes)

    @cached_property
    def _resources(self) -> Owners:
        return self._batch.column("resource").to_numpy()

    def sources(self, names: tuple[str, ...]) -> Iterator[Source]:
        """Where the values of a fact come from, the least important first, so that what comes later overwrites."""
        for name in reversed(names):
            if name in self._resource.codes:
                yield self._of_resources(name)
        for name in reversed(names):
            yield from self._of_records(name)

    def _of_resources(self, name: str) -> Source:
        source = self._resource.source(name)
        codes = np.full(self._batch.resources.height, -1, dtype=np.int32)
        codes[source.owners] = source.codes
        return Source(None, codes[self._resources], source.values)

    def _of_records(self, name: str) -> Iterator[Source]:
        if name in self._batch.derived.columns:
            column = self._batch.derived.get_column(name)
            if column.dtype != pl.Binary:
                yield of_column(column.cast(pl.String))
        elif name in self._own.codes:
            yield self._own.source(name)


class _Table:
    """An attribute table with its keys as codes."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table
        keys = encode(table.get_column("key"))
        self._keys = keys.codes
        self.codes = {name: code for code, name in enumerate(keys.values.to_pylist())}

    def source(self, name: str) -> Source:
        rows = np.flatnonzero(self._keys == self.codes[name])[::-1]  # the first of a repeated key is written last
        owners = self._table.get_column("owner").to_numpy()[rows]
        at = pl.Series(rows)
        if (self._table.get_column("kind").to_numpy()[rows] == int(ValueKind.STRING)).all():
            return of_column(self._table.get_column("string").gather(at), owners)
        scalars = self._table.select(pl.col("string", "bool", "int", "double").gather(at))
        return of_column(scalars.select(pl.coalesce(pl.all().cast(pl.String))).to_series(), owners)


def _series(values: object) -> pl.Series:
    series = pl.from_arrow(values)
    assert isinstance(series, pl.Series)
    return series
