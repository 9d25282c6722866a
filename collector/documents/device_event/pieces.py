"""Values → columns of `key=value`, one a key, made once for each distinct value.

All distinct values of all keys stand in one column while they are cleaned, cut and written, so a small batch costs few
calls and a large one little more than its distinct values:

    values   GET  POST  203.0.113.9 …        →  requestMethod=GET  requestMethod=POST  src=203.0.113.9 …  null
    column   requestMethod: [0, 0, 1, …]     →  taken from there by position; the null at the end where a record has none
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.documents.device_event.sources import Owners, Source

Clean = Callable[[pl.Series, pl.Series], pl.Series]
"""Texts and the most characters each may have → texts as they stand in the event, null where nothing is left."""

Places = npt.NDArray[np.uint32]
Part = tuple[str, Source]
UNLIMITED = 2**31 - 1
_NULL = pl.Series([None], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Form:
    """How a key is written.

    Args:
        before: stands before the value.
        longest: characters of the value.
        clean: None for numbers and addresses that were read as such, which hold nothing to clean.
        other: a key that says the same of another kind; what a less important source gave there goes.
    """

    before: str
    longest: int = UNLIMITED
    clean: Clean | None = None
    other: str = ""


@dataclass(slots=True)
class Pieces:
    """The columns under construction. `parts` come in the order in which they overwrite each other."""

    height: int
    forms: Mapping[str, Form]
    parts: list[Part] = field(default_factory=list)

    def add(self, key: str, source: Source) -> None:
        """One more place where the value of `key` may be."""
        if source.values.null_count() < len(source.values):
            self.parts.append((key, source))

    def columns(self) -> dict[str, pl.Expr]:
        """For each key that any record has, in the order of `forms`, its pieces: one a record, null = absent."""
        groups: dict[Clean | None, list[Part]] = {}
        for key, source in self.parts:
            groups.setdefault(self.forms[key].clean, []).append((key, source))
        parts = [part for group in groups.values() for part in group]
        sizes = [len(source.values) for _, source in parts]
        texts = pl.concat([self._cleaned(clean, group) for clean, group in groups.items()], rechunk=True)
        places = self._places(parts, np.cumsum([0, *sizes]).tolist(), texts)
        written = pl.lit(self._written(parts, sizes, texts))
        return {key: written.gather(pl.lit(pl.Series(places[key]))) for key in self.forms if key in places}

    def _cleaned(self, clean: Clean | None, group: list[Part]) -> pl.Series:
        texts = pl.concat([source.values.alias("") for _, source in group])
        if clean is None:
            return texts
        longest = [self.forms[key].longest for key, _ in group]
        return clean(texts, pl.Series(np.repeat(longest, [len(source.values) for _, source in group]))).alias("")

    def _written(self, parts: list[Part], sizes: list[int], texts: pl.Series) -> pl.Series:
        """`key=value` of all values, and a null behind them."""
        before = pl.Series([self.forms[key].before for key, _ in parts])
        of_part = pl.Series(np.repeat(np.arange(len(parts), dtype=np.uint32), sizes))
        text = pl.concat_str(pl.lit(before).gather(pl.lit(of_part)), pl.lit(texts))
        return pl.concat([pl.select(text.alias("")).to_series(), _NULL], rechunk=True)

    def _places(self, parts: list[Part], starts: list[int], texts: pl.Series) -> dict[str, Places]:
        """For each key where the piece of each record stands, behind all texts for none."""
        nothing = np.uint32(len(texts))
        missing = texts.is_null().to_numpy() if texts.null_count() else None
        places: dict[str, Places] = {}
        for (key, source), start in zip(parts, starts, strict=False):
            at = source.codes + np.int64(start)
            given = source.codes >= 0
            if missing is not None:
                given &= ~missing[at]
            if key not in places:
                places[key] = np.full(self.height, nothing)
            _put(places[key], source.owners, given, at.astype(np.uint32))
            if (other := places.get(self.forms[key].other)) is not None:
                _put(other, source.owners, given, np.full(len(at), nothing))
        return places


def _put(places: Places, owners: Owners | None, given: npt.NDArray[np.bool_], at: Places) -> None:
    if owners is not None:
        places[owners[given]] = at[given]
    else:
        np.copyto(places, at, where=given)
