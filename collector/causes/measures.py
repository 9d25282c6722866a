"""Numbers that moved: two samples by Kolmogorov and Smirnov, and by how much their medians differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from collector.causes.significance import GATE, Floats

_FEWEST = 20
_SEEN_TWICE = 1.5
"""Medians that are less apart are no cause of anything."""


class Moved(NamedTuple):
    """A number whose distribution is another one. `ratio` of the medians, `apart`: the greatest distance of the two distributions."""

    field: str
    before: float
    now: float
    ratio: float
    apart: float
    p: float


def moved(seen: pl.DataFrame, others: pl.DataFrame, fields: Sequence[str]) -> list[Moved]:
    """Of numeric fields those that moved, the farthest first."""
    found = [
        one for name in fields if (one := _compared(name, _numbers(seen, name), _numbers(others, name))) is not None
    ]
    return sorted(found, key=lambda one: (-one.apart, one.field))


def _numbers(table: pl.DataFrame, name: str) -> Floats:
    values = table.get_column(name).cast(pl.Float64, strict=False).drop_nulls()
    return np.sort(values.filter(values.is_finite()).to_numpy())


def _compared(name: str, now: Floats, before: Floats) -> Moved | None:
    if min(len(now), len(before)) < _FEWEST:
        return None
    apart, p = kolmogorov_smirnov(now, before)
    medians = float(np.median(before)), float(np.median(now))
    ratio = medians[1] / medians[0] if medians[0] else float("inf") if medians[1] else 1.0
    if p >= GATE or 1 / _SEEN_TWICE < ratio < _SEEN_TWICE:
        return None
    return Moved(name, medians[0], medians[1], ratio, apart, p)


def kolmogorov_smirnov(one: Floats, other: Floats) -> tuple[float, float]:
    """The distance of two sorted samples, and the asymptotic p-value (Stephens' correction for small ones)."""
    every = np.concatenate([one, other])
    shares = (np.searchsorted(sample, every, "right") / len(sample) for sample in (one, other))
    apart = float(np.abs(np.subtract(*shares)).max())
    size = np.sqrt(len(one) * len(other) / (len(one) + len(other)))
    scaled = (size + 0.12 + 0.11 / size) * apart
    if scaled < 0.2:
        return apart, 1.0
    terms = np.arange(1, 101)
    return apart, float(np.clip(2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * (terms * scaled) ** 2)), 0.0, 1.0))
