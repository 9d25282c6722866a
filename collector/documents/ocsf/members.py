"""JSON objects and arrays out of columns of JSON text. Null means absent, and absent members leave no trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

Json = pl.Series | str
"""JSON text: a column with one a record (null = absent), or one text that is the same for all records."""


def json_object(given: Mapping[str, Json | None], needs: Sequence[str] = ()) -> Json | None:
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
    some = pl.any_horizontal([pl.lit(value).is_not_null() for value in needed])
    return pl.select(pl.when(some).then(pl.lit(joined)).alias("object")).to_series()


def members(given: Mapping[str, Json | None], opening: str = "{", closing: str = "}") -> Json | None:
    """The members alone, between texts of the caller's choice."""
    pieces = [(f'"{key}":', value) for key, value in given.items() if value is not None and _somewhere(value)]
    return _joined(opening, pieces, closing)


def json_array(values: Sequence[Json | None]) -> Json | None:
    """`[value,…]` of the values that are there; null where there are none."""
    return _joined("[", [("", value) for value in values if value is not None and _somewhere(value)], "]")


def _joined(opening: str, pieces: Sequence[tuple[str, Json]], closing: str) -> Json | None:
    """A piece that is always there goes first, so that all others can bring their comma with them."""
    if not pieces:
        return None
    if all(isinstance(value, str) for _, value in pieces):
        return opening + ",".join(f"{key}{value}" for key, value in pieces) + closing
    first = next((piece for piece in pieces if _always(piece[1])), None)
    optional = [_optional(key, value) for key, value in pieces if not _always(value)]
    if first is None:
        inner = pl.concat_str(optional).str.slice(1)
        whole = pl.concat_str(pl.lit(opening), inner, pl.lit(closing))
        return pl.select(pl.when(inner != "").then(whole).alias("object")).to_series()
    rest = [part for piece in pieces if piece is not first and _always(piece[1]) for part in _fixed(*piece)]
    whole = pl.concat_str(pl.lit(opening + first[0]), pl.lit(first[1]), *rest, *optional, pl.lit(closing))
    return pl.select(whole.alias("object")).to_series()


def _somewhere(value: Json) -> bool:
    return isinstance(value, str) or value.null_count() < len(value)


def _always(value: Json) -> bool:
    return isinstance(value, str) or not value.null_count()


def _fixed(key: str, value: Json) -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(f",{key}"), pl.lit(value)


def _optional(key: str, value: Json) -> pl.Expr:
    return pl.concat_str(pl.lit(f",{key}"), pl.lit(value)).fill_null("")
