"""A batch → which of its records are errors that belong to issues, and what of them grouping and counting look at, a column each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, encode
from collector.columns.dictionary import texts as as_texts
from collector.ottl.columns import AttributeColumns
from collector.ottl.paths import TEXT

LEVEL = "logboom.triage.level"
PATTERN = "logboom.pattern.id"
COMPONENT = "logboom.component"
ENDPOINT = "logboom.endpoint"
RULE = "logboom.triage.rule"
TEMPLATES = ("log.template", "message_template.text", "message_template", "{OriginalFormat}", "log.record.template")
EXPLICIT = (
    "logboom.issue.fingerprint",
    "error.fingerprint",
    "exception.fingerprint",
    "sentry.fingerprint",
    "fingerprint",
)
USERS = ("user.id", "enduser.id", "user.email", "user.name")
_ENVIRONMENT = "deployment.environment.name"
_EXCEPTION = ("exception.type", "exception.message", "exception.stacktrace")
_KEYS = (*_EXCEPTION, *TEMPLATES, *EXPLICIT, *USERS, PATTERN, COMPONENT, ENDPOINT, RULE, _ENVIRONMENT, "error.type")
_RESOURCE_KEYS = ("service.name", "service.version", "host.name", _ENVIRONMENT, "deployment.environment")
_LATE_NANOS, _AHEAD_NANOS = 15 * 60 * 10**9, 60 * 10**9

_LAST = (1 << 63) - 1
_TIMES = ("time_unix_nano", "observed_time_unix_nano")
_DIGITS = re.compile(r"\d+")

Nanos = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


def material(batch: LogBatch, levels: frozenset[str]) -> Rows | None:
    """Positions of the records of these levels that were sent; None when there is none."""
    if LEVEL not in batch.derived.columns:
        return None
    said = encode(batch.derived.get_column(LEVEL))
    wanted = [level in levels for level in said.values.to_pylist()]
    chosen = np.array([*wanted, False], dtype=np.bool_)[said.codes]
    if chosen.any() and (generation := batch.generation) is not None:
        chosen &= (generation == 0).to_numpy()
    positions = np.flatnonzero(chosen)
    return positions if positions.size else None


@dataclass(frozen=True)
class Columns:
    """Some records of one batch, at `rows`; `extra`: further attributes that rules ask for."""

    batch: LogBatch
    rows: Rows
    extra: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.rows)

    def field(self, name: str) -> pl.Series:
        """A field of the records."""
        return self.batch.column(name)[self.rows]

    @cached_property
    def _record(self) -> AttributeColumns:
        return AttributeColumns(self.batch.attributes, (*_KEYS, *self.extra), len(self.batch))

    @cached_property
    def _resource(self) -> AttributeColumns:
        keys = (*_RESOURCE_KEYS, *self.extra)
        return AttributeColumns(self.batch.resource_attributes, keys, self.batch.resources.height)

    @cached_property
    def _nothing(self) -> Coded:
        return Coded(np.full(len(self), -1, dtype=np.int32), pl.Series([], dtype=pl.String).to_arrow())

    def attribute(self, *keys: str) -> Coded:
        """The first of the attributes that a record has, as text."""
        return self._first([self._own(key) for key in keys])

    def _own(self, key: str) -> Coded | None:
        if key in self.batch.derived.columns:
            column = self.batch.derived.get_column(key)[self.rows]
            return None if column.null_count() == len(column) else encode(column.cast(pl.String))
        return self._record.coded(key, TEXT).at(self.rows) if key in self._record.present else None

    def _first(self, found: Sequence[Coded | None]) -> Coded:
        """Of several columns the first that says something; a value may stand twice among the values."""
        present = [column for column in found if column is not None and len(column.values)]
        if len(present) < 2:
            return present[0] if present else self._nothing
        codes, values = present[0].codes, present[0].values.to_pylist()
        for column in present[1:]:
            if (codes >= 0).all():
                break
            codes = np.where(codes >= 0, codes, np.where(column.codes >= 0, column.codes + len(values), np.int32(-1)))
            values += column.values.to_pylist()
        return Coded(codes.astype(np.int32), as_texts(values))

    def resource(self, *keys: str) -> Coded:
        """The first of the resource attributes that a record has."""
        at = self._at("resource")
        return self._first([self._resource.coded(key, TEXT).at(at) for key in keys if key in self._resource.present])

    def either(self, key: str) -> Coded:
        """The attribute of a record, else of its resource."""
        return self._first([self._own(key), self.resource(key)])

    def _at(self, level: str) -> npt.NDArray[np.uint32]:
        """The place of each record's resource, scope or payload."""
        at: npt.NDArray[np.uint32] = self.batch.column(level).to_numpy()[self.rows]
        return at

    @cached_property
    def service(self) -> Coded:
        """`service.name`."""
        return self.resource("service.name")

    @cached_property
    def environment(self) -> Coded:
        """Of the record, as categorize found it, else of its resource."""
        return self._first([self._own(_ENVIRONMENT), self.resource(_ENVIRONMENT, "deployment.environment")])

    @cached_property
    def component(self) -> Coded:
        """`logboom.component`."""
        return self.attribute(COMPONENT)

    @cached_property
    def logger(self) -> Coded:
        """The scope's name; where it has none, the service."""
        named = encode(self.batch.scopes.get_column("name"))
        names = named.where(np.array([bool(name) for name in named.values.to_pylist()], dtype=np.bool_))
        names = names.at(self._at("scope"))
        return self._first([names, self.service])

    @cached_property
    def source(self) -> Coded:
        """Component, logger or service."""
        return self._first([self.component, self.logger])

    @cached_property
    def body(self) -> Coded:
        """The body where it is text."""
        return encode(self.field("body"))

    @cached_property
    def received(self) -> Nanos:
        """When each record was received; where that is not known, when it happened."""
        at = self.batch.payloads.get_column("received_unix_ms")
        known = at.fill_null(0) if at.null_count() else at
        nanos = known.to_numpy().astype(np.int64)[self._at("payload")] * 1_000_000
        return np.where(nanos > 0, nanos, self._said)

    @cached_property
    def _said(self) -> Nanos:
        """The time that a record gives, else when it was observed; 0: neither."""
        time, observed = (self.batch.column(name).to_numpy()[self.rows] for name in _TIMES)
        return np.minimum(np.where(time > 0, time, observed), np.uint64(_LAST)).astype(np.int64)

    @cached_property
    def time(self) -> Nanos:
        """When each record happened: not later than a minute behind its receipt, whatever its clock says."""
        said = np.where(self._said > 0, self._said, self.received)
        return np.minimum(said, self.received + _AHEAD_NANOS)

    @cached_property
    def late(self) -> npt.NDArray[np.bool_]:
        """Which happened more than 15 minutes before they were received: they count, and decide nothing."""
        return self.time < self.received - _LATE_NANOS

    def has_lines(self) -> npt.NDArray[np.bool_]:
        """Which bodies have several lines."""
        flags = [value is not None and "\n" in value for value in self.body.values.to_pylist()]
        return np.array([*flags, False], dtype=np.bool_)[self.body.codes]


def masked(column: Coded, kept: npt.NDArray[np.bool_]) -> Coded:
    """Null where it does not count."""
    return column if kept.all() else Coded(np.where(kept, column.codes, np.int32(-1)), column.values)


def texts(column: Coded, rows: npt.NDArray[np.integer]) -> list[str]:
    """The values of some rows; empty for null."""
    values = column.values.to_pylist()
    return [values[code] if code >= 0 else "" for code in column.codes[rows].tolist()]


def collapsed(column: Coded) -> Coded:
    """Texts that differ in their digits alone as one: a key, not a text."""
    used = column.used(column.codes)
    if not used.size:
        return column
    values = column.values.to_pylist()
    places: dict[str, int] = {}
    of_value = np.full(len(values) + 1, -1, dtype=np.int32)
    of_value[used] = [places.setdefault(_DIGITS.sub("0", values[at]), len(places)) for at in used.tolist()]
    return Coded(of_value[column.codes], as_texts(list(places)))
