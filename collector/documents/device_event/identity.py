"""What kind of event a record is: class, name, category.

SIEM systems correlate by the class, so none of the three holds words out of a body: they stay the same whatever the
language, the user or the number in the message.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.coded import Codes
from collector.documents.device_event.facts import FACTS
from collector.documents.device_event.sources import Attributes, Source, of_column, of_constants

_SOURCE_TYPES = ["", "ui", "logic", "backend"]
_KINDS = ["none", "error", "exception"]
_CLASSES = ["log.record", "log.error", "log.exception"]
_TITLES = ["log record", "error", "exception"]
_PATHS = ["log", "error", "exception"]
_AGGREGATE = "logboom.aggregate"
_UNFIT = r"[\s\p{Cc}|\\=%#]+"
"""Not in a class: separators, and what the CEF standard wants escaped there in a way of its own."""


def classes(batch: LogBatch, attributes: Attributes) -> Iterator[Source]:
    """The class of each record, the least telling first: `log.record` (`log.error`, `log.exception`), `rule:<id>`, `pattern:<id>`,
    `exception:<type>`, the event name."""
    yield of_constants(_kinds(batch), _CLASSES)
    for fact, before in (("rule", "rule:"), ("pattern", "pattern:"), ("reason", "exception:")):
        yield from (_class(source, before) for source in attributes.sources(FACTS[fact]))
    yield from (_class(source, "") for source in _event_names(batch, attributes))


def names(batch: LogBatch, attributes: Attributes) -> Iterator[Source]:
    """A short title: the kind of record with the kind of its source (`backend error`), the exception, the event name."""
    titles = [f"{source} {title}".strip() for source in _SOURCE_TYPES for title in _TITLES]
    yield of_constants(_combined(batch), titles)
    yield from attributes.sources(FACTS["reason"])
    yield from _event_names(batch, attributes)


def categories(batch: LogBatch) -> Source:
    """`/backend/exception`: where it comes from and what kind of record it is."""
    paths = [f"/{source}/{path}" if source else f"/{path}" for source in _SOURCE_TYPES for path in _PATHS]
    return of_constants(_combined(batch), paths)


def _event_names(batch: LogBatch, attributes: Attributes) -> Iterator[Source]:
    yield from attributes.sources(("event.name",))
    names = batch.column("event_name")
    if not (names == "").all():
        yield of_column(names.set(names.is_in(["", _AGGREGATE]), None))  # an aggregate keeps the class of its records


def _class(source: Source, before: str) -> Source:
    fit = source.values.str.replace_all(_UNFIT, "_").str.strip_chars("_")
    fit = fit.set(fit == "", None)
    return Source(source.owners, source.codes, pl.select(pl.concat_str(pl.lit(before), pl.lit(fit))).to_series())


def _combined(batch: LogBatch) -> Codes:
    source = _codes(batch.attribute("logboom.source_type"), _SOURCE_TYPES)
    return source * np.int32(len(_KINDS)) + _kinds(batch)


def _kinds(batch: LogBatch) -> Codes:
    by_severity = (batch.column("severity_number").to_numpy() >= 17).astype(np.int32)
    kinds = _codes(batch.attribute("logboom.error_type"), _KINDS)
    return np.maximum(by_severity, kinds)


def _codes(column: pl.Series, words: list[str]) -> Codes:
    codes = column.replace_strict(dict(zip(words, range(len(words)), strict=True)), default=0, return_dtype=pl.Int32)
    return codes.to_numpy()
