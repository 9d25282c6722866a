"""What kind of event a record is: class, name, category.

SIEM systems correlate by the class, so none of the three holds words out of a body: they stay the same whatever the
language, the user or the number in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Codes
from collector.columns.memo import each
from collector.documents.device_event.sources import Attributes, Source, of_column, of_constants
from collector.documents.facts.names import FACTS

_SOURCE_TYPES = ["", "ui", "logic", "backend"]
_ERROR_TYPES = ["none", "error", "exception"]
_CLASSES = ["log.record", "log.error", "log.exception"]
_TITLES = ["log record", "error", "exception"]
_PATHS = ["log", "error", "exception"]
_ALL_TITLES = [f"{source} {title}".strip() for source in _SOURCE_TYPES for title in _TITLES]
_ALL_PATHS = [f"/{source}/{path}" if source else f"/{path}" for source in _SOURCE_TYPES for path in _PATHS]
_ERROR = 17
_AGGREGATE = "logboom.aggregate"
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f|\\=%#]+")
"""Not in a class: separators, and what the CEF standard wants escaped there in a way of its own."""


class Identity:
    """The sources of class, name and category, each with the least telling first."""

    def __init__(self, batch: LogBatch, attributes: Attributes) -> None:
        self._reasons = list(attributes.sources(FACTS["reason"]))
        self._events = [*attributes.sources(("event.name",)), *_event_names(batch.column("event_name"))]
        self._attributes = attributes
        severe = (batch.column("severity_number").to_numpy() >= _ERROR).astype(np.int32)
        self._kinds = np.maximum(severe, _codes(attributes, "logboom.error_type", _ERROR_TYPES, len(batch)))
        source_types = _codes(attributes, "logboom.source_type", _SOURCE_TYPES, len(batch))
        self._combined = source_types * np.int32(len(_ERROR_TYPES)) + self._kinds

    def classes(self) -> Iterator[Source]:
        """`log.record` (`log.error`, `log.exception`), `rule:<id>`, `pattern:<id>`, `exception:<type>`, event name."""
        yield of_constants(self._kinds, _CLASSES)
        for fact, before in (("rule", "rule:"), ("pattern", "pattern:")):
            yield from (_class(source, before) for source in self._attributes.sources(FACTS[fact]))
        yield from (_class(source, "exception:") for source in self._reasons)
        yield from (_class(source, "") for source in self._events)

    def names(self) -> Iterator[Source]:
        """A short title: kinds of source and record (`backend error`), the type of the exception, the event name."""
        yield of_constants(self._combined, _ALL_TITLES)
        yield from self._reasons
        yield from self._events

    def categories(self) -> Source:
        """`/backend/exception`: where it comes from and what kind of record it is."""
        return of_constants(self._combined, _ALL_PATHS)


def _event_names(column: pl.Series) -> Iterator[Source]:
    source = of_column(column)
    named = source.values.set(
        (source.values == "") | (source.values == _AGGREGATE), None
    )  # an aggregate keeps its records' class
    if named.null_count() < len(named):
        yield Source(None, source.codes, named)


def _class(source: Source, before: str) -> Source:
    fit = pl.Series(_fit(source.values.to_list()), dtype=pl.String)
    return Source(source.owners, source.codes, before + fit)


def _fit_one(value: str | None) -> str | None:
    return _UNFIT.sub("_", value).strip("_") or None if value else None


_fit = each(_fit_one)


def _codes(attributes: Attributes, name: str, words: list[str], height: int) -> Codes:
    """The place of each record's value among `words`, 0 where it is none of them."""
    codes = np.zeros(height, dtype=np.int32)
    places = {word: place for place, word in enumerate(words)}
    for source in attributes.sources((name,)):
        of_values = np.array([places.get(value, 0) for value in source.values.to_list()], dtype=np.int32)
        given = source.codes >= 0
        owners = np.flatnonzero(given) if source.owners is None else source.owners[given]
        codes[owners] = of_values[source.codes[given]]
    return codes
