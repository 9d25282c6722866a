"""A batch as observations of its domains, a column at a time; of lines of text, which are read one by one, a sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.dictionary import Coded, distinct_rows, encode, texts
from collector.levels import level as level_of
from processors.anomalies import wildcards
from processors.anomalies.latency import buckets
from processors.anomalies.observation import Observation
from processors.anomalies.watch import Key

PATTERN, TEMPLATE = "logboom.pattern.id", "logboom.pattern.template"
LEVEL, ENVIRONMENT, ENDPOINT = "logboom.triage.level", "deployment.environment.name", "logboom.endpoint"
GRACE_SECS = 20
"""Minutes end so much later, so that what is on its way belongs to its own."""
_MINUTE = 60_000_000_000
_MOST_LINES = 256
_MANY_ROWS = 4096
"""Attributes that are sifted before their keys are encoded; of fewer, sifting costs more."""
Ints = npt.NDArray[np.int64]
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
        view = _View(batch)
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
        _lines(view, places, found)
        return found

    def _attributes(
        self, view: _View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]
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
            encode(table.get_column(name)) if name in there else _nothing(height) for name in ("string", "int")
        )
        doubles, whole = (
            table.get_column(name).to_numpy().astype(np.float64) if name in there else np.full(height, np.nan)
            for name in ("double", "int")
        )
        return cls(owners, texts_, integers, np.where(np.isnan(doubles), whole, doubles))

    def at(self, rows: npt.NDArray[np.integer]) -> _Said:
        """Some of it."""
        return _Said(self.owners[rows], self.texts.at(rows), self.integers.at(rows), self.numbers[rows])


class _Numbered(NamedTuple):
    """Codes, and as many things as they tell apart."""

    codes: npt.NDArray[np.int32]
    values: Sized


class _View:
    """The columns of a batch that all of it looks at, as codes."""

    def __init__(self, batch: LogBatch) -> None:
        self.batch = batch
        resource = batch.column("resource").to_numpy()
        self.domain = encode(batch.column("domain"))
        self.domains: list[str] = self.domain.values.to_pylist()
        self.pattern = encode(batch.attribute(PATTERN))
        self.service, self.version, environment = _of_resources(
            batch, ("service.name", "service.version", ENVIRONMENT), resource
        )
        own = batch.attribute(ENVIRONMENT) if ENVIRONMENT in batch.derived.columns else None
        self.environment = encode(own) if own is not None else environment
        self.level = encode(_levels(batch))
        received = _received(batch)
        self.minute = _happened(batch, received)
        self.at = np.where(received > 0, (received - GRACE_SECS) // 60, self.minute)
        columns = [self.domain, self.pattern, self.service, self.environment, self.level]
        self._words = {id(each): [*each.values.to_pylist(), ""] for each in [*columns, self.version]}
        self._endpoints: Coded | None = None
        self.codes, self.first = distinct_rows([*columns, _coded(self.minute), _coded(self.at)])

    def keys(self) -> list[Key]:
        """Of each distinct row."""
        columns = (self.pattern, self.service, self.environment, self.level)
        said = [self.texts(column, self.first) for column in columns]
        return [Key(*each) for each in zip(*said, strict=True)]

    def texts(self, column: Coded, rows: npt.NDArray[np.integer]) -> list[str]:
        """What some records have in a column; "" for nothing."""
        words = self._words[id(column)]
        return [words[code] or "" for code in column.codes[rows].tolist()]

    def text(self, column: Coded, row: int) -> str:
        """Likewise, one."""
        return self._words[id(column)][column.codes[row]] or ""

    def template(self, row: int) -> str:
        """Of one record, as far as it is worth telling."""
        found = self.batch.attribute(TEMPLATE)[row]
        return str(found)[:300] if found is not None else ""

    def place(self, row: int) -> tuple[str, str]:
        """Service and environment of a record."""
        return self.text(self.service, row), self.text(self.environment, row)

    def domain_of(self, row: int) -> str:
        """Of a record."""
        return self.domains[self.domain.codes[row]] if self.domain.codes[row] >= 0 else ""

    def number(
        self, row: int, found: Mapping[str, tuple[Observation, int]], name: str, limit: float, value: float,
        template: str = "", pattern: str = "",
    ) -> None:  # fmt: skip
        """A number with a limit that a record says."""
        service, environment = self.place(row)
        told = (service, environment, pattern, name, template, limit, value)
        found[self.domain_of(row)][0].numbers.append(told)

    def numbers(
        self, found: Mapping[str, tuple[Observation, int]], name: str, limit: float, rows: Ints, values: npt.NDArray[np.float64]
    ) -> None:  # fmt: skip
        """The last number that each service says."""
        last: dict[tuple[str, str, str], tuple[int, float]] = {}
        for row, value in zip(rows[-_MOST_LINES:].tolist(), values[-_MOST_LINES:].tolist(), strict=True):
            last[self.domain_of(row), *self.place(row)] = (row, value)
        for row, value in last.values():
            self.number(row, found, name, limit, value)

    def words(
        self, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]], name: str, rows: Ints,
        words: Coded,
    ) -> None:  # fmt: skip
        """How many records of each series say which word."""
        if not len(rows):
            return
        codes, first = distinct_rows([_Numbered(self.codes[rows], self.first), words])
        texts_, records = words.values.to_pylist(), np.bincount(codes)
        for each, number in zip(first.tolist(), records.tolist(), strict=True):
            code, word = int(self.codes[rows[each]]), str(texts_[words.codes[each]])[:100]
            if word:
                domain, place = places[code]
                found[domain][0].values.append((place, name, word, number, int(self.minute[self.first[code]])))

    def durations(
        self, found: Mapping[str, tuple[Observation, int]], rows: Ints, milliseconds: npt.NDArray[np.float64]
    ) -> None:
        """What the requests of some records took, by endpoint, version and minute."""
        if not len(rows):
            return
        taken = buckets(milliseconds)
        columns = [
            each.at(rows) for each in (self.domain, self.service, self.environment, self._endpoint(), self.version)
        ]
        columns += [_coded(self.minute[rows]), _coded(taken)]
        codes, first = distinct_rows(columns)
        grouped: dict[tuple[str, str, str, str, str, int], dict[int, int]] = defaultdict(dict)
        for each, number in zip(first.tolist(), np.bincount(codes).tolist(), strict=True):
            row = int(rows[each])
            named = (self.text(self._endpoint(), row)[:200], self.text(self.version, row)[:60])
            grouped[self.domain_of(row), *self.place(row), *named, int(self.minute[row])][int(taken[each])] = number
        for (domain, service, environment, name, version, minute), histogram in grouped.items():
            found[domain][0].durations.append((service, environment, name, version, minute, histogram))

    def _endpoint(self) -> Coded:
        if self._endpoints is None:
            said = self.batch.attribute(ENDPOINT)
            if ENDPOINT not in self.batch.derived.columns and said.null_count() == len(said):
                said = self.batch.attribute("http.route")
            self._endpoints = encode(said)
            self._words[id(self._endpoints)] = [*self._endpoints.values.to_pylist(), ""]
        return self._endpoints


def _count(view: _View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]) -> None:
    records = np.bincount(view.codes, minlength=len(view.first))
    minutes, received = view.minute[view.first], view.at[view.first]
    by_domain: dict[tuple[str, int], list[int]] = defaultdict(list)
    for code, (domain, _) in places.items():
        by_domain[domain, int(received[code])].append(code)
    for (domain, at), codes in sorted(by_domain.items()):
        own = np.array([places[code][1] for code in codes], np.int64)
        said = np.maximum(minutes[codes], 0)
        found[domain][0].counted.append((at, own, said, records[codes].astype(np.int64)))


def _versions(view: _View, found: Mapping[str, tuple[Observation, int]]) -> None:
    if not len(view.version.values):
        return
    _, first = distinct_rows([view.domain, view.service, view.environment, view.version])
    for row in first.tolist():
        version = view.text(view.version, row)
        if version:
            found[view.domain_of(row)][0].versions.append((*view.place(row), version[:60]))


def _lines(view: _View, places: Mapping[int, tuple[str, int]], found: Mapping[str, tuple[Observation, int]]) -> None:
    """Of patterns whose places say something a sample of lines, evenly over the batch."""
    if not len(view.pattern.values) or TEMPLATE not in view.batch.derived.columns:
        return
    plans = [wildcards.plan(template) if template else None for template in _templates(view)]
    planned = np.array([*(each is not None for each in plans), False], np.bool_)
    rows = np.flatnonzero(planned[view.pattern.codes])
    if len(rows) > _MOST_LINES:
        rows = rows[:: -(-len(rows) // _MOST_LINES)]
    if not len(rows):
        return
    bodies = tables.values_at(view.batch.column("body"), rows).to_list()
    words: Counter[tuple[int, str, str]] = Counter()
    durations: dict[int, float] = {}
    for row, body in zip(rows.tolist(), bodies, strict=True):
        plan = plans[view.pattern.codes[row]]
        for each in wildcards.read(plan, body) if body and plan else ():
            if each.word:
                words[int(view.codes[row]), f"wildcard {each.place + 1}", each.word] += 1
            elif each.duration is not None:
                durations.setdefault(row, each.duration)
            elif each.number is not None:
                pattern, template = view.text(view.pattern, row), view.template(row)
                view.number(row, found, f"{each.place + 1}", each.limit, each.number, template, pattern)
    for (code, name, word), records in words.items():
        domain, place = places[code]
        found[domain][0].values.append((place, name, word, records, int(view.minute[view.first[code]])))
    view.durations(found, np.array([*durations], np.int64), np.array([*durations.values()]))


def _templates(view: _View) -> list[str | None]:
    """The template of each pattern of the batch."""
    first = np.zeros(len(view.pattern.values), np.int64)
    codes = view.pattern.codes
    some = codes >= 0
    first[codes[some][::-1]] = np.flatnonzero(some)[::-1]
    found: list[str | None] = tables.values_at(view.batch.attribute(TEMPLATE), first).to_list()
    return found


def _of_resources(batch: LogBatch, keys: Sequence[str], resource: npt.NDArray[np.uint32]) -> list[Coded]:
    """Attributes of resources, for each record. A batch has few resources: one look at their rows."""
    table, height = batch.resource_attributes, batch.resources.height
    found: dict[str, list[str | None]] = {key: [None] * height for key in keys}
    rows = zip(*(table.get_column(name).to_list() for name in ("owner", "key", "string")), strict=True)
    for owner, key, text in rows:
        if key in found and found[key][owner] is None:
            found[key][owner] = text
    if not height:
        return [_nothing(len(batch)) for _ in keys]
    return [encode(pl.Series(values, dtype=pl.String)).at(resource) for values in found.values()]


def _levels(batch: LogBatch) -> pl.Series:
    given = batch.attribute(LEVEL)
    if LEVEL in batch.derived.columns and not given.null_count():
        return given
    frame = pl.DataFrame(
        [given.alias("given"), batch.column("severity_number"), batch.attribute("error.type").alias("type")]
    )
    return frame.select(level_of(pl.col("given"), pl.col("severity_number"), pl.col("type")).alias("level")).to_series()


def _received(batch: LogBatch) -> Ints:
    """Seconds since the epoch at which each record was received; 0 of what was in no journal."""
    payload, table = batch.column("payload"), batch.payloads.get_column("received_unix_ms")
    if not len(table) or payload.null_count():
        return np.zeros(len(batch), np.int64)
    known = np.array([each or 0 for each in table.to_list()], np.int64) // 1000
    return np.asarray(known[payload.to_numpy()])


def _happened(batch: LogBatch, received: Ints) -> Ints:
    """The minute that each record says, else that in which it was observed, else received."""
    own, observed = (batch.column(name).to_numpy() for name in ("time_unix_nano", "observed_time_unix_nano"))
    said = np.where(own > 0, own, observed) // _MINUTE
    return np.where(said > 0, said.astype(np.int64), received // 60)


def _nothing(height: int) -> Coded:
    return Coded(np.full(height, -1, np.int32), texts([]))


def _coded(numbers: Ints) -> Coded:
    if len(numbers) and (numbers == numbers[0]).all():
        return Coded(np.zeros(len(numbers), np.int32), texts([""]))
    return encode(pl.Series(numbers))
