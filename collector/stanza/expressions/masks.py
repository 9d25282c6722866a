"""Conditions over columns, for what most of them ask: a field against a text, nil, and the like. Anything else is asked entry by entry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.ottl.regex import contains
from collector.stanza.columns import Rows, present
from collector.stanza.expressions.parsing import Tree
from collector.stanza.fields import Field
from collector.stanza.frame import Frame

Mask = npt.NDArray[np.bool_]
_ROOTS = ("body", "attributes", "resource")


class NoColumns(Exception):
    """It can't be asked of columns."""


def mask_of(tree: Tree, frame: Frame, rows: Rows) -> Mask:
    """Raises `NoColumns`."""
    match tree:
        case ("constant", bool() as value):
            return np.full(len(rows), value)
        case ("unary", "not", inner):
            return ~mask_of(inner, frame, rows)
        case ("binary", "and", left, right):
            return mask_of(left, frame, rows) & mask_of(right, frame, rows)
        case ("binary", "or", left, right):
            return mask_of(left, frame, rows) | mask_of(right, frame, rows)
        case ("binary", sign, left, ("constant", value)):
            return _compared(str(sign), _texts(_place(left), frame, rows), value)
    raise NoColumns


def _place(tree: Tree) -> Field:
    keys: list[str] = []
    while tree[0] == "member" and tree[2][0] == "constant" and isinstance(tree[2][1], str):
        keys.insert(0, tree[2][1])
        tree = tree[1]
    if (
        tree[0] != "name"
        or tree[1] not in _ROOTS
        or (tree[1] != "body" and len(keys) != 1)
        or (tree[1] == "body" and keys)
    ):
        raise NoColumns
    return Field(tree[1], tuple(keys))


def _texts(field: Field, frame: Frame, rows: Rows) -> pl.Series:
    column = frame.get(field, rows)
    if isinstance(column, list) or column.dtype != pl.String:
        raise NoColumns
    return column


def _compared(sign: str, texts: pl.Series, value: object) -> Mask:
    if value is None and sign in ("==", "!="):
        there = present(texts)
        return there if sign == "!=" else ~there
    if not isinstance(value, str):
        raise NoColumns
    if sign in ("==", "!="):
        same = (texts == value).fill_null(False).to_numpy()
        return same if sign == "==" else ~same
    if texts.null_count():  # of nil these are errors
        raise NoColumns
    match sign:
        case "matches":
            found = pl.select(contains(pl.lit(texts), value)).to_series()
        case "contains":
            found = texts.str.contains(value, literal=True)
        case "startsWith":
            found = texts.str.starts_with(value)
        case "endsWith":
            found = texts.str.ends_with(value)
        case _:
            raise NoColumns
    return found.to_numpy()
