"""JSON objects and arrays out of columns of JSON text. Null means absent, and absent members leave no trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from collector.documents.json_text import escaped


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Texts that become JSON strings when they are joined, which saves a column of their own."""

    column: pl.Series


Made = pl.Series | str
"""JSON: a column with one a record (null = absent), or one that is the same for all records."""
Json = Made | Text
"""A value: JSON, or texts."""


def text(column: pl.Series | None) -> Text | None:
    """Texts, if there are any."""
    return None if column is None else Text(column)


def json_object(given: Mapping[str, Json | None], needs: Sequence[str] = ()) -> Made | None:
    """`{"key":value,…}` of the members that are there; null where there are none, None when there never are.

    Args:
        needs: at least one of these must be there, else there is no object.
    """
    needed = [value for key in needs if (value := given.get(key)) is not None and _somewhere(value)]
    if needs and not needed:
        return None
    joined = members(given)
    if not needed or joined is None or isinstance(joined, str) or any(map(_always, needed)):
        return joined
    some = pl.any_horizontal([pl.lit(_column(value)).is_not_null() for value in needed])
    return pl.select(pl.when(some).then(pl.lit(joined)).alias("object")).to_series()


def members(given: Mapping[str, Json | None], opening: str = "{", closing: str = "}") -> Made | None:
    """The members alone, between texts of the caller's choice."""
    pieces = [(f'"{key}":', value) for key, value in given.items() if value is not None and _somewhere(value)]
    return _joined(opening, pieces, closing)


def json_array(values: Sequence[Json | None]) -> Made | None:
    """`[value,…]` of the values that are there; null where there are none."""
    return _joined("[", [("", value) for value in values if value is not None and _somewhere(value)], "]")


def _joined(opening: str, pieces: Sequence[tuple[str, Json]], closing: str) -> Made | None:
    """A piece that is always there goes first, so that all others can bring their comma with them."""
    if not pieces:
        return None
    if all(isinstance(value, str) for _, value in pieces):
        return opening + ",".join(f"{key}{value}" for key, value in pieces) + closing
    pieces = _escaped_together(pieces)
    first = next((piece for piece in pieces if _always(piece[1])), None)
    optional = [_optional(key, value) for key, value in pieces if not _always(value)]
    if first is None:
        inner = pl.concat_str(optional).str.slice(1)
        whole = pl.concat_str(pl.lit(opening), inner, pl.lit(closing))
        return pl.select(pl.when(inner != "").then(whole).alias("object")).to_series()
    rest = [
        part
        for piece in pieces
        if piece is not first and _always(piece[1])
        for part in _piece(f",{piece[0]}", piece[1])
    ]
    whole = pl.concat_str(*_piece(opening + first[0], first[1]), *rest, *optional, pl.lit(closing))
    return pl.select(whole.alias("object")).to_series()


def _escaped_together(pieces: Sequence[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """Columns of text as one column while they are escaped, which is one call instead of many."""
    columns = [value.column.alias("") for _, value in pieces if isinstance(value, Text)]
    if not columns:
        return list(pieces)
    together = escaped(pl.concat(columns) if len(columns) > 1 else columns[0])
    starts = iter(np.cumsum([0, *map(len, columns)]).tolist())
    return [
        (key, Text(together.slice(next(starts), len(value.column))) if isinstance(value, Text) else value)
        for key, value in pieces
    ]


def _column(value: Json) -> pl.Series | str:
    return value.column if isinstance(value, Text) else value


def _somewhere(value: Json) -> bool:
    column = _column(value)
    return isinstance(column, str) or column.null_count() < len(column)


def _always(value: Json) -> bool:
    column = _column(value)
    return isinstance(column, str) or not column.null_count()


def _piece(before: str, value: Json) -> list[pl.Expr]:
    if isinstance(value, Text):
        return [pl.lit(before + '"'), pl.lit(value.column), pl.lit('"')]
    return [pl.lit(before), pl.lit(value)]


def _optional(key: str, value: Json) -> pl.Expr:
    return pl.concat_str(_piece(f",{key}", value)).fill_null("")
