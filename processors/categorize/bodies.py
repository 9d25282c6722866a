"""JSON and logfmt bodies taken apart into attributes (option `parse_bodies`).

Each distinct body is parsed once, in Python; what it holds is joined to its records as columns. An attribute that came
with the record or its resource wins over a field of that name, and names that are ours (`logboom.…`) are left out; the
body itself stays as it is. The attributes are marked (`collector.columns.tables.FROM_BODY`): they never choose a place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

import otlp_wire
from collector.batch import ATTRIBUTES, LogBatch, ValueKind
from collector.columns.tables import FROM_BODY, stack

JSON, LOGFMT = "json", "logfmt"
MAX_BODY = 64 * 1024
MAX_FIELDS = 128
_PAIR = re.compile(r'(?:^|\s)([A-Za-z_][\w.\-/]{0,63})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)')
_OURS = "logboom."
_INT64 = range(-(2**63), 2**63)


def parse_bodies(batch: LogBatch, formats: Collection[str]) -> LogBatch:
    """The batch with the fields of its bodies as attributes."""
    body = batch.column("body")
    likely = pl.Series([False]).new_from_index(0, len(body))
    if JSON in formats:
        likely |= body.str.starts_with("{").fill_null(False)
    if LOGFMT in formats:
        likely |= (body.str.count_matches("=", literal=True) > 1).fill_null(False)
    if not likely.any():
        return batch
    distinct = body.filter(likely).unique(maintain_order=True)
    rows = [row for code, text in enumerate(distinct.to_list()) for row in _rows(code, text, formats)]
    if not rows:
        return batch
    fields = pl.DataFrame(rows, schema={"code": pl.UInt32, **ATTRIBUTES}, orient="row").drop("owner")
    return _joined(batch, distinct, fields)


def _joined(batch: LogBatch, distinct: pl.Series, fields: pl.DataFrame) -> LogBatch:
    codes = pl.DataFrame({"body": distinct}).with_row_index("code")
    owners = batch.records.select(pl.row_index("owner").cast(pl.UInt32), "body", "resource").join(codes, on="body")
    shared = batch.resource_attributes.select(pl.col("owner").alias("resource"), "key")
    added = owners.select("owner", "resource", "code").join(fields, on="code")
    added = added.join(shared, on=["resource", "key"], how="anti").select(list(ATTRIBUTES))
    added = added.join(batch.attributes.select("owner", "key"), on=["owner", "key"], how="anti")
    if batch.derived.width:
        added = added.filter(~pl.col("key").is_in(batch.derived.columns))
    marked = added.with_columns(pl.lit(True).alias(FROM_BODY))
    return replace(batch, attributes=stack([batch.attributes, marked]).sort("owner", maintain_order=True))


def _rows(code: int, text: str, formats: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """The fields of one body as rows of an attribute table, after the number of the body."""
    for key, value in list(_fields(text[:MAX_BODY], formats).items())[:MAX_FIELDS]:
        if key and value is not None and not key.startswith(_OURS):
            yield (code, None, key, *_value(value))


def _fields(text: str, formats: Collection[str]) -> Mapping[str, Any]:
    if JSON in formats and text.startswith("{"):
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            return {}
        return document if isinstance(document, dict) else {}
    if LOGFMT not in formats:
        return {}
    pairs = {key: _unquoted(value) for key, value in _PAIR.findall(text)}
    return pairs if len(pairs) > 1 else {}


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') and len(value) > 1 else value


def _value(value: Any) -> tuple[Any, ...]:
    """(kind, string, bool, int, double, bytes, any) of a field."""
    match value:
        case str():
            return ValueKind.STRING, value, None, None, None, None, None
        case bool():
            return ValueKind.BOOL, None, value, None, None, None, None
        case int() if value in _INT64:
            return ValueKind.INT, None, None, value, None, None, None
        case int() | float():
            return ValueKind.DOUBLE, None, None, None, float(value), None, None
        case _:
            return ValueKind.ANY, None, None, None, None, None, otlp_wire.any_from_python(value)
