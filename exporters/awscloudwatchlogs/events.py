"""`LogBatch` → the events of a `PutLogEvents` call, in the order of their times.

{"body":"…","severity_number":9,"severity_text":"INFO","trace_id":"0102…","span_id":"…","attributes":{…},"scope":{…},"resource":{…}}
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.bodies import body_text, structured_bodies
from collector.documents.facts import happened, said
from collector.documents.framing import json_array
from collector.documents.objects import attributes_json, resource_json, scope_json
from collector.outcomes import Items

EVENT_BYTES = 26
"""Counted for each event beside its message."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events as a JSON array, in order of time.

    Args:
        order: of each event the record's position in the batch.
        empty: positions of records that have nothing to say, and no event.
        size_bytes: as CloudWatch counts it.
    """

    content: bytes
    order: Items
    empty: Items
    size_bytes: int


def events(batch: LogBatch, raw: bool) -> Events:
    """`raw`: the bodies alone."""
    message = body_text(batch) if raw else records(batch)
    message = message.set(message == "", None)
    time = (happened(batch) // 1_000_000).cast(pl.Int64).to_numpy()
    order = np.argsort(time, kind="stable").astype(np.uint32)
    missing = message.is_null().to_numpy()
    order, empty = order[~missing[order]], np.flatnonzero(missing).astype(np.uint32)
    told = message.gather(order)
    members = (
        pl.lit('{"timestamp":'), pl.lit(pl.Series(time[order])), pl.lit(',"message":'), pl.lit(quoted(told)), pl.lit("}"),
    )  # fmt: skip
    texts = pl.select(pl.concat_str(members).alias("event")).to_series() if len(told) else told
    return Events(json_array(texts), order, empty, int(told.str.len_bytes().sum()) + EVENT_BYTES * len(told))


def records(batch: LogBatch) -> pl.Series:
    """Each record as JSON; what it does not say is left out."""
    batch = said(batch)
    members = {
        "body": _bodies(batch),
        **{name: _number(batch.column(name)) for name in ("severity_number", "dropped_attributes_count", "flags")},
        "severity_text": _text(batch.column("severity_text")),
        **{name: _text(batch.column(name).bin.encode("hex")) for name in ("trace_id", "span_id")},
        "attributes": _object(attributes_json(batch)),
        "scope": _scopes(batch),
        "resource": _object(resource_json(batch)),
    }
    pieces = [
        pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text)).fill_null("")
        for name, text in members.items()
        if text.null_count() < len(text)
    ]
    inner = pl.concat_str(pieces).str.strip_prefix(",") if pieces else pl.lit(pl.Series([""] * len(batch)))
    return pl.select(pl.concat_str(pl.lit("{"), inner, pl.lit("}")).alias("json")).to_series()


def _bodies(batch: LogBatch) -> pl.Series:
    text = quoted(batch.column("body"))
    other = structured_bodies(batch)
    return text.zip_with(text.is_not_null(), other.set(other == "null", None))


def _scopes(batch: LogBatch) -> pl.Series:
    """Of scopes that have a name."""
    name = batch.scope_field("name")
    members = {
        "name": _text(name),
        "version": _text(batch.scope_field("version")),
        "attributes": _object(scope_json(batch)),
    }
    pieces = [pl.concat_str(pl.lit(f',"{key}":'), pl.lit(text)).fill_null("") for key, text in members.items()]
    whole = pl.select(pl.concat_str(pl.lit("{"), pl.concat_str(pieces).str.strip_prefix(","), pl.lit("}"))).to_series()
    return whole.set((name == "").fill_null(True), None)


def _number(column: pl.Series) -> pl.Series:
    return column.set(column == 0, None).cast(pl.String)


def _text(column: pl.Series) -> pl.Series:
    return quoted(column.set(column == "", None))


def _object(text: pl.Series) -> pl.Series:
    return text.set(text == "{}", None)


def head(group: str, stream: str) -> bytes:
    """What stands in front of the events."""
    return orjson.dumps({"logGroupName": group, "logStreamName": stream})[:-1] + b',"logEvents":'
