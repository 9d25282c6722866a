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
from collector.columns.dictionary import Codes, encode
from collector.documents.facts.names import PATH_AND_QUERY
from collector.documents.facts.sides import KIND, Mask, calling

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

    def only(self, records: Mask) -> Source:
        """For some of the records: true in a mask of all."""
        owners = np.arange(len(records)) if self.owners is None else self.owners
        kept = records[owners]
        return Source(owners[kept], self.codes[kept], self.values)


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
        self._derived = frozenset(batch.derived.columns)
        self._own = _Table(batch.attributes)
        self._resource = _Table(batch.resource_attributes)

    @cached_property
    def calling(self) -> Mask:
        """Which records the calling side of a conversation wrote."""
        kinds = self._batch.attribute_text(KIND) if self._has(KIND) else None
        return calling(self._having, kinds)

    def sources(self, names: tuple[str, ...]) -> Iterator[Source]:
        """Where the values of a fact come from, the least important first, so that what comes later overwrites."""
        for name in reversed(names):
            if name in self._resource.codes:
                yield self._of_resources(name)
        for name in reversed(names):
            if name == PATH_AND_QUERY:
                yield from self._with_query()
            elif self._has(name):
                yield from self._of_records(name)

    def text(self, name: str) -> pl.Series | None:
        """An attribute of each record itself; None when none has it."""
        return self._batch.attribute_text(name) if self._has(name) else None

    @cached_property
    def _resources(self) -> Owners:
        return self._batch.column("resource").to_numpy()

    def _has(self, name: str) -> bool:
        return name in self._derived or name in self._own.codes

    def _having(self, names: tuple[str, ...]) -> Mask:
        found = np.zeros(len(self._batch), dtype=np.bool_)
        for name in names:
            if name in self._derived:
                found |= self._batch.derived.get_column(name).is_not_null().to_numpy()
            elif name in self._own.codes:
                found[self._own.owners(name)] = True
        return found

    def _of_resources(self, name: str) -> Source:
        source = self._resource.source(name)
        codes = np.full(self._batch.resources.height, -1, dtype=np.int32)
        codes[source.owners] = source.codes
        return Source(None, codes[self._resources], source.values)

    def _of_records(self, name: str) -> Iterator[Source]:
        if name not in self._derived:
            yield self._own.source(name)
        elif (column := self._batch.derived.get_column(name)).dtype != pl.Binary:
            yield of_column(column.cast(pl.String))

    def _with_query(self) -> Iterator[Source]:
        """What stands in a request line; only of records that have both."""
        if self._has("url.path") and self._has("url.query"):
            path, query = (self._batch.attribute_text(name) for name in ("url.path", "url.query"))
            said = query.set(query == "", None).str.strip_prefix("?")
            yield of_rows(pl.select(pl.concat_str(pl.lit(path), pl.lit("?"), pl.lit(said))).to_series())


class _Table:
    """An attribute table with its keys as codes."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table
        keys = encode(table.get_column("key"))
        self._keys = keys.codes
        self._owners = table.get_column("owner").to_numpy()
        self._kinds = table.get_column("kind").to_numpy()
        self.codes = {name: code for code, name in enumerate(keys.values.to_pylist())}

    def owners(self, name: str) -> Owners:
        """Who has the attribute."""
        found: Owners = self._owners[self._keys == self.codes[name]]
        return found

    def source(self, name: str) -> Source:
        """Its values as text: JSON for arrays and maps, base64 for bytes."""
        rows = np.flatnonzero(self._keys == self.codes[name])[::-1]  # the first of a repeated key is written last
        owners, kinds, at = self._owners[rows], self._kinds[rows], pl.Series(rows)
        if (kinds == int(ValueKind.STRING)).all():
            return of_column(self._table.get_column("string").gather(at), owners)
        scalars = pl.col("string", "bool", "int", "double").gather(at).cast(pl.String)
        texts = self._table.select(pl.coalesce(scalars, pl.col("bytes").gather(at).bin.encode("base64"))).to_series()
        if (kinds == int(ValueKind.ANY)).any():
            from otlp_wire import any_json  # loads protobuf, which a batch without nested values never needs

            texts = texts.zip_with(texts.is_not_null(), any_json(self._table.get_column("any").gather(at)))
        return of_column(texts, owners)


def _series(values: object) -> pl.Series:
    series = pl.from_arrow(values)
    assert isinstance(series, pl.Series)
    return series
