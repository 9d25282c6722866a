"""Partitions come to a process that delivers, and go from it: nothing is lost, and nothing is acknowledged that is another's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import pytest

from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Engine
from collector.errors import Lost
from collector.ledger.interface import Ack
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch
from collector.testing.virtual_time import InlineExecutor, run_virtual

ALONE = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 0}}})
JOINED = DeliveryConfig.model_validate({"sending_queue": {"batch": {"min_size": 100, "flush_timeout": "1s"}}})
Body = Callable[[Engine], Awaitable[None]]


def deliver(exporter: ScriptedExporter, body: Body, config: DeliveryConfig = ALONE, **told) -> None:
    """Run an engine that has no partitions at first."""

    async def main() -> None:
        engine = Engine(
            {"x": (exporter, config)}, {}, pool=lambda name, count: InlineExecutor(), rng=random.Random(7), **told
        )
        await engine.start()
        await body(engine)
        await engine.stop(5.0)

    run_virtual(main())


def ledger(*bodies: str) -> MemoryLedger:
    """A partition in whose outbox each of these is an entry."""
    made = MemoryLedger(["x"])
    for body in bodies:
        made.put(text_batch([body]))
    return made


def test_a_partition_that_comes_is_delivered():
    """Also while others are."""
    first, second, exporter = ledger("a"), ledger("b"), ScriptedExporter()

    async def body(engine: Engine) -> None:
        engine.add(3, first, None)
        await asyncio.sleep(1)
        engine.add(1, second, None)
        await asyncio.sleep(1)

    deliver(exporter, body)
    assert exporter.bodies() == ["a", "b"]
    assert [each.outcomes("x") for each in (first, second)] == [{"enqueued": 1, "exported": 1}] * 2


def test_what_is_on_its_way_may_end_before_a_partition_goes():
    """Within the deadline; it is acknowledged when `remove` returns, and nothing more of the partition is read."""
    one, exporter = ledger(*map(str, range(20))), ScriptedExporter(latency_secs=2.0)

    async def body(engine: Engine) -> None:
        engine.add(0, one, None)
        await asyncio.sleep(1)
        sending = exporter.running
        await engine.remove(0, 5.0)
        assert one.outcomes("x") == {"enqueued": 20, "exported": 20}  # all of it was read, and nothing was in trouble
        assert sending
        one.put(text_batch(["late"]))
        engine.notify()
        await asyncio.sleep(20)

    deliver(exporter, body)
    assert "late" not in exporter.bodies()


@pytest.mark.parametrize("answer", [Retry("down"), Blocked("401")], ids=["failing", "blocked"])
def test_a_partition_does_not_wait_for_a_destination_in_trouble(answer):
    """It goes at once; its next owner delivers."""
    one, exporter = ledger("a"), ScriptedExporter(lambda _: answer)

    async def body(engine: Engine) -> None:
        engine.add(0, one, None)
        await asyncio.sleep(3)
        asked = asyncio.get_running_loop().time()
        await engine.remove(0, 5.0)
        assert asyncio.get_running_loop().time() - asked < 1
        assert engine.statistics()["x"].queued_records == 0
        calls = len(exporter.sent)
        await asyncio.sleep(300)
        assert len(exporter.sent) <= calls + 1, "what is another's is sent again and again"

    deliver(exporter, body)
    assert one.outcomes("x") == {"enqueued": 1, "queued": 1}


def test_an_answer_that_comes_later_is_nobodys():
    """The partition was taken away in the middle of a call, and came back: the entry is sent again, and counts once."""
    one, exporter = ledger("a"), ScriptedExporter(latency_secs=4.0)

    async def body(engine: Engine) -> None:
        engine.add(0, one, None)
        await asyncio.sleep(1)
        await engine.remove(0)
        assert one.outcomes("x") == {"enqueued": 1, "queued": 1}
        engine.add(0, one, None)
        await asyncio.sleep(3.5)  # the first call has ended
        assert one.outcomes("x") == {"enqueued": 1, "queued": 1}
        await asyncio.sleep(3)

    deliver(exporter, body)
    assert exporter.bodies() == ["a", "a"]
    assert one.outcomes("x") == {"enqueued": 1, "exported": 1}


def test_the_rest_of_a_request_goes_on_without_what_is_another_s():
    """Records of two partitions in one request that is tried again: those of the one that went are left out."""
    here, gone, down = ledger("here"), ledger("gone"), [True]
    exporter = ScriptedExporter(lambda _: Retry("down") if down[0] else Ok())

    async def body(engine: Engine) -> None:
        engine.add(0, here, None)
        engine.add(1, gone, None)
        await asyncio.sleep(3)
        await engine.remove(1)
        down[0] = False
        await asyncio.sleep(120)

    deliver(exporter, body, JOINED)
    assert sorted(exporter.sent[0].column("body")) == ["gone", "here"]
    assert list(exporter.sent[-1].column("body")) == ["here"]
    assert here.outcomes("x") == {"enqueued": 1, "exported": 1}
    assert gone.outcomes("x") == {"enqueued": 1, "queued": 1}


class Taken(MemoryLedger):
    """Another process has it, which is found out at a write."""

    def ack(self, exporter: str, acks: Sequence[Ack]) -> None:
        raise Lost("fenced")


def test_who_finds_a_partition_lost_says_so_and_goes_on():
    """The others are acknowledged."""
    taken, ours, told = Taken(["x"]), ledger("b"), []
    taken.put(text_batch(["a"]))

    async def body(engine: Engine) -> None:
        engine.add(0, taken, None)
        engine.add(1, ours, None)
        await asyncio.sleep(1)
        assert set(told) == {0}
        await engine.remove(0)
        await asyncio.sleep(1)

    deliver(ScriptedExporter(), body, lost=told.append)
    assert ours.outcomes("x") == {"enqueued": 1, "exported": 1}


def test_nothing_is_sent_while_nobody_knows_whose_it_is():
    """Out of touch with whoever shares partitions out: others may have them."""
    one, exporter, touch = ledger("a"), ScriptedExporter(), [False]

    async def body(engine: Engine) -> None:
        engine.add(0, one, None)
        await asyncio.sleep(30)
        assert not exporter.sent
        touch[0] = True
        await asyncio.sleep(2)

    deliver(exporter, body, in_touch=lambda: touch[0])
    assert one.outcomes("x") == {"enqueued": 1, "exported": 1}


@pytest.mark.parametrize("seed", range(8))
def test_a_storm_of_them(seed):
    """Two processes and a destination with moods, four partitions that move between them as they like, in good order or torn away: in the
    end every record arrived, and the account has each once."""
    rng = random.Random(seed)
    ledgers = [MemoryLedger(["x"]) for _ in range(4)]
    moods = [Ok(), Ok(), Retry("busy"), Blocked("401")]
    calm = [False]
    exporters = [ScriptedExporter(lambda _: Ok() if calm[0] else rng.choice(moods), latency_secs=0.7) for _ in range(2)]

    async def main() -> None:
        engines = [
            Engine({"x": (each, rng.choice([ALONE, JOINED]))}, {}, pool=lambda name, count: InlineExecutor(), rng=rng)
            for each in exporters
        ]
        for engine in engines:
            await engine.start()
        owners: list[Engine | None] = [None] * len(ledgers)
        for n in range(150):
            ledgers[rng.randrange(4)].put(text_batch([f"{n}/{m}" for m in range(rng.randrange(1, 30))]))
            await asyncio.sleep(rng.random())
            moved = rng.randrange(4)
            if (owner := owners[moved]) is not None:
                await owner.remove(moved, rng.choice([0.0, 5.0]))
            owners[moved] = rng.choice([None, *engines])
            if (owner := owners[moved]) is not None:
                owner.add(moved, ledgers[moved], None)
            for engine in engines:
                engine.notify()
        calm[0] = True
        for number, owner in enumerate(owners):
            if owner is None:
                engines[0].add(number, ledgers[number], None)
        await asyncio.sleep(600)
        assert all(engine.statistics()["x"].queued_records == 0 for engine in engines)
        for engine in engines:
            await engine.stop(5.0)

    run_virtual(main())
    assert all(each.adds_up("x") and not each.queued("x") for each in ledgers)
    enqueued = sum(each.outcomes("x")["exported"] for each in ledgers)
    arrived = [body for exporter in exporters for body in exporter.bodies()]
    assert len(set(arrived)) == enqueued <= len(arrived)
