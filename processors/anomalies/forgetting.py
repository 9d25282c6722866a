"""What tells least of a domain is forgotten, where there is too much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from processors.anomalies.episodes import OF_SERIES
from processors.anomalies.table import Mask

if TYPE_CHECKING:
    from processors.anomalies.watch import Watch


def forget(watch: Watch, number: int) -> None:
    """So many series that tell least: those that are silent longest, of these the rarest. Sums stay, and what is under way."""
    rows = watch.series.rows
    worth = rows["last"].astype(np.float64) + np.log1p(rows["mean"].astype(np.float64)) / 100
    worth[watch.sums.ravel()] = np.inf
    worth[[each.row for each in watch.episodes.open.values() if each.finding.kind in OF_SERIES]] = np.inf
    gone = np.zeros(len(rows), np.bool_)
    gone[np.argsort(worth, kind="stable")[: min(number, int(np.isfinite(worth).sum()))]] = True
    _renumber(watch, ~gone)


def shrink(watch: Watch, share: float) -> None:
    """Forget that share of all that is kept: series, and the fields of few values, which tell least."""
    forget(watch, int(share * len(watch.keys)) + 1)
    if share > 0.2:
        watch.values.fields.clear()
        watch.values.news.clear()


def _renumber(watch: Watch, kept: Mask) -> None:
    new = np.cumsum(kept) - 1
    watch.series.keep(kept, new)
    watch.keys = [key for key, stays in zip(watch.keys, kept.tolist(), strict=True) if stays]
    watch.index = {key: row for row, key in enumerate(watch.keys) if key.level or key.pattern}
    watch.sums = new[watch.sums]
    patterns = {key.pattern for key in watch.keys} | {gauge.pattern for gauge in watch.forecasts.names}
    watch.templates = {pattern: text for pattern, text in watch.templates.items() if pattern in patterns}
    watch.values.renumber(kept, new)
    for episode in watch.episodes.open.values():
        if episode.finding.kind in OF_SERIES:
            episode.row = int(new[episode.row])
