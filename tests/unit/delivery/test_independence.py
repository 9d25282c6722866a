"""Exporters never hold each other up, and what is in memory is bounded."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery, Engine
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual

CONFIG = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 0}}})


@pytest.mark.parametrize(
    ("trouble", "latency"),
    [(Blocked("401"), 0.0), (Retry("down"), 0.0), (Ok(), 10_000.0)],
    ids=["blocked", "failing", "hanging"],
)
def test_one_exporter_in_trouble_delays_nobody(rig, trouble, latency):
    """The healthy exporter gets each entry at the same moment as without the other."""
    alone, beside = rig("good"), rig("bad", "good")
    sent_at = []
    for one in (alone, beside):
        for n in range(40):
            one.ledgers[0].put(text_batch([f"{n}"]))
        good = ScriptedExporter(latency_secs=0.5)
        exporters = {"good": (good, CONFIG)}
        if one is beside:
            exporters = {"bad": (ScriptedExporter(lambda batch: trouble, latency_secs=latency), CONFIG), **exporters}
        one.run(exporters, 60)
        assert one.ledgers[0].outcomes("good") == {"enqueued": 40, "exported": 40}
        sent_at.append(good.sent_at)
    assert sent_at[0] == sent_at[1]
    assert beside.ledgers[0].queued("bad") == 40


def test_num_consumers_bounds_the_requests_in_flight(rig):
    """No more than `num_consumers` at once, and no fewer while there is work."""
    one = rig("x")
    for n in range(30):
        one.ledgers[0].put(text_batch([f"{n}"]))
    exporter = ScriptedExporter(latency_secs=1.0)
    config = DeliveryConfig.model_validate({"sending_queue": {"num_consumers": 3, "batch": {"min_size": 0}}})
    one.run({"x": (exporter, config)}, 60)
    assert exporter.most_running == 3
    assert len(exporter.sent) == 30


def test_loaded_bytes_are_bounded(rig):
    """A blocked exporter holds no more than its budget in memory (and one chunk of entries)."""
    one = rig("x")
    for n in range(200):
        one.ledgers[0].put(text_batch([f"{n}" * 100] * 10))
    seen = []
    config = DeliveryConfig.model_validate({"sending_queue": {"max_in_flight_bytes": 20_000}})
    exporter = ScriptedExporter(lambda batch: Blocked("401"))
    one.run({"x": (exporter, config)}, 60, during=lambda engine: seen.append(engine.statistics()["x"]))
    assert 0 < seen[0].queued_records < 500
    one.run({"x": (ScriptedExporter(), config)}, 60)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2000, "exported": 2000}


def test_all_partitions_are_read_in_turn(rig):
    """A partition with a large backlog does not starve the others."""
    one = rig("x", partitions=4)
    for n in range(100):
        one.ledgers[0].put(text_batch([f"busy {n}"]))
    for ledger in one.ledgers[1:]:
        ledger.put(text_batch(["quiet"]))
    exporter = ScriptedExporter(latency_secs=1.0)
    config = DeliveryConfig.model_validate({"sending_queue": {"max_in_flight_bytes": 2000, "batch": {"min_size": 0}}})
    one.run({"x": (exporter, config)}, 200)
    assert exporter.bodies().index("quiet") < 30
    assert sum(ledger.outcomes("x")["exported"] for ledger in one.ledgers) == 103


def test_new_entries_are_found_by_notification_and_by_polling(rig):
    """`notify` wakes at once; without it the look that forgives one finds them within ten seconds. A partition is known by its
    number, whichever others there are."""
    one = rig("x")
    exporter = ScriptedExporter()

    def later(engine: Engine) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.25, one.ledgers[0].put, text_batch(["polled"]))
        loop.call_later(15.25, one.ledgers[0].put, text_batch(["notified"]))
        loop.call_later(15.25, engine.notify)

    async def main():
        engine = Engine({"x": (exporter, CONFIG)}, {7: one.ledgers[0]}, pool=lambda name, count: InlineExecutor())
        await engine.start()
        later(engine)
        await asyncio.sleep(20)
        await engine.stop(1)

    run_virtual(main())
    polled, notified = exporter.sent_at
    assert 0.25 < polled <= 10.3
    assert notified == pytest.approx(15.25, abs=1e-6)


def test_only_where_something_was_told_of_it_is_looked(rig):
    """A look is a hop between threads: the partitions that nobody spoke of are not asked, and one that was emptied not again."""
    one = rig("x", partitions=3)
    asked: list[int] = []
    for number, ledger in enumerate(one.ledgers):
        ledger.waiting = _noting(asked, number, ledger.waiting)
    exporter = ScriptedExporter()

    async def main():
        engine = Engine(
            {"x": (exporter, CONFIG)}, dict(enumerate(one.ledgers)), pool=lambda name, count: InlineExecutor()
        )
        await engine.start()
        await asyncio.sleep(1)
        assert sorted(asked) == [0, 1, 2], "at the start all are"
        for text in ("a", "b"):
            asked.clear()
            one.ledgers[1].put(text_batch([text]))
            engine.notify(1)
            await asyncio.sleep(1)
            assert asked == [1]
        await engine.stop(1)

    run_virtual(main())
    assert exporter.bodies() == ["a", "b"]


def _noting(asked, number, waiting):
    def noted(*arguments):
        asked.append(number)
        return waiting(*arguments)

    return noted


def test_acks_are_persisted_at_most_every_200_ms(rig):
    """Many entries that end together are one transaction."""
    one = rig("x")
    for n in range(100):
        one.ledgers[0].put(text_batch([f"{n}"]))
    one.run({"x": (ScriptedExporter(latency_secs=0.1), CONFIG)}, 1.55)
    assert one.ledgers[0].outcomes("x")["exported"] == 100
    assert one.ledgers[0].ack_calls <= 1.2 / 0.2


def test_a_ledger_that_fails_for_a_while_costs_nothing(rig):
    """Progress that could not be made durable is kept and written later; people are told."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a"]))
    working, broken = one.ledgers[0].ack, [OSError("disk"), OSError("disk")]

    def ack(exporter, acks):
        if broken:
            raise broken.pop()
        working(exporter, acks)

    one.ledgers[0].ack = ack
    exporter = ScriptedExporter()
    one.run({"x": (exporter, CONFIG)}, 30)
    assert len(exporter.sent) == 1
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "exported": 1}
    assert [event.kind for event in one.events] == ["exporter.ledger", "exporter.ledger"]


def test_a_slow_encode_starves_nobody_on_real_threads():
    """While one exporter's threads are stuck in `encode`, another's records arrive; then the stuck ones end too."""
    ledger = MemoryLedger(["slow", "quick"])
    for n in range(8):
        ledger.put(text_batch([f"{n}"]))
    stuck, all_quick = threading.Event(), threading.Event()

    def done(batch):
        if len(quick.sent) == 8:
            all_quick.set()
        return Ok()

    quick = ScriptedExporter(done)
    slow = ScriptedExporter(encode=lambda batch: stuck.wait() and None)
    delivery = Delivery({"slow": (slow, CONFIG), "quick": (quick, CONFIG)}, {0: ledger})
    delivery.start()
    try:
        assert all_quick.wait(30)
        assert slow.sent == []
        stuck.set()
        while ledger.queued("slow") or ledger.queued("quick"):
            time.sleep(0.01)
    finally:
        stuck.set()
        delivery.shutdown(5)
    assert ledger.outcomes("slow") == ledger.outcomes("quick") == {"enqueued": 8, "exported": 8}
