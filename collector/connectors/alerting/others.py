"""Alerts that others tell (`logboom.alert.received`): they are known by all their labels, end as their source says, and bring texts along. Only an
event can say that: what was sent as a log is a record, whatever it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
import polars as pl

from collector.alert_commands import ANNOTATIONS, RECEIVED
from collector.alert_commands import ENDS as ENDS_ATTRIBUTE
from collector.alert_commands import LABELS as LABELS_ATTRIBUTE
from collector.batch import LogBatch
from collector.connectors.alerting.words import LABELS as STANDARD

LABELS, ENDS = "\0source", "\0until"
_OURS = frozenset(STANDARD) - {"service", "environment", "component"}
_MOST_CHARS, _MOST_NOTE, _MOST = 200, 1000, 40


def columns(batch: LogBatch, rows: pl.Series) -> Sequence[pl.Series]:
    """Labels (JSON) and ends (ns) of those among some records; nothing where there are none."""
    if batch.generation is None:
        return ()
    theirs = _theirs(batch, rows)
    if not theirs.any():
        return ()
    labels_ = _text(batch, LABELS_ATTRIBUTE, rows, theirs)
    ends = _text(batch, ENDS_ATTRIBUTE, rows, theirs).cast(pl.Int64, strict=False)
    return labels_.alias(LABELS), ends.alias(ENDS)


def labels(text: str) -> dict[str, str]:
    """As their source wrote them; names that mean something else here have `source_` in front."""
    found = list(_object(text, _MOST_CHARS).items())[:_MOST]
    return {f"source_{name}" if name in _OURS else name: value for name, value in found}


def notes(batch: LogBatch, rows: Sequence[int]) -> list[Mapping[str, str]]:
    """The texts of some records; empty where they bring none."""
    at = pl.Series(rows, dtype=pl.UInt32)
    texts = _text(batch, ANNOTATIONS, at, _theirs(batch, at)).to_list()
    return [_object(text or "", _MOST_NOTE) for text in texts]


def _theirs(batch: LogBatch, rows: pl.Series) -> pl.Series:
    assert batch.generation is not None
    return (batch.generation.gather(rows) > 0) & (batch.column("event_name").gather(rows) == RECEIVED)


def _text(batch: LogBatch, name: str, rows: pl.Series, theirs: pl.Series) -> pl.Series:
    return batch.attribute_text(name).gather(rows).zip_with(theirs, pl.Series([None], dtype=pl.String))


def _object(text: str, most_chars: int) -> dict[str, str]:
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return {str(name): str(value)[:most_chars] for name, value in found.items()} if isinstance(found, dict) else {}
