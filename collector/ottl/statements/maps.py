"""The attribute maps of one level as arrays: owner, key and a reference to the value, one row an attribute."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from collector.ottl.statements.pool import Cells, Pool, Refs

Owners = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Maps:
    """A map for each of `height` owners. The first of a repeated key wins.

    Args:
        height: how many owners there are.
        owner, key, ref: a row an attribute; `key` is the position in `keys`.
        keys: the names, which several maps share; it grows.
        pool: where the values are.
    """

    def __init__(self, height: int, owner: Owners, key: Owners, ref: Refs, keys: dict[str, int], pool: Pool) -> None:
        self.height = height
        self.owner, self.key, self.ref = owner, key, ref
        self._keys = keys
        self._pool = pool
        self.dirty = False

    def code(self, key: str) -> int:
        """The number of a key."""
        return self._keys.setdefault(key, len(self._keys))

    def names(self) -> list[str]:
        """The keys that occur."""
        names = list(self._keys)
        return [names[code] for code in np.unique(self.key).tolist()]

    def refs(self, key: str) -> Refs:
        """For each owner the reference of its value under the key, or -1."""
        found = np.full(self.height, -1, dtype=np.int64)
        rows = np.flatnonzero(self.key == self._keys.get(key, -1))
        found[self.owner[rows[::-1]]] = self.ref[rows[::-1]]
        return found

    def put(self, key: str, owners: Owners, refs: Refs) -> None:
        """Set a key of some owners, each named once."""
        self.dirty = True
        code = self.code(key)
        new = np.full(self.height, -1, dtype=np.int64)
        new[owners] = refs
        rows = np.flatnonzero(self.key == code)
        of_rows = new[self.owner[rows]]
        set_rows = of_rows >= 0
        self.ref = self.ref.copy()
        self.ref[rows[set_rows]] = of_rows[set_rows]
        new[self.owner[rows]] = -1
        added = np.flatnonzero(new >= 0)
        if len(added):
            self._append(added, np.full(len(added), code, dtype=np.int64), new[added])

    def remove(self, key: str, owners: Owners) -> None:
        """Take a key away from some owners."""
        if key not in self._keys:
            return
        of = np.zeros(self.height, dtype=np.bool_)
        of[owners] = True
        self.keep(~((self.key == self._keys[key]) & of[self.owner]))

    def keep(self, kept: Mask) -> None:
        """The rows of a mask, no others."""
        if kept.all():
            return
        self.dirty = True
        self.owner, self.key, self.ref = self.owner[kept], self.key[kept], self.ref[kept]

    def keys_where(self, wanted: Any) -> Mask:
        """For each row whether `wanted(name)` holds of its key."""
        answers = np.zeros(len(self._keys), dtype=np.bool_)
        names = list(self._keys)
        for code in np.unique(self.key).tolist():
            answers[code] = wanted(names[code])
        return answers[self.key]

    def cells(self, rows: npt.NDArray[np.intp]) -> Cells:
        """The values of some rows."""
        return self._pool.cells(self.ref[rows])

    def set_rows(self, rows: npt.NDArray[np.intp], codes: npt.NDArray[np.integer], values: list[Any]) -> None:
        """Other values in some rows: `values[codes[i]]`."""
        self.dirty = True
        self.ref = self.ref.copy()
        used, places = np.unique(codes, return_inverse=True)
        self.ref[rows] = self._pool.add([values[code] for code in used.tolist()])[places]

    def dicts(self, owners: Owners) -> list[dict[str, Any]]:
        """The maps of some owners as Python has them."""
        place = np.full(self.height, -1, dtype=np.int64)
        place[owners] = np.arange(len(owners))
        rows = np.flatnonzero(place[self.owner] >= 0)
        cells = self._pool.cells(self.ref[rows])
        names = list(self._keys)
        found: list[dict[str, Any]] = [{} for _ in range(len(owners))]
        values = cells.values
        for at, key, code in zip(
            place[self.owner[rows]].tolist(), self.key[rows].tolist(), cells.codes.tolist(), strict=True
        ):
            found[at].setdefault(names[key], values[code])
        return found

    def replace(self, owners: Owners, codes: npt.NDArray[np.integer], values: list[dict[str, Any]]) -> None:
        """Whole maps of some owners, each named once: `values[codes[i]]` for `owners[i]`."""
        of = np.zeros(self.height, dtype=np.bool_)
        of[owners] = True
        self.keep(~of[self.owner])
        self.dirty = True
        lengths = np.array([len(value) for value in values], dtype=np.int64)
        starts = np.concatenate(([0], np.cumsum(lengths)))
        keys = np.array([self.code(key) for value in values for key in value], dtype=np.int64)
        refs = self._pool.add([item for value in values for item in value.values()])
        counts = lengths[codes]
        owner = np.repeat(owners, counts)
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        entries = np.repeat(starts[:-1][codes], counts) + offsets
        self._append(owner, keys[entries], refs[entries])

    def _append(self, owner: Owners, key: Owners, ref: Refs) -> None:
        self.owner = np.concatenate((self.owner, owner))
        self.key = np.concatenate((self.key, key))
        self.ref = np.concatenate((self.ref, ref))

    def union(self, owners: Owners, other: Maps, strategy: str) -> None:
        """`merge_maps` of another level-mate's maps (the cache) into these, of some owners."""
        of = np.zeros(self.height, dtype=np.bool_)
        of[owners] = True
        rows = np.flatnonzero(of[other.owner])
        width = len(self._keys)
        own, theirs = self.owner * width + self.key, other.owner[rows] * width + other.key[rows]
        theirs, first = np.unique(theirs, return_index=True)
        rows = rows[first]
        at = np.searchsorted(theirs, own)
        at[at == len(theirs)] = 0
        both = theirs[at] == own if len(theirs) else np.zeros(len(own), dtype=np.bool_)
        if strategy != "insert" and both.any():
            self.ref = self.ref.copy()
            self.ref[both] = other.ref[rows][at[both]]
            self.dirty = True
        if strategy != "update":
            new = np.ones(len(theirs), dtype=np.bool_)
            new[at[both]] = False
            if new.any():
                self._append(other.owner[rows][new], other.key[rows][new], other.ref[rows][new])
                self.dirty = True
