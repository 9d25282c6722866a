"""What was done, for the attributes that sum it up."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from collector.columns.dictionary import Coded, distinct_rows, encode
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.maps import Owners


class Found:
    """Per outcome which keys of which owners.

    Args:
        prefix: of the attributes: `redaction.`, `redaction.body.`.
        counts, keys: which of them are set.
    """

    def __init__(self, prefix: str, *, counts: bool, keys: bool) -> None:
        self._prefix, self._counts, self._keys = prefix, counts, keys
        self._by_outcome: defaultdict[str, list[tuple[Owners, str]]] = defaultdict(list)

    def add(self, outcome: str, owners: Owners, key: str) -> None:
        """Something was done with a key of each of these."""
        if self._counts and len(owners):
            self._by_outcome[outcome].append((owners, key))

    def tell(self, frame: Frame, level: Level) -> None:
        """Set the attributes; what another processor of this type said before is part of it."""
        for outcome, entries in self._by_outcome.items():
            owners = np.concatenate([each for each, _ in entries])
            if self._keys and outcome != "ignored":
                place = Place(level, ATTRIBUTES, f"{self._prefix}{outcome}.keys")
                names = np.repeat([key for _, key in entries], [len(each) for each, _ in entries])
                _name(frame, place, owners, names.tolist())
            _count(frame, Place(level, ATTRIBUTES, f"{self._prefix}{outcome}.count"), owners)


def _count(frame: Frame, place: Place, owners: Owners) -> None:
    rows, numbers = np.unique(owners, return_counts=True)
    before = frame.read(place, rows)
    known = np.array([value if type(value) is int else 0 for value in before.values], dtype=np.int64)
    sums, places = np.unique(numbers + known[before.codes], return_inverse=True)
    frame.write(place, rows, frame.pool.add(sums.tolist())[places])


def _name(frame: Frame, place: Place, owners: Owners, names: list[str]) -> None:
    table = pl.DataFrame({"owner": owners, "key": names}).sort("owner", "key")
    joined = table.group_by("owner", maintain_order=True).agg(pl.col("key").str.join(","))
    rows = joined.get_column("owner").to_numpy()
    before = frame.read(place, rows)
    new = encode(joined.get_column("key"))
    old = Coded(before.codes, pl.Series(range(len(before.values))).to_arrow())
    codes, first = distinct_rows([new, old])
    texts = new.values.to_pylist()
    pairs = [(texts[new.codes[row]], before.values[before.codes[row]]) for row in first.tolist()]
    told = [",".join(sorted([*one.split(","), *_listed(other)])) for one, other in pairs]
    frame.write(place, rows, frame.pool.add(told)[codes])


def _listed(value: object) -> list[str]:
    return value.split(",") if isinstance(value, str) and value else []
