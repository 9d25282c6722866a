"""The columns of a batch that all of it looks at, as codes: whose records, of what, when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Sized
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, distinct_rows, encode, texts
from collector.levels import level as level_of
from processors.anomalies.latency import buckets
from processors.anomalies.observation import Observation
from processors.anomalies.watch import Key

PATTERN, TEMPLATE = "logboom.pattern.id", "logboom.pattern.template"
LEVEL, ENVIRONMENT, ENDPOINT = "logboom.triage.level", "deployment.environment.name", "logboom.endpoint"
GRACE_SECS = 20
"""Minutes end so much later, so that what is on its way belongs to its own."""
MOST_LINES = 256
_MINUTE = 60_000_000_000
Ints = npt.NDArray[np.int64]


class _Numbered(NamedTuple):
    """Codes, and as many things as they tell apart."""

    codes: npt.NDArray[np.int32]
    values: Sized


class View:
    """See the module."""

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
        for row, value in zip(rows[-MOST_LINES:].tolist(), values[-MOST_LINES:].tolist(), strict=True):
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


def _of_resources(batch: LogBatch, keys: Sequence[str], resource: npt.NDArray[np.uint32]) -> list[Coded]:
    """Attributes of resources, for each record. A batch has few resources: one look at their rows."""
    table, height = batch.resource_attributes, batch.resources.height
    found: dict[str, list[str | None]] = {key: [None] * height for key in keys}
    rows = zip(*(table.get_column(name).to_list() for name in ("owner", "key", "string")), strict=True)
    for owner, key, text in rows:
        if key in found and found[key][owner] is None:
            found[key][owner] = text
    if not height:
        return [nothing(len(batch)) for _ in keys]
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


def nothing(height: int) -> Coded:
    """A column in which nobody says anything."""
    return Coded(np.full(height, -1, np.int32), texts([]))


def _coded(numbers: Ints) -> Coded:
    if len(numbers) and (numbers == numbers[0]).all():
        return Coded(np.zeros(len(numbers), np.int32), texts([""]))
    return encode(pl.Series(numbers))
