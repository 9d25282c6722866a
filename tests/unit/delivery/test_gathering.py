"""Runs of outbox entries: kept one by one, sent as a whole, acknowledged at once (`Gathers`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import Gathers, OutboxRun, RunLimits
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Engine
from collector.outcomes import Blocked, Ok, Reject, Retry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual

NEVER = 1e12
FAR = 4 * 10**12
APART = {"sending_queue": {"batch": {"min_size": 0}}}


def config(**options: Any) -> DeliveryConfig:
    return DeliveryConfig.model_validate({"timeout": "0s", **options})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("gathering", "feed"):
        monkeypatch.setattr(f"collector.delivery.{module}.time", SimpleNamespace(time=lambda: FAR / 1000))


@dataclass
class Rig:
    """Ledgers alone."""

    ledgers: list[MemoryLedger]


class Gatherer:
    """Keeps bodies by run; `answers` are given to `send` in turn, then all is taken."""

    def __init__(self, *answers: Any, size: int = 1 << 40, secs: float = NEVER) -> None:
        self.run_limits = RunLimits(size, secs)
        self._answers = list(answers)
        self.held: dict[tuple[int, int], list[str]] = {}
        self.sent: list[OutboxRun] = []
        self.written: dict[OutboxRun, list[str]] = {}
        self.unkept = 0

    async def start(self) -> None:
        """Nothing to open."""

    def encode(self, batch: LogBatch) -> list[str]:
        bodies: list[str] = batch.column("body").to_list()
        if "bad" in bodies:
            raise ValueError
        return bodies

    async def keep(self, partition: int, first: int, encoded: list[str]) -> None:
        if self.unkept:
            self.unkept -= 1
            raise OSError(28, "No space left on device")
        self.held.setdefault((partition, first), []).extend(encoded)

    async def send(self, run: OutboxRun) -> Any:
        self.sent.append(run)
        answer = self._answers.pop(0) if self._answers else Ok()
        if isinstance(answer, Ok):
            self.written[run] = sorted(self.held.get((run.partition, run.first), []))
        return answer

    def classify(self, answer: Any) -> Any:
        return [Retry(str(answer)) if isinstance(answer, Exception) else answer]

    async def run_ended(self, run: OutboxRun) -> None:
        self.held.pop((run.partition, run.first), None)

    async def shutdown(self) -> None:
        """Nothing to close."""


def put(one: Any, *entries: list[str], made_ms: int = FAR, step_ms: int = 0, ledger: int = 0) -> None:
    """Entries that were made then; at `FAR` the clock stands still."""
    outbox = one.ledgers[ledger]
    for number, bodies in enumerate(entries):
        seq = outbox.put(text_batch(bodies))
        outbox._entries[seq] = replace(outbox._entries[seq], created_unix_ms=made_ms + number * step_ms)


def test_a_gatherer_has_the_power() -> None:
    assert isinstance(Gatherer(), Gathers)


def test_a_run_is_one_request_and_one_acknowledgement(rig: Any) -> None:
    """The clock ends it once the outbox was found empty behind that moment."""
    one, exporter = rig("x"), Gatherer(secs=60)
    put(one, ["a", "b"], ["c"], ["d"], made_ms=0)
    one.run({"x": (exporter, config(**APART))}, 30)
    assert exporter.written == {OutboxRun(0, 1, 3): ["a", "b", "c", "d"]}
    assert (one.ledgers[0].ack_calls, one.ledgers[0].outcomes("x")) == (1, {"enqueued": 4, "exported": 4})
    assert exporter.held == {}


def test_runs_end_by_what_is_stored(rig: Any) -> None:
    """100 bytes a record: with the entry that makes it 300. What is too young stays, and is not acknowledged."""
    one, exporter = rig("x"), Gatherer(size=300)
    put(one, ["a", "b"], ["c", "d"], ["e", "f", "g"], ["h"])
    one.run({"x": (exporter, config(**APART))}, 30)
    assert exporter.written == {OutboxRun(0, 1, 2): ["a", "b", "c", "d"], OutboxRun(0, 3, 3): ["e", "f", "g"]}
    assert one.ledgers[0].queued("x") == 1
    assert exporter.held == {(0, 4): ["h"]}


def test_runs_end_by_when_entries_were_made(rig: Any) -> None:
    """A minute after the first one."""
    one, exporter = rig("x"), Gatherer(secs=60)
    put(one, ["a"], ["b"], ["c"], ["d"], step_ms=25_000)
    one.run({"x": (exporter, config(**APART))}, 30)
    assert exporter.written == {OutboxRun(0, 1, 3): ["a", "b", "c"]}


def test_one_that_is_not_small_ends_when_no_more_comes(rig: Any) -> None:
    """What waits may be what leaves no room for more: twenty seconds after the last one, as it was made, or by the clock."""
    one, exporter = rig("x"), Gatherer(size=64 * 200)
    put(one, ["a"], ["b"], step_ms=30_000)
    put(one, ["c"], made_ms=FAR + 31_000)
    put(one, ["d"], made_ms=FAR + 52_000)
    one.run({"x": (exporter, config(**APART))}, 60)
    assert exporter.written == {OutboxRun(0, 1, 3): ["a", "b", "c"]}
    quiet = Gatherer(size=64 * 200)
    two = rig("x")
    put(two, ["a", "b"], made_ms=0)
    two.run({"x": (quiet, config(**APART))}, 60)
    assert quiet.written == {OutboxRun(0, 1, 1): ["a", "b"]}


def test_after_a_death_the_same_run_comes_again(rig: Any) -> None:
    """Nothing was acknowledged, however often the destination said no."""
    one, dead = rig("x"), Gatherer(*[Retry("down")] * 99, size=300)
    put(one, ["a", "b"], ["c", "d"], ["e", "f"])
    one.run({"x": (dead, config())}, 20)
    assert set(dead.sent) == {OutboxRun(0, 1, 2)}
    alive = Gatherer(size=300)
    one.run({"x": (alive, config())}, 20)
    assert alive.written == {OutboxRun(0, 1, 2): ["a", "b", "c", "d"]}


@pytest.mark.parametrize("answer", [Retry("down"), Blocked("key")], ids=["down", "blocked"])
def test_a_destination_in_trouble_stops_nobody_who_keeps_but_not_without_bound(rig: Any, answer: Any) -> None:
    """Two runs wait for it; what is beyond them waits in the outbox, unread."""
    one, exporter = rig("x"), Gatherer(*[answer] * 999, size=100)
    put(one, *(["a"] for _ in range(20)))
    one.run({"x": (exporter, config(**APART))}, 200)
    assert set(exporter.sent) <= {OutboxRun(0, 1, 1), OutboxRun(0, 2, 2)}
    assert sorted(exporter.held) == [(0, 1), (0, 2)]
    assert one.ledgers[0].queued("x") == 20
    again = Gatherer(size=100)
    one.run({"x": (again, config(**APART))}, 60)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 20, "exported": 20}


def test_what_is_left_out_or_set_aside_ends_with_the_run(rig: Any) -> None:
    one, exporter = rig("x"), Gatherer(size=500)
    put(one, ["a", "bad"], ["no"], ["b", "no"])
    options = config(select={"conditions": ['body != "no"']}, **APART)
    one.run({"x": (exporter, options)}, 30)
    assert exporter.written == {OutboxRun(0, 1, 3): ["a", "b"]}
    assert one.ledgers[0].outcomes("x") == {"enqueued": 5, "exported": 2, "dead_lettered": 1, "filtered": 2}
    assert one.ledgers[0].ack_calls == 1


def test_a_run_of_which_nothing_is_left_is_not_sent(rig: Any) -> None:
    one, exporter = rig("x"), Gatherer(size=100)
    put(one, ["no"])
    one.run({"x": (exporter, config(select={"conditions": ['body != "no"']}))}, 30)
    assert exporter.sent == []
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "filtered": 1}


def test_what_can_not_be_kept_is_given_again(rig: Any) -> None:
    one, exporter = rig("x"), Gatherer(size=200)
    exporter.unkept = 5
    put(one, ["a"], ["b"])
    one.run({"x": (exporter, config(**APART))}, 200)
    assert exporter.written == {OutboxRun(0, 1, 2): ["a", "b"]}
    assert any("No space left" in event.reason for event in one.events)


def test_partitions_have_runs_of_their_own(rig: Any) -> None:
    one, exporter = rig("x", partitions=2), Gatherer(size=200)
    for ledger, bodies in enumerate((["a", "b"], ["c", "d"])):
        put(one, bodies, ledger=ledger)
    one.run({"x": (exporter, config())}, 30)
    assert exporter.written == {OutboxRun(0, 1, 1): ["a", "b"], OutboxRun(1, 1, 1): ["c", "d"]}


def test_partitions_share_no_request_though_their_runs_begin_alike(rig: Any) -> None:
    """Where a request waits for more, and both begin with the same number."""
    one, exporter = rig("x", partitions=2), Gatherer(size=400)
    for ledger, bodies in enumerate((["a", "b"], ["c", "d"])):
        put(one, bodies, bodies, ledger=ledger)
    batch = {"min_size": 1 << 20, "flush_timeout": "5s"}
    one.run({"x": (exporter, config(sending_queue={"batch": batch}))}, 30)
    assert exporter.written == {OutboxRun(0, 1, 2): ["a", "a", "b", "b"], OutboxRun(1, 1, 2): ["c", "c", "d", "d"]}


def test_a_clock_that_is_set_back_ends_a_run(rig: Any) -> None:
    """By what is stored, so that it is the same after a death; and by the clock, where nothing more comes."""
    one, exporter = rig("x"), Gatherer(secs=600)
    put(one, ["a"], made_ms=FAR + 10**9)
    put(one, ["b"], ["c"], step_ms=-119_000)
    one.run({"x": (exporter, config(**APART))}, 30)
    assert exporter.written == {OutboxRun(0, 1, 1): ["a"]}
    assert exporter.held == {(0, 2): ["b", "c"]}
    alone = Gatherer(secs=600)
    two = rig("x")
    put(two, ["a"], made_ms=FAR + 10**9)
    two.run({"x": (alone, config(**APART))}, 30)
    assert alone.written == {OutboxRun(0, 1, 1): ["a"]}


def test_a_drain_ends_runs_when_there_is_no_more_to_read() -> None:
    """What waits goes when the service stops, and is acknowledged."""
    ledger, exporter = MemoryLedger(["x"]), Gatherer()
    put(Rig([ledger]), ["a"], ["b"])

    async def main() -> bool:
        engine = Engine({"x": (exporter, config())}, {0: ledger}, pool=lambda name, count: InlineExecutor())
        await engine.start()
        await asyncio.sleep(30)
        assert exporter.sent == []
        drained = await engine.drain(30)
        await engine.stop(5)
        return drained

    assert run_virtual(main())
    assert exporter.written == {OutboxRun(0, 1, 2): ["a", "b"]}
    assert ledger.queued("x") == 0


def test_who_speaks_of_a_part_is_asked_again(rig: Any) -> None:
    """A run is taken as a whole, or not: nothing is lost by a verdict that can't be."""
    one, exporter = rig("x"), Gatherer(Reject("no", pl.Series([0], dtype=pl.UInt32).to_numpy()), size=200)
    put(one, ["a", "b"])
    one.run({"x": (exporter, config())}, 60)
    assert exporter.written == {OutboxRun(0, 1, 1): ["a", "b"]}
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "exported": 2}
