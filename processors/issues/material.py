"""A batch → which of its records are errors that belong to issues, and what of them grouping and counting look at, a column each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.columns.tables import values_at
from collector.ottl.columns import AttributeColumns, Reader
from collector.ottl.paths import TEXT, Source, Table
from processors.issues.column import Column, column_of, of_coded

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

Nanos = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Material:
    """Records that belong to issues: their positions, and what `logboom.triage.level` says of each."""

    rows: Rows
    levels: Column


def material(batch: LogBatch, levels: frozenset[str]) -> Material | None:
    """The records of these levels that were sent; None when there is none."""
    if LEVEL not in batch.derived.columns:
        return None
    said = encode(batch.derived.get_column(LEVEL))
    names = said.values.to_pylist()
    chosen = np.array([*(level in levels for level in names), False], dtype=np.bool_)[said.codes]
    if chosen.any() and (generation := batch.generation) is not None:
        chosen &= (generation == 0).to_numpy()
    rows = np.flatnonzero(chosen)
    return Material(rows, Column(said.codes[rows], names)) if rows.size else None


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
        return values_at(self.batch.column(name), self.rows)

    @cached_property
    def _record(self) -> AttributeColumns:
        return AttributeColumns(self.batch.attributes, (*_KEYS, *self.extra), len(self.batch))

    @cached_property
    def _resource(self) -> AttributeColumns:
        keys = (*_RESOURCE_KEYS, *self.extra)
        return AttributeColumns(self.batch.resource_attributes, keys, self.batch.resources.height)

    @cached_property
    def _derived(self) -> frozenset[str]:
        return frozenset(self.batch.derived.columns)

    @cached_property
    def _nothing(self) -> Column:
        return Column(np.full(len(self), -1, dtype=np.int32), [])

    def attribute(self, *keys: str) -> Column:
        """The first of the attributes that a record has, as text."""
        return self._first([self._own(key) for key in keys if key in self._derived or key in self._record.present])

    def _own(self, key: str) -> Column:
        if key not in self._derived:
            return of_coded(self._record.coded(key, TEXT).at(self.rows))
        column = values_at(self.batch.derived.get_column(key), self.rows)
        return column_of(column if column.dtype == pl.String else column.cast(pl.String))

    def _first(self, found: Sequence[Column]) -> Column:
        """Of several columns the first that says something; a value may stand twice among the values."""
        present = [column for column in found if column.values]
        if len(present) < 2:
            return present[0] if present else self._nothing
        codes, values = present[0]
        for column in present[1:]:
            if (codes >= 0).all():
                break
            codes = np.where(codes >= 0, codes, np.where(column.codes >= 0, column.codes + len(values), -1))
            values = values + column.values
        return Column(codes.astype(np.int32), values)

    def resource(self, *keys: str) -> Column:
        """The first of the resource attributes that a record has."""
        present = [key for key in keys if key in self._resource.present]
        return self._first([of_coded(self._resource.coded(key, TEXT)).at(self._at("resource")) for key in present])

    def either(self, key: str) -> Column:
        """The attribute of a record, else of its resource."""
        return self._first([self.attribute(key), self.resource(key)])

    def _at(self, level: str) -> npt.NDArray[np.uint32]:
        """The place of each record's resource, scope or payload."""
        at: npt.NDArray[np.uint32] = self.batch.column(level).to_numpy()[self.rows]
        return at

    @cached_property
    def domain(self) -> Column:
        """Whose each record is."""
        return column_of(self.field("domain"))

    @cached_property
    def service(self) -> Column:
        """`service.name`."""
        return self.resource("service.name")

    @cached_property
    def environment(self) -> Column:
        """Of the record, as categorize found it, else of its resource."""
        return self._first([self.attribute(_ENVIRONMENT), self.resource(_ENVIRONMENT, "deployment.environment")])

    @cached_property
    def component(self) -> Column:
        """`logboom.component`."""
        return self.attribute(COMPONENT)

    @cached_property
    def logger(self) -> Column:
        """The scope's name; where it has none, the service."""
        names = self.batch.scopes.get_column("name").to_list()
        named = column_of(pl.Series([name or None for name in names], dtype=pl.String))
        return self._first([named.at(self._at("scope")), self.service])

    @cached_property
    def source(self) -> Column:
        """Component, logger or service."""
        return self._first([self.component, self.logger])

    @cached_property
    def body(self) -> Column:
        """The body as text; maps and lists as JSON."""
        bodies = self.field("body")
        if not (missing := bodies.null_count()):
            return column_of(bodies)
        at = np.flatnonzero(bodies.is_null().to_numpy()) if missing < len(bodies) else np.arange(len(bodies))
        source = Source(Table.FIELD, "body")
        said = Reader(self.batch.gather(pl.Series(self.rows[at])), [source]).coded(source, TEXT)
        texts = bodies.to_list()
        for place, text in zip(at.tolist(), of_coded(said).texts(np.arange(len(at))), strict=True):
            texts[place] = text or None
        return column_of(pl.Series(texts, dtype=pl.String))

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
        flags = ["\n" in value for value in self.body.values]
        return np.array([*flags, False], dtype=np.bool_)[self.body.codes]
