"""Codes of columns that one processor worked out, for the next one that reads the same table.

A processor that reads a column as codes (`dictionary`), or makes one out of codes, may hand them over with the table that holds it; the next
reader of that table (`ottl.columns.Reader`) takes them instead of working them out again. They are held until then, or as long as
the table lives.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping

import polars as pl

from collector.columns.dictionary import Coded

_held: dict[int, tuple[weakref.ref[pl.DataFrame], Mapping[str, Coded]]] = {}


def hand_over(table: pl.DataFrame, columns: Mapping[str, Coded]) -> None:
    """Keep the codes of columns of a table, a row a row of it, null as -1."""
    place = id(table)
    _held[place] = weakref.ref(table, lambda gone: _forget(place, gone)), columns


def take(table: pl.DataFrame) -> Mapping[str, Coded]:
    """What was handed over with the table, once."""
    held = _held.get(id(table))
    if held is None or held[0]() is not table:
        return {}
    _held.pop(id(table), None)
    return held[1]


def _forget(place: int, gone: weakref.ref[pl.DataFrame]) -> None:
    """Another table may stand at the place of one that is gone."""
    held = _held.get(place)
    if held is not None and held[0] is gone:
        _held.pop(place, None)
