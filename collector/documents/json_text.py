"""Values as JSON text (RFC 8259), a column at a time.

string   escaped            "say \"hi\"\n"
bool     true, false
int      all digits: 64-bit integers stay exact for every reader that keeps them
double   shortest text that reads back to the same double; NaN and infinities as strings, as in protobuf's JSON
bytes    base64 (standard alphabet, padded), a string
any      the value's own JSON (`otlp_wire.any_json`)
empty    null

`EMBEDDED` writes the same for a place inside a JSON string, as it would be after one more escape: \"say \\\"hi\\\"\\n\".
Whoever sends documents in a string has them at once in the bytes that travel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.tables import VALUE_COLUMNS, ValueKind, kind_of, values_at
from collector.columns.text_buffers import buffer

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(0x20)} | _SHORT
IS_QUOTED = np.isin(np.arange(max(ValueKind) + 1), (ValueKind.STRING, ValueKind.BYTES))
"""By `ValueKind`: whether quotes go around the text of such a value."""
_MUST_ESCAPE = r'["\\\x00-\x1f]'


@dataclass(frozen=True, slots=True)
class Style:
    """How a quote is written, and each character that needs an escape."""

    quote: str
    escapes: Mapping[str, str]


def _embedded(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


PLAIN = Style('"', _ESCAPES)
EMBEDDED = Style('\\"', {char: _embedded(text) for char, text in _ESCAPES.items()})


def quoted(text: pl.Series, style: Style = PLAIN) -> pl.Series:
    """Strings as JSON strings, quotes included; null stays null."""
    return _in_quotes(escaped(text, style), style)


def escaped(text: pl.Series, style: Style = PLAIN) -> pl.Series:
    """Strings as they stand between the quotes of a JSON string. Only those that need it are rewritten."""
    rows = _rows_to_escape(text)
    if not len(rows):
        return text
    rewritten = text.gather(rows).str.replace_many(list(style.escapes), list(style.escapes.values()))
    return text.clone().scatter(rows, rewritten)  # it changes in place, and the text is the caller's


def quoted_name(name: str, style: Style = PLAIN) -> str:
    """One string as a JSON string."""
    return style.quote + "".join(style.escapes.get(char, char) for char in name) + style.quote


def in_style(json: pl.Series, style: Style) -> pl.Series:
    """JSON text in the style `PLAIN` in another one."""
    return json if style is PLAIN else json.str.replace_many(["\\", '"'], ["\\\\", style.quote])


@dataclass(frozen=True, slots=True)
class Values:
    """The values of an attribute table: row i has the text at `place[i]` of `texts`. Of one that is missing where its kind says it is
    there, the text is `null` and the kind `EMPTY`."""

    texts: pl.Series
    place: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]


def column_texts(column: pl.Series, style: Style = PLAIN) -> pl.Series:
    """A derived column (String, Boolean, Int64, Float64 or Binary) as JSON text; null stays null."""
    return pl.select(column_text("", column, style).alias("text")).to_series()


def column_text(before: str, column: pl.Series, style: Style = PLAIN) -> pl.Expr:
    """The same after the text `before`, for an expression that joins more."""
    kind = kind_of(column)
    text = pl.lit(_texts(kind, column, style))
    if not IS_QUOTED[kind]:
        return pl.concat_str(pl.lit(before), text)
    return pl.concat_str(pl.lit(before + style.quote), text, pl.lit(style.quote))


def value_texts(table: pl.DataFrame, style: Style = PLAIN) -> tuple[pl.Series, npt.NDArray[np.uint8]]:
    """The values of an attribute table as JSON text, a row each, strings and bytes without the quotes around them; and their kinds."""
    found = values(table, style)
    in_order = bool((found.place[1:] > found.place[:-1]).all())
    return found.texts if in_order else values_at(found.texts, found.place), found.kinds


def values(table: pl.DataFrame, style: Style = PLAIN) -> Values:
    """The same without a copy: the texts of a kind stand together."""
    kinds = table.get_column("kind").to_numpy()
    place, told = np.empty(len(kinds), dtype=np.uint32), kinds
    parts: list[pl.Series] = []
    start = 0
    for number in np.flatnonzero(np.bincount(kinds)).tolist():
        kind, rows = ValueKind(number), np.flatnonzero(kinds == number)
        texts = _texts(kind, _rows(table, VALUE_COLUMNS[kind], rows), style).alias("")
        if texts.has_nulls():
            told = told.copy()
            told[rows[texts.is_null().to_numpy()]] = ValueKind.EMPTY
            texts = texts.fill_null("null")
        place[rows] = np.arange(start, start + len(rows), dtype=np.uint32)
        parts.append(texts)
        start += len(rows)
    return Values(pl.concat(parts, rechunk=True) if parts else pl.Series(dtype=pl.String), place, told)


def _rows(table: pl.DataFrame, name: str, rows: npt.NDArray[np.intp]) -> pl.Series:
    column = table.get_column(name)
    return column if len(rows) == len(column) else values_at(column, rows)


def _texts(kind: ValueKind, column: pl.Series, style: Style) -> pl.Series:
    match kind:
        case ValueKind.STRING:
            return escaped(column, style)
        case ValueKind.DOUBLE:
            return _double_texts(column, style)
        case ValueKind.BYTES:
            return column.bin.encode("base64")
        case ValueKind.ANY:
            from otlp_wire import any_json  # loads protobuf, which a batch without nested values never needs

            return in_style(any_json(column), style)
        case ValueKind.BOOL | ValueKind.INT:
            return column.cast(pl.String)
        case ValueKind.EMPTY:
            return pl.Series(["null"]).new_from_index(0, len(column))


def _double_texts(column: pl.Series, style: Style) -> pl.Series:
    text = column.cast(pl.String)
    odd = ~column.is_finite()
    if not odd.any():
        return text
    nan, infinity, negative = (pl.lit(f"{style.quote}{name}{style.quote}") for name in ("NaN", "Infinity", "-Infinity"))
    name = pl.when(pl.col("d").is_nan()).then(nan).when(pl.col("d") > 0).then(infinity).otherwise(negative)
    frame = pl.DataFrame({"d": column, "text": text, "odd": odd})
    return frame.select(pl.when("odd").then(name).otherwise("text")).to_series()


def _in_quotes(text: pl.Series, style: Style) -> pl.Series:
    quote = pl.lit(style.quote)
    return pl.select(pl.concat_str(quote, pl.lit(text), quote)).to_series()


def _rows_to_escape(text: pl.Series) -> pl.Series:
    """Positions of the strings that hold a character with an escape. There are few as a rule, so the bytes of all are
    looked at together first: that costs a fifth of looking into each string."""
    starts, data = buffer(text)
    codes = np.frombuffer(data, dtype=np.uint8)[starts[0] : starts[-1]]
    at = np.flatnonzero((codes < 0x20) | (codes == ord('"')) | (codes == ord("\\")))  # in UTF-8 only these characters
    if not len(at):
        return pl.Series(dtype=pl.UInt32)
    if len(at) > len(text):
        return text.str.contains(_MUST_ESCAPE).arg_true()
    return pl.Series(np.unique(np.searchsorted(starts, at + starts[0], side="right") - 1), dtype=pl.UInt32)
