"""Counts in the place of alerts, told once a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgpack
import orjson
import xxhash

from collector.component import State, Work
from collector.connectors.alerting.intervals import next_boundary
from collector.connectors.alerting.occurrences import Occurrence
from collector.connectors.alerting.routes import Leaf

PREFIX = "d/"
_MOST = 1000
_REST = "rest"


class Counted(NamedTuple):
    """How often a set of labels was told in a period, with a line of it."""

    labels: Mapping[str, str]
    records: int
    sample: str


class Digests:
    """Of all routes. A period's counts stand under its end and the place of the route."""

    @staticmethod
    def count(work: Work, leaf: Leaf, one: Occurrence, sample: str) -> None:
        """Add what a batch tells."""
        assert leaf.digest is not None
        now = work.now_unix_nano
        end = next_boundary(now, leaf.digest.every, leaf.digest.at or "", leaf.digest.location)
        period, state = f"{PREFIX}{end}/{leaf.path}", work.state(one.domain)
        name = f"{period}/{xxhash.xxh3_64_hexdigest(orjson.dumps(one.labels, option=orjson.OPT_SORT_KEYS))}"
        kept = state.get(name.encode())
        if kept is None and (state.excess_bytes() or not _room(state, period)):
            name, one = f"{period}/{_REST}", one._replace(labels={"domain": one.domain})
            kept = state.get(name.encode())
        labels, before, said = (one.labels, 0, sample) if kept is None else msgpack.unpackb(kept)
        state.put(name.encode(), msgpack.packb([labels, before + one.records, said or sample]))
        work.wake(one.domain, period, end)

    @staticmethod
    def take(state: State, period: str) -> Sequence[Counted]:
        """What was counted in a period, the most first; it is forgotten."""
        found = state.scan(f"{period}/".encode())
        for name, _ in found:
            state.delete(name)
        state.delete(period.encode())
        return sorted((Counted(*msgpack.unpackb(value)) for _, value in found), key=lambda one: -one.records)


def _room(state: State, period: str) -> bool:
    """Whether a period may have one more set of labels; it is counted then, under the period's own name."""
    known = int.from_bytes(state.get(period.encode()) or b"", "big")
    if known < _MOST:
        state.put(period.encode(), (known + 1).to_bytes(4, "big"))
    return known < _MOST
