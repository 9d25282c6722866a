"""Values as JSON text (RFC 8259), a column at a time.

string   escaped            "say \"hi\"\n"
bool     true, false
int      all digits: 64-bit integers stay exact for every reader that keeps them
double   shortest text that reads back to the same double; NaN and infinities as strings, as in protobuf's JSON
bytes    base64 (standard alphabet, padded), a string
any      the value's own JSON (`otlp_wire.any_json`)
empty    null
"""

from __future__ import annotations

import numpy as np
import polars as pl

from collector.tables import VALUE_COLUMNS, ValueKind, kind_of

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(0x20)} | _SHORT
_QUOTED = (ValueKind.STRING, ValueKind.BYTES)
_MUST_ESCAPE = r'["\\\x00-\x1f]'


def quoted(text: pl.Series) -> pl.Series:
    """Strings as JSON strings, quotes included; null stays null."""
    return _in_quotes(escaped(text))


def escaped(text: pl.Series) -> pl.Series:
    """Strings as they stand between the quotes of a JSON string. Only those that need it are rewritten."""
    rows = text.str.contains(_MUST_ESCAPE).arg_true()
    if not len(rows):
        return text
    rewritten = text.gather(rows).str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return text.scatter(rows, rewritten)


def members(table: pl.DataFrame) -> pl.Series:
    """The rows of an attribute table as object members with a comma before each: `,"key":value`."""
    keys = escaped(table.get_column("key"))
    kinds = table.get_column("kind").to_numpy()
    present = np.flatnonzero(np.bincount(kinds, minlength=max(ValueKind) + 1)).tolist()
    if len(present) == 1:
        return _members_of(ValueKind(present[0]), keys, table)
    rows = [np.flatnonzero(kinds == kind) for kind in present]
    parts = [
        _members_of(ValueKind(kind), keys.gather(at), table.select(pl.col(VALUE_COLUMNS[ValueKind(kind)]).gather(at)))
        for kind, at in zip(present, rows, strict=True)
    ]
    place = np.empty(len(kinds), dtype=np.uint32)
    place[np.concatenate(rows)] = np.arange(len(kinds), dtype=np.uint32)
    return pl.concat(parts).gather(pl.Series(place))


def column_texts(column: pl.Series) -> pl.Series:
    """A derived column (String, Boolean, Int64, Float64 or Binary) as JSON text; null stays null."""
    kind = kind_of(column)
    text = _texts(kind, column.to_frame(VALUE_COLUMNS[kind]))
    return _in_quotes(text) if kind in _QUOTED else text


def _members_of(kind: ValueKind, keys: pl.Series, table: pl.DataFrame) -> pl.Series:
    """Members of one kind of value. A value that is missing where its kind says it is there becomes null."""
    before, text, after = pl.lit('":'), pl.lit(_texts(kind, table)), pl.lit("")
    if kind in _QUOTED:
        before, after = pl.lit('":"'), pl.lit('"')
    member = pl.concat_str(pl.lit(',"'), pl.lit(keys), before, text, after)
    missing = pl.concat_str(pl.lit(',"'), pl.lit(keys), pl.lit('":null'))
    return pl.select(pl.coalesce(member, missing).alias("member")).to_series()


def _texts(kind: ValueKind, table: pl.DataFrame) -> pl.Series:
    match kind:
        case ValueKind.STRING:
            return escaped(table.get_column("string"))
        case ValueKind.DOUBLE:
            return _double_texts(table.get_column("double"))
        case ValueKind.BYTES:
            return table.get_column("bytes").bin.encode("base64")
        case ValueKind.ANY:
            from otlp_wire import any_json  # loads protobuf, which a batch without nested values never needs

            return any_json(table.get_column("any"))
        case ValueKind.BOOL | ValueKind.INT:
            return table.get_column(VALUE_COLUMNS[kind]).cast(pl.String)
        case ValueKind.EMPTY:
            return pl.repeat("null", table.height, dtype=pl.String, eager=True)


def _double_texts(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String)
    odd = ~column.is_finite()
    if not odd.any():
        return text
    name = (
        pl.when(pl.col("d").is_nan())
        .then(pl.lit('"NaN"'))
        .when(pl.col("d") > 0)
        .then(pl.lit('"Infinity"'))
        .otherwise(pl.lit('"-Infinity"'))
    )
    frame = pl.DataFrame({"d": column, "text": text, "odd": odd})
    return frame.select(pl.when("odd").then(name).otherwise("text")).to_series()


def _in_quotes(text: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str(pl.lit('"'), pl.lit(text), pl.lit('"'))).to_series()
