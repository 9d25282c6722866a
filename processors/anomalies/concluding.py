"""What of a minute is told: findings begin episodes, and what lasts is over, and usual from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from processors.anomalies.episodes import OF_SERIES
from processors.anomalies.findings import Finding
from processors.anomalies.judging import Unusual
from processors.anomalies.policy import Policy
from processors.anomalies.table import Floats

if TYPE_CHECKING:
    from processors.anomalies.watch import Watch

_STEPS = frozenset({"spike", "drop", "trend"})


def tell(watch: Watch, policy: Policy, kind: str, found: Unusual, minute: int) -> list[Finding]:
    """What is unusual of series, as far as it is told now."""
    told: list[Finding] = []
    for row, seen, expected, surprise in zip(
        found.rows.tolist(), found.seen.tolist(), found.expected.tolist(), found.surprise.tolist(), strict=True
    ):
        finding = policy.finding(kind, watch.standing(row), seen, expected, surprise, found.minutes)
        open_ = watch.episodes.open.get(finding.key) if finding else None
        if open_:
            finding = policy.finding(
                kind, watch.standing(row), seen, expected, surprise, found.minutes, open_.finding.since
            )
        made = watch.episodes.found(finding, row, minute) if finding else None
        told += [made] if made else []
    return told


def slow(watch: Watch, policy: Policy, minute: int) -> list[Finding]:
    """Requests that take longer; of a version only where not all of its endpoint do."""
    told = []
    for each in watch.latency.close(minute):
        finding = policy.slow(watch.latency.names[each.row], each)
        whole = policy.slow(watch.latency.names[each.row]._replace(version=""), each).key
        if finding.key == whole or whole not in watch.episodes.open:
            made = watch.episodes.found(finding, each.row, minute)
            told += [made] if made else []
    watch.latency.hold(np.array(watch.episodes.rows(frozenset({"latency"})), np.intp))
    return told


def foreseen(watch: Watch, policy: Policy, minute: int) -> list[Finding]:
    """Limits that will be reached, and numbers that are odd."""
    forecasts, odd = watch.forecasts.close(minute)
    told = [policy.odd(watch.forecasts.names[each.row], each) for each in odd]
    for one in forecasts:
        made = watch.episodes.found(policy.foreseen(watch.forecasts.names[one.row], one), one.row, minute)
        told += [made] if made else []
    return told


def accept(watch: Watch, minute: int, usual: Floats) -> list[Finding]:
    """What lasted long enough is over, and usual from now on; of a series that is at another level, that is told."""
    told: list[Finding] = []
    for episode in watch.episodes.accept(minute):
        told.append(episode.finding._replace(over=True, page=False))
        if episode.finding.kind in OF_SERIES:
            recent = float(watch.series.window(minute, 10)[episode.row]) / 10
            if episode.finding.kind in _STEPS:
                told.append(
                    episode.finding._replace(
                        kind="step",
                        page=False,
                        expected=10 * float(usual[episode.row]),
                        seen=10 * recent,
                        minutes=10,
                    )
                )
            _take_level(watch, episode.row, recent, float(usual[episode.row]))
        if episode.finding.kind == "silence":
            watch.series.rows["beats"][episode.row] = 0
            watch.series.rows["mean"][episode.row] = 0
    return told


def _take_level(watch: Watch, row: int, recent: float, usual: float) -> None:
    """The rate that a row has now is its own."""
    rows = watch.series.rows
    factor = (recent + 0.05) / (usual + 0.05)
    ratio = (rows["seen"][row] + 3) / (rows["due"][row] + 3)
    for seen, due in (("seen", "due"), ("soon_seen", "soon_due"), ("long_seen", "long_due")):
        rows[seen][row] = rows[due][row] * ratio * factor
    rows["drift"][row] = 0
