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


def _limit(maps: Maps, owners: Owners, limit: int, priority: list[str]) -> None:
    """In each map that holds more: its keys with priority, and of the others the first for which there is room."""
    counts = np.bincount(maps.owner, minlength=maps.height)
    of = np.zeros(maps.height, dtype=np.bool_)
    of[owners] = counts[owners] > limit
    rows = np.flatnonzero(of[maps.owner])
    rows = rows[np.argsort(maps.owner[rows], kind="stable")]
    rows = rows[_first_of_keys(maps, rows)]
    owner = maps.owner[rows]
    first = maps.keys_where(frozenset(priority).__contains__)[rows]
    sizes, preferred = (np.bincount(owner, weights, maps.height) for weights in (None, first))
    before: Owners = np.cumsum(~first) - ~first  # others in front of it, of all maps
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    place: Owners = before - np.repeat(before[starts], np.diff(starts, append=len(rows)))
    stays = first | (place < limit - preferred[owner])
    gone = of & (sizes > limit)
    kept = ~gone[maps.owner]
    kept[rows[stays]] = True
    maps.keep(kept)


def _first_of_keys(maps: Maps, rows: Owners) -> Mask:
    """Of rows ordered by owner those that do not repeat a key."""
    first = np.zeros(len(rows), dtype=np.bool_)
    width = int(maps.key.max(initial=0)) + 1
    first[np.unique(maps.owner[rows] * width + maps.key[rows], return_index=True)[1]] = True
    return first


TABLE_EDITORS: dict[str, Callable[..., None]] = {
    "delete_matching_keys": _delete_matching_keys,
    "keep_keys": _keep_keys,
    "keep_matching_keys": _keep_matching_keys,
    "limit": _limit,
}
"""Editor → what it does to the maps of some owners, where its arguments are known: none of them is evaluated for a record."""

VALUE_EDITORS = frozenset({"truncate_all", "replace_all_patterns", "replace_all_matches"})
"""Editors that change each value for itself (`replace_all_patterns` of values): once for each distinct value of the table."""


def each_value(maps: Maps, owners: Owners, change: Callable[[Any], Any], open_to: Callable[[list[Any]], Mask]) -> None:
    """`change` of each distinct text of some owners that is `open_to` it; others stay."""
    rows = np.flatnonzero(_of(maps, owners))
    cells = maps.cells(rows)
    differs = np.zeros(len(cells.values), dtype=np.bool_)
    changed = list(cells.values)
    for code in np.flatnonzero(open_to(cells.values)).tolist():
        changed[code] = change(cells.values[code])
        differs[code] = changed[code] != cells.values[code]
    hit = differs[cells.codes]
    if hit.any():
        maps.set_rows(rows[hit], cells.codes[hit], changed)
