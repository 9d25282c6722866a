"""Records that kill the worker in delivery: cut small, then set aside for that exporter alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from collector.batch import LogBatch
from collector.delivery.config import DeliveryConfig
from collector.delivery.hand import Hand
from collector.delivery.request import Part, Pending, Request
from collector.ledger.interface import Ack
from collector.ledger.marker import Marker, Name
from collector.ledger.quarantine import Quarantine
from collector.outcomes import Ok, Retry
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.scripted_exporter import ScriptedExporter

RECORDS = 300
CONFIG = DeliveryConfig()


def batch_of(bodies: Sequence[str]) -> LogBatch:
    return LogBatch.of({"body": list(bodies), "domain": ["d"] * len(bodies)})


def entries(count: int = 3) -> list[Pending]:
    """Pending entries 1, 2, 3 … of one partition."""
    ledger = MemoryLedger(["x"])
    for number in range(count):
        ledger.put(batch_of([f"{number}-{row}" for row in range(RECORDS)]))
    return [Pending(0, entry) for entry in ledger.deliverable("x", -1, 1 << 40)]


def whole(pending: Pending) -> Request:
    return Request((Part.whole(pending),))


def piece(pending: Pending, start: int, records: int = 64) -> Request:
    return Request((Part.whole(pending).slice(start, records),))


def die_with(path: Path, *requests: Request) -> None:
    """A process that takes these in hand and is gone: what is on disk at that moment stays."""

    async def main() -> bytes:
        hand = Hand("x", {0: path}, Quarantine())
        with ExitStack() as held:
            for request in requests:
                held.enter_context(await hand.holding(request))
            return file.read_bytes()

    file = path / "deliveries" / "x"
    file.write_bytes(asyncio.run(main()))


def test_a_partition_that_goes_and_returns_is_another_one(tmp_path: Path) -> None:
    """What was in hand before ends later, and says nothing of what is in hand now."""
    first = entries(1)[0]

    async def main() -> bytes:
        hand = Hand("x", {0: tmp_path}, Quarantine())
        with ExitStack() as later:
            with await hand.holding(whole(first)):
                hand.leave(0)
                hand.include(0, tmp_path)
                later.enter_context(await hand.holding(whole(first)))
            return (tmp_path / "deliveries" / "x").read_bytes()

    held = asyncio.run(main())
    (tmp_path / "deliveries" / "x").write_bytes(held)
    assert Hand("x", {0: tmp_path}, Quarantine()).suspects(first)


def test_a_death_with_several_in_hand_calls_for_care_and_is_held_against_none(tmp_path: Path) -> None:
    first, second, third = entries()
    die_with(tmp_path, whole(first), whole(second))
    hand = Hand("x", {0: tmp_path}, Quarantine())
    assert [hand.suspects(pending) for pending in (first, second, third)] == [True, True, False]
    assert hand.small(first) == 1024
    assert hand.strikes(whole(first)) == 0
    assert not Hand("y", {0: tmp_path}, Quarantine()).suspects(first), "another exporter did nothing"


def test_what_dies_alone_is_cut_smaller_and_after_three_deaths_poison(tmp_path: Path) -> None:
    pending, neighbour, _ = entries()
    die_with(tmp_path, whole(pending))
    for strikes in (1, 2, 3):
        die_with(tmp_path, piece(pending, 64))
        hand = Hand("x", {0: tmp_path}, Quarantine())
        assert hand.small(pending) == 64
        assert hand.strikes(piece(pending, 64)) == strikes
        assert hand.strikes(piece(pending, 0)) == hand.strikes(piece(pending, 128)) == 0
        assert not hand.suspects(neighbour)
        hand.close()
    assert Hand("x", {0: tmp_path}, Quarantine()).poison(piece(pending, 64))


def test_an_entry_that_the_ledger_has_seen_end_is_acquitted(tmp_path: Path) -> None:
    first, second, third = entries()
    die_with(tmp_path, whole(first), whole(second), whole(third))
    Hand("x", {0: tmp_path}, Quarantine()).settled(0, [Ack(second.entry.seq, {})])
    hand = Hand("x", {0: tmp_path}, Quarantine())
    assert [hand.suspects(pending) for pending in (first, second, third)] == [True, False, True]


def test_entries_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    first, second, third = entries()
    die_with(tmp_path, whole(first), whole(second))
    hand = Hand("x", {0: tmp_path}, Quarantine())
    hand.oldest(0, second.entry.seq)
    assert [hand.suspects(pending) for pending in (first, second)] == [True, True], "one span, not all of it is gone"
    Hand("x", {0: tmp_path}, Quarantine()).oldest(0, third.entry.seq)
    assert not Hand("x", {0: tmp_path}, Quarantine()).suspects(second)


def test_nothing_is_remembered_of_an_orderly_end(tmp_path: Path) -> None:
    async def main() -> None:
        hand = Hand("x", {0: tmp_path}, Quarantine())
        with await hand.holding(whole(pending)):
            pass

    (pending,) = entries(1)
    asyncio.run(main())
    assert not Hand("x", {0: tmp_path}, Quarantine()).suspects(pending)


def test_the_suspect_is_alone_in_the_process_and_others_wait_for_it(tmp_path: Path) -> None:
    """Neither a pipeline's step nor another exporter can be to blame for its death, nor it for theirs."""
    quarantine, order = Quarantine(), []

    async def work(hand: Hand, request: Request, name: str) -> None:
        with await hand.holding(request):
            order.append(f"{name} begins")
            await asyncio.sleep(0.02)
            order.append(f"{name} ends")

    async def main() -> None:
        careful, other = Hand("x", {0: tmp_path}, quarantine), Hand("y", {0: tmp_path}, quarantine)
        await asyncio.gather(
            work(other, whole(second), "other"), work(careful, whole(first), "suspect"),
            work(other, whole(second), "late"), asyncio.to_thread(step),
        )  # fmt: skip

    def step() -> None:
        with quarantine.entered():
            order.append("step begins")
            order.append("step ends")

    first, second = entries(2)
    die_with(tmp_path, whole(first))
    asyncio.run(main())
    at = order.index("suspect begins")
    assert order[at + 1] == "suspect ends", order


