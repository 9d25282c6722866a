"""The behaviour of `redact`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Work
from collector.privacy.classes.columns import Detectors
from processors.redact.config import RedactConfig
from processors.redact.fates import Fate, Fates
from processors.redact.finding import Finding, rows_of
from processors.redact.hiding import Hiding
from processors.redact.nested import Nested
from processors.redact.tables import AttributeTables

_FIELDS = ("body", "severity_text", "event_name")
_OF_SCOPES = ("name", "version", "schema_url")
_NOBODY: Sequence[str] = ()
Domains = Callable[[], Sequence[str]]


class Redact:
    """See README.md."""

    def __init__(self, config: RedactConfig, context: Context) -> None:
        hiding = Hiding(config, context)
        self._by_domain = hiding.by_domain
        self._fates = Fates(config)
        self._finding = Finding(Detectors(config.classes), hiding)
        self._nested = Nested(self._finding, self._fates)
        self._tables = AttributeTables(self._finding, self._fates, self._nested)

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch without what must not be read; the very tables where nothing is in them."""
        if not len(batch):
            return batch
        domains = {level: self._domains(batch, level) for level in ("record", "resource", "scope")}
        changed: dict[str, Any] = {
            "records": self._fields(batch.records, _FIELDS, domains["record"], nested="body_any"),
            "resources": self._fields(batch.resources, ("schema_url",), domains["resource"]),
            "scopes": self._fields(batch.scopes, _OF_SCOPES, domains["scope"]),
            "attributes": self._tables.apply(batch.attributes, domains["record"]),
            "resource_attributes": self._tables.apply(batch.resource_attributes, domains["resource"]),
            "scope_attributes": self._tables.apply(batch.scope_attributes, domains["scope"]),
            "derived": self._derived(batch.derived, domains["record"]),
        }
        changed = {name: table for name, table in changed.items() if table is not getattr(batch, name)}
        return replace(batch, **changed) if changed else batch

    def _domains(self, batch: LogBatch, level: str) -> Domains:
        """Whose each record, resource or scope is, worked out when it is asked for; nobody's where that does not matter."""
        if not self._by_domain:
            return lambda: _NOBODY

        @cache
        def found() -> Sequence[str]:
            own = batch.column("domain").fill_null("").to_list()
            if level == "record":
                return own
            names = [""] * getattr(batch, f"{level}s").height
            for place, name in zip(batch.column(level).to_list(), own, strict=True):
                names[place] = name
            return names

        return found

    def _fields(self, table: pl.DataFrame, names: Sequence[str], domains: Domains, nested: str = "") -> pl.DataFrame:
        changed = []
        for name in (*names, nested) if nested else names:
            before = table.get_column(name)
            after = self._bodies(before, domains) if name == nested else self._texts(before, domains)
            if after is not before:
                changed.append(after)
        return table.with_columns(changed) if changed else table

    def _bodies(self, values: pl.Series, domains: Domains) -> pl.Series:
        if values.null_count() == len(values):
            return values
        return self._nested.apply(values, [""] * len(values), domains() or [""] * len(values))

    def _texts(self, texts: pl.Series, domains: Domains, attribute: str = "") -> pl.Series:
        """A column of texts of which nothing can be left out."""
        found = self._finding.hits(texts)
        if not len(found.rows):
            return texts
        known = domains()
        own = [known[row] if known else "" for row in rows_of(found)]
        new = self._finding.hidden(found, own, [attribute or texts.name] * len(own))
        return texts.clone().scatter(pl.Series(found.rows), pl.Series(new, dtype=pl.String))

    def _derived(self, table: pl.DataFrame, domains: Domains) -> pl.DataFrame:
        """What processors in front of it set."""
        changed = []
        for column in table.get_columns():
            after = self._of_processor(column, domains)
            if after is not column:
                changed.append(after)
        return table.with_columns(changed) if changed else table

    def _of_processor(self, column: pl.Series, domains: Domains) -> pl.Series:
        fate = self._fates.of(column.name)
        if fate is Fate.STAYS or column.null_count() == len(column):
            return column
        if fate is not Fate.READ:
            known, cls = domains(), self._fates.class_of(column.name)
            given = column.cast(pl.String).to_list()
            new = [
                None if text is None else self._finding.of_named(cls, text, known[row] if known else "", column.name)
                for row, text in enumerate(given)
            ]
            return pl.Series(column.name, new, dtype=pl.String)
        if column.dtype == pl.String:
            return self._texts(column, domains)
        return self._texts(column.cast(pl.String), domains) if self._holds_number(column) else column

    def _holds_number(self, column: pl.Series) -> bool:
        return column.dtype.is_integer() and bool(len(self._finding.hits(column.cast(pl.String)).rows))
