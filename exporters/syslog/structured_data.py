"""STRUCTURED-DATA (RFC 5424, section 6.3): `[id name="value" …][id2 …]`.

Two sources: the attribute `structured_data`, a map of maps as otelcol's syslog parser makes it, and an element of ours
with chosen attributes. Names keep to `SD-NAME`, values are escaped, control characters are made visible: a value can end
neither its quotes nor its message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import orjson
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import ValueKind
from collector.columns.text_buffers import ranges
from exporters.syslog.config import StructuredData
from exporters.syslog.control_characters import IN_TEXT, visible

ATTRIBUTE = "structured_data"
REGISTERED = frozenset({"timeQuality", "origin", "meta"})
"""The SD-IDs that need no enterprise number."""
_NAME_LIMIT = 32
_NOT_IN_NAME = r'[^!-~]|[="\[\]]'
"""SD-NAME may hold an opening bracket; parsers that look for the next element would stumble over it."""
_ESCAPES = {character: f"\\{character}" for character in '"\\]'}
_SINGLE = str.maketrans({**IN_TEXT, **_ESCAPES})


def structured_data(
    batch: LogBatch, options: StructuredData, given: LogBatch | None, elsewhere: Collection[str]
) -> pl.Expr | None:
    """STRUCTURED-DATA of each record, null for none; None when no record has any.

    Args:
        given: the batch whose attribute `structured_data` counts; None when no record has it.
        elsewhere: attributes that need not stand in our element.
    """
    parts = []
    if given is not None:
        parts.append(_from_attribute(given, options))
    if options.enterprise_number:
        parts.append(_own(batch, options, elsewhere))
    if not parts:
        return None
    joined = pl.concat_str([pl.lit(part) for part in parts], ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _from_attribute(batch: LogBatch, options: StructuredData) -> pl.Series:
    """Elements of the attribute `structured_data`, once for each distinct value. An element of the name that ours has is
    left out: no name may come twice in a message (RFC 5424, section 6.3.2), and what we say no sender may say for us."""
    from otlp_wire import any_to_python  # loads protobuf, which a batch without nested values never needs

    values = batch.attribute(ATTRIBUTE, ValueKind.ANY)
    distinct = values.drop_nulls().unique()
    number = options.enterprise_number
    own = _own_name(options) if number else ""
    texts = [_elements(any_to_python(value), number, own) for value in distinct.to_list()]
    return values.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


def _elements(value: Any, enterprise_number: int, own: str) -> str:
    """`{id: {name: value}}` as SD-ELEMENTs; what is no such map, a repeated id, `own` and an id without a valid character
    are left out."""
    elements: dict[str, str] = {}
    for key, parameters in value.items() if isinstance(value, Mapping) else ():
        name = _identifier(key, enterprise_number)
        if name and name != own and isinstance(parameters, Mapping):
            elements.setdefault(name, f"[{name}{''.join(_parameter(*one) for one in parameters.items())}]")
    return "".join(elements.values())


def _identifier(key: str, enterprise_number: int) -> str:
    name = re.sub(_NOT_IN_NAME, "", key)
    if enterprise_number and "@" not in name and name not in REGISTERED:
        number = f"@{enterprise_number}"
        return name[: _NAME_LIMIT - len(number)] + number if name else ""
    return name[:_NAME_LIMIT]


def _parameter(key: str, value: Any) -> str:
    name = re.sub(_NOT_IN_NAME, "", key)[:_NAME_LIMIT]
    if isinstance(value, bytes):
        value = value.hex()
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f' {name}="{text.translate(_SINGLE)}"' if name else ""


def _own(batch: LogBatch, options: StructuredData, elsewhere: Collection[str]) -> pl.Series:
    """`[name@number trace_id="…" span_id="…" record_id="…" key="value" …]`."""
    columns = {
        "trace_id": batch.column("trace_id").bin.encode("hex"),
        "span_id": batch.column("span_id").bin.encode("hex"),
        "record_id": batch.column("record_id"),
        **{name: batch.resource_attribute(name) for name in options.resource_attributes},
    }
    wanted = [name for name in options.attributes if name not in columns]
    for key in batch.derived.columns:
        if key not in columns and (key in wanted if wanted else key not in elsewhere):
            columns[key] = batch.attribute_text(key)
    pieces = [_column_pieces(key, column) for key, column in columns.items()]
    left_out = {*elsewhere, *columns} if not wanted else set(columns)
    pieces.append(_table_pieces(batch, wanted, left_out))
    text = pl.concat_str([pl.lit(piece) for piece in pieces])
    element = pl.when(text != "").then(pl.concat_str(pl.lit(f"[{_own_name(options)}"), text, pl.lit("]")))
    return pl.select(element.alias("element")).to_series()


def _own_name(options: StructuredData) -> str:
    return f"{options.name}@{options.enterprise_number}"


def _column_pieces(key: str, values: pl.Series) -> pl.Series:
    name = re.sub(_NOT_IN_NAME, "", key)[:_NAME_LIMIT]
    text = _escaped(values)
    piece = pl.concat_str(pl.lit(f' {name}="'), pl.lit(text), pl.lit('"'))
    return pl.select(pl.when(pl.lit(text) != "").then(piece).otherwise(pl.lit("")).alias(key)).to_series()


def _table_pieces(batch: LogBatch, wanted: Collection[str], left_out: Collection[str]) -> pl.Series:
    """For each record ` key="value" …` of the attribute table."""
    table = batch.attributes
    keys = table.get_column("key")
    chosen = keys.is_in(list(wanted)) if wanted else ~keys.is_in(list(left_out))
    table = table.filter(chosen)
    if not table.height:
        return pl.repeat("", len(batch), dtype=pl.String, eager=True)
    owners = table.get_column("owner")
    if not owners.is_sorted():
        table = table.sort("owner", maintain_order=True)
        owners = table.get_column("owner")
    ends = np.zeros(len(batch) + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners.to_numpy(), minlength=len(batch)), out=ends[1:])
    return ranges(_pieces(table), ends)


def _pieces(table: pl.DataFrame) -> pl.Series:
    name = pl.col("key").str.replace_all(_NOT_IN_NAME, "").str.slice(0, _NAME_LIMIT)
    from otlp_wire import any_json

    values = [pl.col("string"), *(pl.col(column).cast(pl.String) for column in ("bool", "int", "double"))]
    encoded = [pl.col("bytes").bin.encode("hex"), pl.lit(any_json(table.get_column("any")))]
    frame = table.select(name=name, value=pl.coalesce(*values, *encoded, pl.lit("")))
    frame = frame.with_columns(value=_escaped(frame.get_column("value")))
    piece = pl.concat_str(pl.lit(" "), "name", pl.lit('="'), "value", pl.lit('"'))
    return frame.select(pl.when(pl.col("name") != "").then(piece).otherwise(pl.lit(""))).to_series()


def _escaped(values: pl.Series) -> pl.Series:
    return visible(values).str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
