"""Values → columns of `key=value`, one a key, made once for each distinct value.

All distinct values of all keys stand in one column while they are cleaned, cut and written, so a small batch costs few
calls and a large one little more than its distinct values:

    values   GET  POST  203.0.113.9 …        →  requestMethod=GET  requestMethod=POST  src=203.0.113.9 …
    column   requestMethod: [0, 0, 1, …]     →  taken from there by position; null where a record has none
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.documents.device_event.sources import Source

Clean = Callable[[pl.Series, pl.Series], pl.Series]
"""Texts and the most characters each may have → texts as they stand in the event, null where nothing is left."""

Places = npt.NDArray[np.int64]
UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Form:
    """How a key is written: what stands before the value, the most characters of the value, and whether it may hold
    what must be cleaned (numbers and addresses that were read as such cannot)."""

    before: str
    longest: int = UNLIMITED
    safe: bool = False


@dataclass(slots=True)
class Pieces:
    """The columns under construction. `sources` come in the order in which they overwrite each other."""

    height: int
    forms: Mapping[str, Form]
    sources: dict[str, list[Source]] = field(default_factory=dict)

    def add(self, key: str, source: Source) -> None:
        """One more place where the value of `key` may be."""
        self.sources.setdefault(key, []).append(source)

    def columns(self, clean: Clean) -> list[pl.Expr]:
        """For each key that any record has, in the order of `forms`, its pieces: one a record, null = absent."""
        keys = [key for key in self.forms if key in self.sources]
        safe = self._written([key for key in keys if self.forms[key].safe], None)
        other = self._written([key for key in keys if not self.forms[key].safe], clean)
        return [(safe if key in safe else other)[key] for key in keys]

    def _written(self, keys: Sequence[str], clean: Clean | None) -> dict[str, pl.Expr]:
        parts = [(key, source) for key in keys for source in self.sources[key]]
        if not parts:
            return {}
        sizes = [len(source.values) for _, source in parts]
        values = pl.concat([source.values.alias("value") for _, source in parts])
        texts = clean(values, _repeated([self.forms[key].longest for key, _ in parts], sizes)) if clean else values
        before = _repeated([self.forms[key].before for key, _ in parts], sizes)
        written = pl.select(pl.concat_str(pl.lit(before), pl.lit(texts)).alias("piece")).to_series()
        missing = written.is_null().to_numpy() if written.null_count() else None
        places = {key: np.full(self.height, -1, dtype=np.int64) for key in keys}
        for (key, source), start in zip(parts, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True):
            _fill(places[key], source, start, missing)
        return {key: pl.lit(written).gather(pl.lit(_optional(places[key]))) for key in keys}


def _fill(places: Places, source: Source, start: int, missing: npt.NDArray[np.bool_] | None) -> None:
    at = source.codes + np.int64(start)
    given = source.codes >= 0
    if missing is not None:
        given &= ~missing[at]
    if source.owners is not None:
        places[source.owners[given]] = at[given]
    elif given.all():
        places[:] = at
    else:
        np.copyto(places, at, where=given)


def _repeated(values: Sequence[str] | Sequence[int], sizes: Sequence[int]) -> pl.Series:
    return pl.Series(values).gather(np.repeat(np.arange(len(sizes)), sizes))


def _optional(places: Places) -> pl.Series:
    series = pl.Series(places)
    return pl.select(pl.when(series >= 0).then(series)).to_series() if len(places) and places.min() < 0 else series
