"""Stopping loses nothing, ends in time, and the account adds up afterwards."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery, Engine
from collector.outcomes import Blocked, Ok, Reject, Retry, Split
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual

CONFIG = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 0}}})


def test_stop_with_the_destination_down_then_restart(rig):
    """What waits for a retry is left in the outbox at once and delivered after the restart."""
    one = rig("x")
    for n in range(25):
        one.ledgers[0].put(text_batch([f"{n}"]))
    took = one.run({"x": (ScriptedExporter(lambda batch: Retry("refused")), CONFIG)}, 100, deadline_secs=30)
    assert took < 2, "back-off is not waited for"
    assert one.ledgers[0].outcomes("x") == {"enqueued": 25, "queued": 25}
    up = ScriptedExporter()
    one.run({"x": (up, CONFIG)}, 10)
    assert sorted(map(int, up.bodies())) == list(range(25))
    assert one.ledgers[0].outcomes("x") == {"enqueued": 25, "exported": 25}


def test_calls_under_way_may_finish(rig):
    """An answer that comes within the deadline counts; nothing new is sent."""
    one = rig("x")
    for n in range(25):
        one.ledgers[0].put(text_batch([f"{n}"]))
    exporter = ScriptedExporter(latency_secs=3.0)
    one.run({"x": (exporter, CONFIG)}, 1, deadline_secs=10)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 25, "exported": 10, "queued": 15}


def test_calls_that_outlast_the_deadline_are_cut_off(rig):
    """The deadline holds; their records stay queued."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    exporter = ScriptedExporter(latency_secs=4.0)
    took = one.run({"x": (exporter, CONFIG)}, 1, deadline_secs=2)
    assert took < 3
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "queued": 1}


def test_an_entry_that_ended_in_part_is_delivered_again(rig):
    """Half delivered at the stop: the entry is not acknowledged, so its counts are made once, later."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a", "b", "c", "d"]))

    def answer(batch):
        return Split("413") if len(batch) > 2 else Ok() if "a" in batch.column("body") else Retry("busy")

    one.run({"x": (ScriptedExporter(answer), CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 4, "queued": 4}
    one.run({"x": (ScriptedExporter(), CONFIG)}, 1)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 4, "exported": 4}


@pytest.mark.parametrize("seed", range(12))
def test_the_account_adds_up_over_any_troubles_and_restarts(rig, seed):
    """enqueued = exported + dead_lettered + dropped + queued after every stop; in the end every record arrived, or is
    a dead letter, exactly once in the account."""
    rng = random.Random(seed)
    one = rig("x", "y", partitions=2)
    total = 0
    for n in range(30):
        count = rng.randrange(1, 40)
        domains = [rng.choice(["one", "two"]) for _ in range(count)]
        rng.choice(one.ledgers).put(text_batch([f"{n}/{m}" for m in range(count)], domains))
        total += count

    def trouble(batch):
        rows = sorted(rng.sample(range(len(batch)), rng.randrange(len(batch) + 1)))
        some = np.array(rows, dtype=np.uint32)
        return rng.choice(
            [
                Ok(),
                Ok(),
                [Retry("busy", some)],
                Retry("down"),
                Split("413") if len(batch) > 3 else Ok(),
                [Reject("no", some)],
                Blocked("401"),
                ConnectionError(),
            ]
        )

    config = DeliveryConfig.model_validate(
        {"sending_queue": {"batch": {"min_size": rng.choice([0, 50]), "max_size": rng.choice([0, 60])}}}
    )
    for _ in range(6):
        exporters = {id_: (ScriptedExporter(trouble, rng.random()), config) for id_ in ("x", "y")}
        one.run(exporters, rng.uniform(0, 15), deadline_secs=rng.uniform(0, 2))
        for ledger in one.ledgers:
            assert ledger.adds_up("x")
            assert ledger.adds_up("y")
    one.run({id_: (ScriptedExporter(), config) for id_ in ("x", "y")}, 600)
    for id_ in ("x", "y"):
        assert sum(ledger.queued(id_) for ledger in one.ledgers) == 0
        dead = [b for ledger in one.ledgers for e, d in ledger.dead_letters if e == id_ for b in d.batch.column("body")]
        assert (
            len(dead) == len(set(dead)) == sum(ledger.outcomes(id_).get("dead_lettered", 0) for ledger in one.ledgers)
        )
        assert sum(ledger.outcomes(id_).get("exported", 0) for ledger in one.ledgers) + len(dead) == total


@pytest.mark.parametrize(
    ("answer", "latency", "complete", "left"),
    [(Ok(), 1.0, True, 0), (Retry("down"), 0.0, False, 50), (Blocked("401"), 0.0, False, 50), (Ok(), 40.0, False, 0)],
    ids=["healthy", "down", "blocked", "too slow"],
)
def test_draining_waits_for_healthy_exporters_only(answer, latency, complete, left):
    """Everything that can go out goes out; an exporter in trouble does not use up the time."""
    ledger = MemoryLedger(["x"])
    config = DeliveryConfig.model_validate({"timeout": "50s", "sending_queue": {"batch": {"min_size": 0}}})

    async def main():
        loop = asyncio.get_running_loop()
        exporter = ScriptedExporter(lambda batch: answer, latency_secs=latency)
        engine = Engine({"x": (exporter, config)}, {0: ledger}, pool=lambda name, count: InlineExecutor())
        await engine.start()
        await asyncio.sleep(5)
        for n in range(50):
            ledger.put(text_batch([f"{n}"]))
        began = loop.time()
        drained = await engine.drain(30)
        took = loop.time() - began
        await engine.stop(50)
        return drained, took

    drained, took = run_virtual(main())
    assert drained is complete
    assert took < 6 if answer != Ok() or complete else took == pytest.approx(30)
    if left:
        assert ledger.queued("x") == left


def test_shutdown_is_safe_twice_and_without_start():
    """Lifecycle: create, (start), shutdown, shutdown."""
    delivery = Delivery({"x": (ScriptedExporter(), CONFIG)}, {0: MemoryLedger(["x"])})
    delivery.shutdown(1)
    delivery.start()
    delivery.notify()
    assert delivery.drain(30)
    assert set(delivery.statistics()) == {"x"}
    delivery.shutdown(1)
    delivery.shutdown(1)
    delivery.notify()
    assert not delivery.drain(1)


def test_start_raises_what_an_exporter_cannot_open():
    """A worker whose exporter cannot start fails at once, with the exporter's own words."""

    class Broken(ScriptedExporter):
        async def start(self):
            raise PermissionError("/var/log/x")

    delivery = Delivery({"x": (Broken(), CONFIG)}, {0: MemoryLedger(["x"])})
    with pytest.raises(PermissionError, match="/var/log/x"):
        delivery.start()
    delivery.shutdown(1)
