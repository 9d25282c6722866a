"""Over ten thousand records on their way to a destination that has a bad day: the same days for every exporter."""

from __future__ import annotations

import random
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from collector.component import Context, Factory
from collector.delivery.engine import Delivery
from collector.ledger.plan import PipelinePlan
from collector.testing.conservation import assert_conserved
from counterparts.fault_proxy import Fault, cut_request, gateway_page, lost_answer, slow, status
from counterparts.partition_bench import PartitionBench, plan

DOMAINS = ("0.example", "1.example", "2.example")
RECORDS, PAYLOAD = 12_000, 400
SLOW_SECS = 2.0
"""Longer than the `timeout` of `QUICK`."""

QUICK: dict[str, Any] = {
    "retry_on_failure": {"initial_interval": "10ms", "max_interval": "50ms"},
    "timeout": "1.5s",
    "sending_queue": {"batch": {"flush_timeout": "20ms", "min_size": 600, "max_size": 600}},
}
PATIENT = {**QUICK, "timeout": "30s"}
"""Where each record must come once: an answer that is late on a busy machine is no fault, and what is given up is sent again."""

SMALL = {"num_consumers": 1, "batch": {"flush_timeout": "20ms", "min_size": 200, "max_size": 200}}
"""A `sending_queue` that takes its time, so that something can happen in the middle."""

_through = slow(0)
_too_many = status(429, {"Retry-After": "0"})
DAYS: dict[str, list[Fault]] = {
    "answers are lost after the commit": [lost_answer, lost_answer, _through] * 7,
    "a storm of 429": [_too_many] * 20 + [status(429, {"Retry-After": "1"})],
    "errors of the server": [status(500), status(503), status(502), gateway_page] * 5,
    "answers slower than the timeout": [_through, slow(SLOW_SECS)] * 2,
    "connections are cut": [cut_request, cut_request, _through] * 7,
}
"""Faults of consecutive calls, by name; then all is well again. Two in a row, because the HTTP client itself repeats a PUT
whose connection ended, once."""

CLEAN_DAYS = frozenset({"a storm of 429", "connections are cut"})
"""Days on which nothing is taken that is not answered: where there is no key, each record comes once. On all others some
come again."""

_MIXED = [lost_answer, cut_request, gateway_page, status(500), _too_many, slow(0.05), _through, _through]


def mixture(seed: int, rounds: int) -> list[Fault]:
    """All faults and two good calls, so many times, in a random order that the seed decides."""
    faults = _MIXED * rounds
    random.Random(seed).shuffle(faults)
    return faults


class Load:
    """`RECORDS` records of `DOMAINS` in the outbox of one exporter, in payloads of `PAYLOAD`; the account is checked at
    the end. `ids` are their record ids, `bodies` are `record 0` … in the order of arrival."""

    def __init__(self, folder: Path, factory: Factory[Any]) -> None:
        self._folder, self._factory = folder, factory
        self._name = factory.name
        self.bench = PartitionBench(folder, plan(PipelinePlan("logs", frozenset({"otlp"}), (self._name,))))
        self.bodies = [f"record {n}" for n in range(RECORDS)]
        for at, first in enumerate(range(0, RECORDS, PAYLOAD)):
            self.bench.put(*self.bodies[first : first + PAYLOAD], domain=DOMAINS[at % len(DOMAINS)])
            self.bench.step()
        entries = self.bench.deliverable(self._name)
        self.ids = [id_ for entry in entries for id_ in entry.content.column("record_id")]  # type: ignore[union-attr]
        assert len(set(self.ids)) == RECORDS
        self._delivery: Delivery | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop(0)
        if kind is None:
            exported = sum(self.bench.count(f"exporter/{self._name}", "exported", domain) for domain in DOMAINS)
            assert (exported, self.queued) == (RECORDS, 0)
            assert_conserved(self.bench.partition)
        self.bench.close()

    @property
    def queued(self) -> int:
        """Records that wait."""
        return self.bench.partition.queues()[self._name].records

    def start(self, options: dict[str, Any]) -> None:
        """Begin to deliver."""
        config = self._factory.config(**options)
        exporter = self._factory.create(config, Context(self._name, self._folder))
        self._delivery = Delivery({self._name: (exporter, config)}, {0: self.bench.ledger})
        self._delivery.start()

    def await_some(self) -> None:
        """Until a good part is delivered and a good part is not."""
        while self.queued > RECORDS - 2000:
            time.sleep(0.005)
        assert self.queued > 0

    def await_trouble(self, reason: str) -> None:
        """Until the exporter gives this reason for not delivering."""
        assert self._delivery is not None
        while reason not in self._delivery.statistics()[self._name].reason:
            time.sleep(0.005)

    def finish(self) -> None:
        """Until nothing waits any more."""
        while self.queued:
            time.sleep(0.02)
        self._stop(5)

    def deliver(self, options: dict[str, Any]) -> None:
        """From the beginning to the end."""
        self.start(options)
        self.finish()

    def deliver_in_two_lives(self, options: dict[str, Any]) -> None:
        """The process ends in the middle without waiting for anything; the next one goes on."""
        self.start(options)
        self.await_some()
        self._stop(0)
        self.bench.reopen()
        assert self.queued > 0
        self.deliver(options)

    def _stop(self, timeout_secs: float) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.shutdown(timeout_secs)
