"""What happens when an exporter does not keep up: `block`, `spill`, `drop_oldest`, `max_age`, and the budget."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.errors import StorageError
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan, Quota
from collector.pipeline.decode import decode
from counterparts.partition_bench import MIB, PartitionBench, bodies_of, exported, plan

Make = Callable[..., PartitionBench]
RECEIVERS = frozenset({"otlp"})
BOTH = PipelinePlan("logs", RECEIVERS, ("slow", "fast"))
FORWARD = PipelinePlan("logs", RECEIVERS, ("slow", "fast"), passthrough=True)


def fill(bench: PartitionBench, count: int, first: int = 0) -> list[str]:
    """Commit `count` entries of some 25 KB that do not compress."""
    bodies = [f"{number} {os.urandom(10_000).hex()}" for number in range(first, first + count)]
    for body in bodies:
        bench.put(body)
        bench.step()
    return bodies


def spill_files(bench: PartitionBench) -> list[Path]:
    return sorted((bench.root / "partition" / "spill").glob("*/*"))


def test_block_stops_the_pipeline_until_there_is_room_again(make_bench: Make) -> None:
    bench = make_bench(plan(quotas={"sqlite": Quota(max_bytes=30_000)}))
    bodies = fill(bench, 3)
    bench.put("waits")
    assert not bench.read()
    assert bench.partition.cursors("logs", bench.journal_id) == {"a.example": len(bench.deliverable())}
    delivered = bench.drain()
    while bench.step():
        delivered += bench.drain()
    assert delivered == [*bodies, "waits"]


def test_one_exporter_that_blocks_stops_only_its_own_pipelines(make_bench: Make) -> None:
    other = PipelinePlan("logs/other", RECEIVERS, ("fast",))
    bench = make_bench(plan(PipelinePlan("logs", RECEIVERS, ("slow",)), other, quotas={"slow": Quota(max_bytes=1)}))
    bench.put("one")
    bench.step("logs")
    bench.put("two")
    assert not bench.read("logs")
    assert bench.read("logs/other")


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("pipeline", [BOTH, FORWARD], ids=["batches", "payloads"])
def test_spill_takes_the_backlog_of_one_and_delays_nobody(
    make_bench: Make, pipeline: PipelinePlan, restart: bool
) -> None:
    bench = make_bench(plan(pipeline, quotas={"slow": Quota(max_bytes=55_000, on_full="spill"), "fast": Quota()}))
    bodies = []
    for number in range(6):
        bodies.append(f"{number} {os.urandom(10_000).hex()}")
        bench.put(bodies[-1])
        read = bench.read()
        bench.ledger.commit(
            Commit("logs", read, {"logs": read.entries if pipeline.passthrough else decode(read.entries).batch})
        )
        assert bench.drain("fast") == bodies[-1:]
    assert len(spill_files(bench)) == 4
    assert bench.partition.queues()["slow"].spilled_bytes > 75_000
    if restart:
        bench.reopen()
    assert bench.drain("slow") == bodies
    assert spill_files(bench) == []
    assert bench.partition.queues()["slow"].size_bytes == 0


def test_spilled_payloads_do_not_hold_the_journal(make_bench: Make) -> None:
    bench = make_bench(plan(FORWARD, quotas={"slow": Quota(max_bytes=10, on_full="spill"), "fast": Quota()}))
    bench.put("one")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}, "fast still refers to it"
    bench.drain("fast")
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}
    assert bench.drain("slow") == ["one"]


def test_a_full_spill_area_blocks(make_bench: Make) -> None:
    slow = Quota(max_bytes=1, on_full="spill", spill_bytes=60_000)
    bench = make_bench(plan(BOTH, quotas={"slow": slow, "fast": Quota()}))
    bodies = fill(bench, 6)
    assert (len(spill_files(bench)), len(bench.deliverable("slow"))) == (2, 3)
    delivered = bench.drain("slow")
    while bench.step():
        delivered += bench.drain("slow")
    assert delivered == bodies


def test_a_spill_area_that_can_not_be_written_keeps_the_entry_in_the_outbox(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH, quotas={"slow": Quota(max_bytes=1, on_full="spill"), "fast": Quota()}))
    (bench.root / "partition" / "spill").write_text("a file where the directory should be")
    bodies = fill(bench, 2)
    assert len(bench.deliverable("slow")) == 1, "and its quota stops the pipeline"
    delivered = bench.drain("slow")
    bench.step()
    assert [*delivered, *bench.drain("slow")] == bodies


def test_files_that_no_queue_knows_are_swept_at_start(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH, quotas={"slow": Quota(max_bytes=1, on_full="spill"), "fast": Quota()}))
    fill(bench, 2)
    (known, _) = spill_files(bench)
    known.with_name("99999999999999999999").write_bytes(b"left behind by a crash")
    bench.reopen()
    assert len(spill_files(bench)) == 2
    assert len(bench.drain("slow")) == 2


def test_drop_oldest_keeps_the_newest_and_counts_the_rest(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH, quotas={"slow": Quota(max_bytes=65_000, on_full="drop_oldest"), "fast": Quota()}))
    bodies = fill(bench, 5)
    assert bench.drain("slow") == bodies[-2:]
    assert bench.count("exporter/slow", "dropped:queue_full") == 3
    assert bench.drain("fast") == bodies


def test_an_ack_of_what_was_dropped_meanwhile_counts_nothing(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH, quotas={"slow": Quota(max_bytes=1, on_full="drop_oldest"), "fast": Quota()}))
    fill(bench, 1)
    in_flight = bench.deliverable("slow")
    fill(bench, 1, first=1)
    bench.ledger.ack("slow", [exported(entry) for entry in in_flight])
    assert bench.count("exporter/slow", "exported") == 0
    assert bench.count("exporter/slow", "dropped:queue_full") == 1


def test_what_is_older_than_max_age_is_dropped(make_bench: Make) -> None:
    bench = make_bench(plan(quotas={"sqlite": Quota(max_age_secs=60)}))
    bench.put("old")
    bench.step()
    bench.clock.unix_ms += 59_000
    bench.put("new")
    bench.step()
    assert bench.partition.queues()["sqlite"].entries == 2
    bench.clock.unix_ms += 2000
    bench.ledger.maintain()
    assert bench.drain() == ["new"]
    assert bench.count("exporter/sqlite", "dropped:expired") == 1


@pytest.mark.slow
def test_a_full_outbox_gives_nothing_and_recovers_after_acknowledgements(make_bench: Make) -> None:
    """Pages at the brim, entries of very different sizes; no write ever finds the map full."""
    bench = make_bench(plan(quotas={"sqlite": Quota(max_bytes=1 << 40)}))
    sizes = [150, 3000, 200_000]
    sent: list[str] = []
    delivered: list[str] = []
    for round_number in range(3):
        while True:
            body = f"{len(sent)} " + os.urandom(sizes[len(sent) % 3]).hex()
            bench.put(body)
            sent.append(body)
            if not bench.step():
                break
        assert bench.partition.size().used_bytes <= bench.plan.max_bytes * 1.05
        assert len(bench.deliverable()) > 20, f"round {round_number}"
        delivered += bench.drain()
        while bench.step():
            delivered += bench.drain()
    assert delivered == sent


def test_a_commit_without_room_is_refused_before_anything_is_written(bench: PartitionBench) -> None:
    bench.put("small payload, large result")
    read = bench.read()
    huge = {("p", "a.example", str(n).encode()): os.urandom(MIB) for n in range(20)}
    with pytest.raises(StorageError, match="no room"):
        bench.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}, state=huge))
    bench.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}))
    assert [bodies_of(entry) for entry in bench.deliverable()] == [["small payload, large result"]]
