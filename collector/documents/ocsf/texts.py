"""Message, severity, times: fields of the record itself, as columns."""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import encode
from collector.columns.tables import nulls
from collector.documents.ocsf.catalogue import MAX_TEXT
from collector.documents.ocsf.fields import Part, some_too_long

_SEVERITIES = ("Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal")
_TEXTS = pl.Series([f'{number},"severity":"{name}"' for number, name in enumerate(_SEVERITIES)])
_OF_NUMBER = np.array([0] + [1] * 12 + [3] * 4 + [4] * 4 + [6] * 4, dtype=np.uint8)
"""SeverityNumber 0 to 24 → `severity_id`."""
_OF_LEVEL = {"critical": 5, "warning": 3, "info": 1, "debug": 1}
_CRITICAL, _FATAL = 5, 6


def severities(batch: LogBatch, part: Part) -> pl.Series:
    """`4,"severity":"High"`. A triage level decides, except that what is fatal and critical stays Fatal."""
    number = batch.column("severity_number").to_numpy()
    found = _OF_NUMBER[np.where((number >= 1) & (number <= 24), number, 0).astype(np.intp)]
    level = part.text("logboom.triage.level", take=False)
    if level is not None:
        coded = encode(level)
        of_values = np.array([_OF_LEVEL.get(value, 0) for value in coded.values.to_pylist()] + [0], dtype=np.uint8)
        decided = of_values[coded.codes]
        found = np.where((decided == 0) | ((found == _FATAL) & (decided == _CRITICAL)), found, decided)
    return _TEXTS.gather(pl.Series(found))


def times(batch: LogBatch) -> pl.Series:
    """Milliseconds as text: when it happened, else when it was observed, else received (else 0)."""
    known = [pl.when(pl.col(name) > 0).then(pl.col(name) // 1_000_000) for name in _TIMES]
    received = nulls("received", pl.UInt64(), len(batch))
    if batch.payloads.height:
        received = batch.payloads.get_column("received_unix_ms").gather(batch.column("payload"))
    return batch.records.select(pl.coalesce(*known, pl.lit(received), 0).cast(pl.String).alias("time")).to_series()


_TIMES = ("time_unix_nano", "observed_time_unix_nano")


def messages(batch: LogBatch, structured_bodies: pl.Series) -> pl.Series:
    """The body; without a string body the event's name, else the body's JSON. Cut to what a field holds."""
    event = batch.column("event_name")
    body = batch.column("body")
    choices = (body.set(body == "", None), event.set(event == "", None), structured_bodies)
    text = pl.select(pl.coalesce([pl.lit(choice) for choice in choices]).alias("message")).to_series()
    return short(text)


def short(text: pl.Series) -> pl.Series:
    """Text cut to what a field holds; null for an empty one."""
    text = text.set(text == "", None)
    return text.str.slice(0, MAX_TEXT) if some_too_long(text) else text


def long_bodies(batch: LogBatch) -> pl.Series:
    """The bodies that `messages` cut."""
    body = batch.column("body")
    if not some_too_long(body):
        return nulls("body", pl.String(), len(body))
    return body.set(body.str.len_chars() <= MAX_TEXT, None)


def hex_ids(ids: pl.Series) -> pl.Series:
    """Trace and span ids in hex; null for none."""
    digits = ids.bin.encode("hex")
    return digits.set(digits.str.strip_chars("0") == "", None)


def counts(values: pl.Series) -> pl.Series:
    """Numbers as JSON; null for 0."""
    return values.set(values == 0, None).cast(pl.String)
