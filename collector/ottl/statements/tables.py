"""Editors of whole maps that are one operation on the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from collector.ottl.plain.patterns import found
from collector.ottl.statements.maps import Maps, Mask, Owners


def _of(maps: Maps, owners: Owners) -> Mask:
    of = np.zeros(maps.height, dtype=np.bool_)
    of[owners] = True
    return of[maps.owner]


def _keep_where(maps: Maps, owners: Owners, wanted: Callable[[str], bool]) -> None:
    maps.keep(~_of(maps, owners) | maps.keys_where(wanted))


def _delete_matching_keys(maps: Maps, owners: Owners, pattern: str) -> None:
    _keep_where(maps, owners, lambda key: not found(pattern, key))


def _keep_keys(maps: Maps, owners: Owners, keys: list[str]) -> None:
    names = frozenset(keys)
    _keep_where(maps, owners, names.__contains__)


def _keep_matching_keys(maps: Maps, owners: Owners, pattern: str) -> None:
    _keep_where(maps, owners, lambda key: found(pattern, key))


TABLE_EDITORS: dict[str, Callable[..., None]] = {
    "delete_matching_keys": _delete_matching_keys,
    "keep_keys": _keep_keys,
    "keep_matching_keys": _keep_matching_keys,
}
"""Editor → what it does to the maps of some owners, where its arguments are known: none of them is evaluated for a record."""

VALUE_EDITORS = frozenset({"truncate_all", "replace_all_patterns", "replace_all_matches"})
"""Editors that change each value for itself (`replace_all_patterns` of values): once for each distinct value of the table."""


def each_value(maps: Maps, owners: Owners, change: Callable[[Any], Any]) -> None:
    """`change` of each distinct text of some owners; others stay."""
    rows = np.flatnonzero(_of(maps, owners))
    cells = maps.cells(rows)
    changed = [change(value) if isinstance(value, str) else value for value in cells.values]
    differs = np.array(
        [new is not old and new != old for new, old in zip(changed, cells.values, strict=True)], dtype=np.bool_
    )
    hit = differs[cells.codes]
    if hit.any():
        maps.set_rows(rows[hit], cells.codes[hit], changed)
