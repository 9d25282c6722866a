"""One measurement: a load on a running system, and what all of its processes used for it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from load import Sent, send
from processes import Usage
from systems import System
from tables import Row

_GIVEN_UP_SECS = 120.0


def warm_up(system: System, protocol: str, batch: int, connections: int, records: int) -> int:
    """Let it see the load; returns how many records that were."""
    port = system.grpc if protocol == "grpc" else system.http
    return send(protocol, port, batch, connections, records).acknowledged


def measured(system: System, protocol: str, batch: int, connections: int, records: int, rate: float = 0.0,
             finished: Callable[[], bool] | None = None, *, warm: bool = False) -> tuple[Sent, Usage]:  # fmt: skip
    """Warm up unless that was done, then send `records` and wait until the system has finished with them."""
    if not warm:
        warm_up(system, protocol, batch, connections, max(records // 10, batch * connections))
        time.sleep(0.5)
    before = system.tree.usage()
    sent = send(protocol, system.grpc if protocol == "grpc" else system.http, batch, connections, records, rate)
    began = time.monotonic()
    while finished is not None and not finished() and time.monotonic() < began + _GIVEN_UP_SECS:
        time.sleep(0.02)
    sent = replace(sent, seconds=sent.seconds + time.monotonic() - began)
    time.sleep(0.3)  # what follows the last answer: a worker takes it on
    return sent, system.tree.usage().since(before)


def row(label: str, system: str, runs: list[tuple[Sent, Usage]]) -> Row:
    """Medians of several runs."""

    def median(of: Callable[[Sent, Usage], float]) -> float:
        return statistics.median(of(sent, usage) for sent, usage in runs)

    return Row(
        label, system,
        cpu_us=median(lambda sent, usage: usage.total / sent.acknowledged * 1e6),
        rate=median(lambda sent, _: sent.acknowledged / sent.seconds),
        p50_ms=median(lambda sent, _: sent.p50_ms), p99_ms=median(lambda sent, _: sent.p99_ms),
    )  # fmt: skip


def drained(system: System) -> Callable[[], bool]:
    """True when every accepted record has left the outbox: read from the count rows on disk."""
    from collector.backend.offline import view_of

    assert system.folder is not None
    view = view_of(system.folder / "data")

    def done() -> bool:
        counts = view.counts()
        accepted = sum(n for (_, by, outcome), n in counts.items() if (by[:9], outcome) == ("receiver/", "accepted"))
        exported = sum(n for (_, _, outcome), n in counts.items() if outcome == "exported")
        return accepted == exported

    return done