def test_the_poisonous_piece_is_set_aside_and_its_neighbours_arrive(rig, tmp_path: Path) -> None:
    bench = rig("x")
    (ledger,) = bench.ledgers
    for number in range(2):
        ledger.put(batch_of([f"{number}-{row}" for row in range(RECORDS)]))
    marker = Marker(tmp_path / "deliveries" / "x")
    for _ in range(3):
        marker.hold([Name("outbox", "", 1, 64)], alone=True)
        marker.failed()
    exporter = ScriptedExporter()
    bench.partitions = [tmp_path]
    bench.run({"x": (exporter, CONFIG)}, 5)
    assert sorted(exporter.bodies()) == sorted(
        f"{number}-{row}" for number in range(2) for row in range(RECORDS) if not (number == 0 and 64 <= row < 128)
    )
    assert [(letter.reason, len(letter.batch)) for _, letter in ledger.dead_letters] == [("poison", 64)]
    assert max(len(batch) for batch in exporter.sent[:4]) == 64
    assert ledger.adds_up("x")
    assert not Marker(tmp_path / "deliveries" / "x").suspects


def test_a_suspect_whose_destination_is_away_holds_nobody_up_for_long(rig, tmp_path: Path) -> None:
    """Only its first attempt is alone: whoever survived that is not what kills."""
    bench = rig("x", "y")
    (ledger,) = bench.ledgers
    ledger.put(batch_of(["suspect"]))
    Marker(tmp_path / "deliveries" / "x").hold([Name("outbox", "", 1)], alone=False)
    away, fine = ScriptedExporter(lambda batch: Retry("away"), latency_secs=4.0), ScriptedExporter(lambda batch: Ok())
    bench.partitions = [tmp_path]
    bench.run({"x": (away, CONFIG), "y": (fine, CONFIG)}, 60)
    assert fine.sent_at[0] < 10
    assert len(away.sent) > 1


ERRORS = {"memory": MemoryError(), "disk": OSError(28, "No space left on device")}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_encode_without_memory_or_disk_is_tried_again_with_less(rig, error: Exception) -> None:
    def encode(batch: LogBatch) -> None:
        if len(batch) > 20:
            raise error

    bench = rig("x")
    (ledger,) = bench.ledgers
    ledger.put(batch_of([str(row) for row in range(RECORDS)]))
    exporter = ScriptedExporter(encode=encode)
    bench.run({"x": (exporter, CONFIG)}, 600)
    assert sorted(exporter.bodies(), key=int) == [str(row) for row in range(RECORDS)]
    assert ledger.dead_letters == []
    assert ledger.adds_up("x")


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_ten_minutes_without_cost_no_records(rig, error: Exception) -> None:
    def encode(batch: LogBatch) -> None:
        if asyncio.get_running_loop().time() < 600:
            raise error

    bench = rig("x")
    (ledger,) = bench.ledgers
    ledger.put(batch_of([str(row) for row in range(RECORDS)]))
    bench.run({"x": (ScriptedExporter(encode=encode), CONFIG)}, 1200)
    assert ledger.outcomes("x") == {"enqueued": RECORDS, "exported": RECORDS}
    assert ledger.adds_up("x")


def test_a_record_that_alone_is_too_much_is_set_aside_with_its_reason(rig) -> None:
    def encode(batch: LogBatch) -> None:
        if (batch.column("body") == "greedy").any():
            raise MemoryError

    bench = rig("x")
    (ledger,) = bench.ledgers
    ledger.put(batch_of(["a", "b", "greedy", "c"]))
    exporter = ScriptedExporter(encode=encode)
    bench.run({"x": (exporter, CONFIG)}, 600)
    assert sorted(exporter.bodies()) == ["a", "b", "c"]
    ((_, letter),) = ledger.dead_letters
    assert letter.reason.startswith("encode raised MemoryError")
    assert letter.batch.column("body").to_list() == ["greedy"]
