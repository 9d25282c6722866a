"""What an entry says: its text, or its map.

text    "textPayload":"…"     a string body; numbers and arrays as their JSON, bytes in base64
map     "jsonPayload":{…}     a body that is a map; for Error Reporting each body, with its `@type`
"""

from __future__ import annotations

from typing import NamedTuple

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.bodies import has_structured, structured_bodies

_TYPE = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"


class Payloads(NamedTuple):
    """Each record's: one of the two, or neither. `text` is plain, `structure` is JSON."""

    text: pl.Series
    structure: pl.Series


def payloads(batch: LogBatch, reported: pl.Series) -> Payloads:
    """`reported`: which records are for Error Reporting."""
    found = _payloads(batch)
    return _for_error_reporting(found, reported) if reported.any() else found


def _payloads(batch: LogBatch) -> Payloads:
    text = batch.column("body")
    if not has_structured(batch):
        return Payloads(text, pl.Series("object", [None] * len(batch), dtype=pl.String))
    other = structured_bodies(batch)
    is_map = other.str.starts_with("{").fill_null(False)
    rest = other.set(is_map, None).str.strip_chars('"')  # of all others only bytes have quotes, around base64
    return Payloads(text.zip_with(text.is_not_null(), rest), other.set(~is_map, None))


def _for_error_reporting(found: Payloads, reported: pl.Series) -> Payloads:
    """With the type that it goes by; a text becomes `message`."""
    message = pl.concat_str(
        pl.lit(f'{{"@type":"{_TYPE}","message":'), pl.lit(quoted(found.text.fill_null(""))), pl.lit("}")
    )
    marked = pl.concat_str(pl.lit(f'{{"@type":"{_TYPE}",'), pl.lit(found.structure).str.strip_prefix("{"))
    made = pl.select(pl.coalesce(marked, message).str.replace(",}$", "}").alias("object")).to_series()
    twice = (found.structure.str.contains('"@type"', literal=True).fill_null(False) & reported).arg_true()
    if len(twice):  # a map that has one of its own: an object may hold a name once
        made = made.scatter(twice, [_retyped(text) for text in found.structure.gather(twice)])
    return Payloads(found.text.set(reported, None), made.zip_with(reported, found.structure))


def _retyped(text: str) -> str:
    return orjson.dumps({**orjson.loads(text), "@type": _TYPE}).decode()
