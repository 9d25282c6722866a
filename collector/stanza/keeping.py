"""Groups of entries that are open at the end of a step, as state: the entry that all are to become, their texts, and when it is over."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import orjson
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.stanza.absent import ABSENT
from collector.stanza.columns import items, taken
from collector.stanza.frame import Frame
from collector.stanza.operators.recombine import Group

_BYTES = "\0bytes"
_FIELDS = ("time_unix_nano", "severity_number", "severity_text", "trace_id", "span_id", "flags")


def name_of(node: str, source: str) -> str:
    """Of the state, and of the time when it is over: names are short, sources are not."""
    return "open " + xxhash.xxh3_128_hexdigest(f"{node}\0{source}".encode())


def prefix() -> bytes:
    """What all of them begin with."""
    return b"open "


def packed(node: str, source: str, group: Group, said: list[str], frame: Frame, batch: LogBatch) -> bytes:
    """`said`: what the group says so far."""
    row = np.array([group.base])
    record = batch.records[int(frame.origin[group.base])].row(0, named=True)
    fields = {name: record[name] for name in _FIELDS if record[name]}
    fields |= {
        name: each for name, column in frame.fields.items() if (each := items(taken(column, row))[0]) is not ABSENT
    }
    value = {
        "node": node, "source": source, "texts": said, "entries": group.entries, "size": group.size, "matched": group.matched,
        "since": group.since_unix_nano, "body": items(taken(frame.body, row))[0],
        "attributes": frame.attributes.row_maps(row)[0], "resource": frame.resource.row_maps(row)[0],
        "fields": fields,
        "id": record["record_id"], "domain": record["domain"], "observed": record["observed_time_unix_nano"],
    }  # fmt: skip
    return orjson.dumps(_plain(value))


def unpacked(data: bytes) -> dict[str, Any]:
    """What `packed` wrote."""
    found: dict[str, Any] = _rich(orjson.loads(data))
    return found


def _plain(value: Any) -> Any:
    if value is ABSENT:
        return {_BYTES: None}
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_BYTES}:
            return ABSENT if value[_BYTES] is None else b64decode(value[_BYTES])
        return {key: _rich(each) for key, each in value.items()}
    return [_rich(each) for each in value] if isinstance(value, list) else value


def records_of(kept: list[dict[str, Any]]) -> LogBatch:
    """Records that hold the ids and times of kept entries; what they say is put in by the frame."""
    return LogBatch.of({
        "observed_time_unix_nano": [each["observed"] for each in kept],
        "record_id": pl.Series([each["id"] for each in kept], dtype=pl.String),
        "domain": pl.Series([each["domain"] for each in kept], dtype=pl.String),
    })  # fmt: skip
