"""A batch as observations of its domains, a column at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.dictionary import Coded, distinct_rows, encode
from processors.anomalies import lines
from processors.anomalies.observation import Observation
from processors.anomalies.view import Ints, View, nothing
from processors.anomalies.watch import Key

_MANY_ROWS = 4096
"""Attributes that are sifted before their keys are encoded; of fewer, sifting costs more."""
Index = Callable[[str], Mapping[Key, int]]


class Reader:
    """What is read of records.

    Args:
        durations: attribute → milliseconds that 1 is.
        fields: attributes with few values.
        numbers: attribute → its limit.
    """

    def __init__(self, durations: Mapping[str, float], fields: tuple[str, ...], numbers: Mapping[str, float]) -> None:
        self._durations = durations
        self._fields = fields
        self._numbers = numbers
        self._keys = [*durations, *fields, *numbers]
        self._wanted = frozenset(self._keys)
        self._series = pl.Series(self._keys, dtype=pl.String)

    def read(self, batch: LogBatch, index: Index) -> dict[str, tuple[Observation, int]]:
        """Domain → what is observed of it, and the position of its first record."""
        view = View(batch)
        found: dict[str, tuple[Observation, int]] = {}
        places: dict[int, tuple[str, int]] = {}
        known: dict[str, Mapping[Key, int]] = {}
        rows: dict[str, dict[Key, int]] = defaultdict(dict)
        for number, (row, key) in enumerate(zip(view.first.tolist(), view.keys(), strict=True)):
            domain = view.domains[view.domain.codes[row]] if view.domain.codes[row] >= 0 else ""
            if domain not in found:
                found[domain] = (Observation(), row)
                known[domain] = index(domain)
            place = rows[domain].setdefault(key, len(rows[domain]))
            if place == len(found[domain][0].series):
                position = known[domain].get(key)
                found[domain][0].series.append((*key, view.template(row)) if position is None else position)
            places[number] = (domain, place)
        _count(view, places, found)
        _versions(view, found)
        self._attributes(view, places, found)
        lines.read(view, places, found)
        return found

    def _attributes(
        self, view: View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]
    ) -> None:
        """Durations, fields and numbers that are attributes: those that processors set, and those that were sent."""
        for key, said in self._said(view.batch):
            if key in self._fields:
                for coded in (said.texts, said.integers):
                    some = np.flatnonzero(coded.codes >= 0)
                    view.words(places, found, key, said.owners[some], coded.at(some))
                continue
            some = np.flatnonzero(~np.isnan(said.numbers))
            if key in self._durations:
                view.durations(found, said.owners[some], said.numbers[some] * self._durations[key])
            else:
                view.numbers(found, key, self._numbers[key], said.owners[some], said.numbers[some])

    def _said(self, batch: LogBatch) -> Iterator[tuple[str, _Said]]:
        for key in self._keys:
            if key in batch.derived.columns:
                column = batch.derived.get_column(key)
                yield key, _Said.of(pl.DataFrame({tables.VALUE_COLUMNS[tables.kind_of(column)]: column}))
        table = batch.attributes
        if table.height > _MANY_ROWS:
            table = table.filter(table.get_column("key").is_in(self._series))
        if table.height:
            said, keys = _Said.of(table), encode(table.get_column("key"))
            for code, key in enumerate(keys.values.to_pylist()):
                if key in self._wanted:
                    yield key, said.at(np.flatnonzero(keys.codes == code))


class _Said(NamedTuple):
    """What records say: whose each value is, and the value as a text, as an integer, as a number of either kind (NaN for none)."""

    owners: Ints
    texts: Coded
    integers: Coded
    numbers: npt.NDArray[np.float64]

    @classmethod
    def of(cls, table: pl.DataFrame) -> _Said:
        """Of an attribute table, or of a column with a value an owner, called like the column of such a table."""
        height, there = table.height, table.columns
        owners = table.get_column("owner").to_numpy().astype(np.int64) if "owner" in there else np.arange(height)
        texts_, integers = (
            encode(table.get_column(name)) if name in there else nothing(height) for name in ("string", "int")
        )
        doubles, whole = (
            table.get_column(name).to_numpy().astype(np.float64) if name in there else np.full(height, np.nan)
            for name in ("double", "int")
        )
        return cls(owners, texts_, integers, np.where(np.isnan(doubles), whole, doubles))

    def at(self, rows: npt.NDArray[np.integer]) -> _Said:
        """Some of it."""
        return _Said(self.owners[rows], self.texts.at(rows), self.integers.at(rows), self.numbers[rows])


def _count(view: View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]) -> None:
    records = np.bincount(view.codes, minlength=len(view.first))
    minutes, received = view.minute[view.first], view.at[view.first]
    by_domain: dict[tuple[str, int], list[int]] = defaultdict(list)
    for code, (domain, _) in places.items():
        by_domain[domain, int(received[code])].append(code)
    for (domain, at), codes in sorted(by_domain.items()):
        own = np.array([places[code][1] for code in codes], np.int64)
        said = np.maximum(minutes[codes], 0)
        found[domain][0].counted.append((at, own, said, records[codes].astype(np.int64)))


def _versions(view: View, found: Mapping[str, tuple[Observation, int]]) -> None:
    if not len(view.version.values):
        return
    _, first = distinct_rows([view.domain, view.service, view.environment, view.version])
    for row in first.tolist():
        version = view.text(view.version, row)
        if version:
            found[view.domain_of(row)][0].versions.append((*view.place(row), version[:60]))
