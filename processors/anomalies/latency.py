"""How long requests take, by service, endpoint and version: a histogram of a usual day, and of each of the last ten minutes.

Buckets are tenths of a decade, so histograms of several machines are added. What is tested is the share of requests beyond the 90th and the
98th percentile of a usual day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.anomalies import tails
from processors.anomalies.table import Floats, Rows, Table

BUCKETS = 64
_A_DECADE, _LEAST_MS = 10, 0.01
_RING = 10
FIELDS = {
    "service": ("i4", ()), "age": ("i4", ()), "hot": ("i1", ()), "held": ("u1", ()), "usual": ("f4", (BUCKETS,)),
    "recent": ("u2", (_RING, BUCKETS)),
}  # fmt: skip
MOST = 5_000
_FADE = np.float32(1 - 1 / 2880)
_EDGES = (0.90, 0.98)
_LEAST_RECORDS, _LEAST_FACTOR, _SPREAD = 200, 1.35, 0.05
_FALSE_RATE = 2e-5


class Endpoint(NamedTuple):
    """A row; version "" is all of them."""

    service: str
    environment: str
    name: str
    version: str


class Slow(NamedTuple):
    """A row that is slower: milliseconds now and usually, of the median and the 95th percentile."""

    row: int
    median: float
    usual_median: float
    p95: float
    usual_p95: float
    records: int
    surprise: float


def buckets(milliseconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Where durations belong."""
    places = np.log10(np.maximum(milliseconds, _LEAST_MS) / _LEAST_MS) * _A_DECADE
    return np.clip(places.astype(np.int64), 0, BUCKETS - 1)


def quantile(histogram: Floats, share: float) -> float:
    """Milliseconds below which that share lies, between the bounds of its bucket."""
    total = histogram.sum()
    if not total:
        return 0.0
    sums = np.cumsum(histogram)
    place = int(np.searchsorted(sums, share * total))
    place = min(place, BUCKETS - 1)
    before = float(sums[place - 1]) if place else 0.0
    within = (share * float(total) - before) / max(float(histogram[place]), 1e-9)
    return float(_LEAST_MS * 10 ** ((place + within) / _A_DECADE))


class Latency:
    """Endpoints of a domain."""

    def __init__(self) -> None:
        self.rows = Table(FIELDS)
        self.names: list[Endpoint] = []
        self.index: dict[Endpoint, int] = {}

    def row(self, endpoint: Endpoint) -> int | None:
        """Its position; a version begins with what is usual of its endpoint. None: there are too many."""
        found = self.index.get(endpoint)
        if found is None and len(self.names) < MOST:
            (found,) = self.rows.add(1)
            self.names.append(endpoint)
            self.index[endpoint] = found
            parent = self.index.get(endpoint._replace(version="")) if endpoint.version else None
            if parent is not None:
                self.rows["usual"][found] = self.rows["usual"][parent]
                self.rows["age"][found] = self.rows["age"][parent]
        return found

    def observe(self, row: int, minute: int, histogram: Mapping[int, int]) -> None:
        """How many requests of a bucket were in a minute that is not closed."""
        place = self.rows["recent"][row, minute % _RING]
        for bucket, requests in histogram.items():
            place[bucket] = min(int(place[bucket]) + requests, 65535)

    def close(self, minute: int) -> list[Slow]:
        """The rows that are slow in the minute that is over, which then becomes part of what is usual."""
        rows = self.rows
        if not len(rows):
            return []
        found = self._judge(minute)
        now = rows["recent"][:, minute % _RING].astype(np.float32)
        free = rows["held"] == 0
        rows["usual"][free] = rows["usual"][free] * _FADE + now[free]
        rows["age"][:] += 1
        rows["recent"][:, (minute + 2) % _RING] = 0
        return found

    def _judge(self, minute: int) -> list[Slow]:
        rows = self.rows
        ages = (minute - np.arange(_RING)) % _RING
        five = rows["recent"][:, ages[:5]].sum(axis=1, dtype=np.float32)
        eight = rows["recent"][:, ages[:8]].sum(axis=1, dtype=np.float32)
        usual, known = rows["usual"], rows["usual"].sum(axis=1)
        surprise = np.zeros(len(rows))
        for share in _EDGES:
            edge = np.argmax(np.cumsum(usual, axis=1) >= share * known[:, None], axis=1)
            beyond = np.arange(BUCKETS)[None, :] > edge[:, None]
            rate = (usual * beyond).sum(axis=1) / np.maximum(known, 1)
            for window in (five, eight):
                surprise = np.maximum(surprise, _tail(window, beyond, rate))
        usable = (known >= _LEAST_RECORDS) & (five.sum(axis=1) >= 10)
        rows["hot"][:] = np.clip(rows["hot"] + np.where(usable & (surprise >= 3), 1, -2), 0, 10)
        some = np.flatnonzero(usable & (rows["hot"] >= 2))
        some = some[tails.discovered(surprise[some], len(rows), _FALSE_RATE)]
        return [slow for slow in (self._slow(row, five[row], float(surprise[row])) for row in some.tolist()) if slow]

    def _slow(self, row: int, now: Floats, surprise: float) -> Slow | None:
        usual = self.rows["usual"][row]
        median, p95 = quantile(now, 0.5), quantile(now, 0.95)
        was, was95 = quantile(usual, 0.5), quantile(usual, 0.95)
        if p95 < _LEAST_FACTOR * was95 and median < _LEAST_FACTOR * was:
            return None
        return Slow(int(row), median, was, p95, was95, int(now.sum()), surprise)

    def hold(self, rows: Rows) -> None:
        """Those whose slowness is told do not become usual meanwhile."""
        self.rows["held"][:] = 0
        self.rows["held"][rows] = 1


def _tail(window: Floats, beyond: npt.NDArray[np.bool_], rate: Floats) -> tails.Floats:
    seen = (window * beyond).sum(axis=1).astype(np.float64)
    mean = np.maximum(window.sum(axis=1) * rate, 1e-6).astype(np.float64)
    found = np.zeros(len(seen))
    some = np.flatnonzero(seen > 1.5 * mean + 2)
    found[some] = tails.above(seen[some], mean[some], np.full(len(some), 1 / _SPREAD))
    return found
