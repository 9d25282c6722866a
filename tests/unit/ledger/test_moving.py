"""A backlog that moves to other pipelines, on disk: once, over a death in the middle, never at the cost of dead letters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.batch import LogBatch
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan, Quota
from collector.pipeline.decode import decode
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import MIB, PartitionBench, fed, plan

BAD, GOOD = "logs/bad", "logs/good"
ROOT = PipelinePlan("logs", frozenset({"otlp"}), (), feeds={"c": [BAD, GOOD]})
Make = Callable[..., PartitionBench]


def two(bad: Quota | None = None) -> PartitionBench:
    return plan(ROOT, PipelinePlan(BAD, frozenset(), ("bad", "bad/too")), PipelinePlan(GOOD, frozenset(), ("good",)), quotas={"bad": bad or Quota()})  # type: ignore[return-value]  # fmt: skip


def step(bench: PartitionBench, *bodies: str, payloads: bool = False) -> None:
    """Records that wait for the exporters of the first pipeline."""
    bench.put(*bodies)
    read = bench.read()
    left = read.entries if payloads else decode(read.entries).batch
    filtered = {("a.example", "pipeline/logs", "filtered"): 0}
    counts = fed(len(bodies), BAD)
    counts.update(filtered)
    counts["a.example", "pipeline/logs", "out"] += len(bodies)
    bench.ledger.commit(Commit("logs", read, {BAD: left}, counts=counts))


def take(bench: PartitionBench) -> list[str]:
    """Steps of the other pipeline, until nothing is fed to it any more."""
    while read := bench.read(GOOD):
        batch = decode(read.entries).batch if read.returned is None else read.returned.batch
        bench.ledger.commit(Commit(GOOD, read, {GOOD: batch}))
    return bench.drain("good")


def test_what_two_exporters_wait_for_is_fed_once(make_bench: Make) -> None:
    bench = make_bench(two())
    step(bench, "x", "y")
    step(bench, "z")
    assert bench.ledger.move(BAD, [GOOD]) == 3
    assert bench.deliverable("bad") == bench.deliverable("bad/too") == []
    assert take(bench) == ["x", "y", "z"]
    assert bench.count("exporter/bad", "moved") == bench.count("exporter/bad/too", "moved") == 3
    assert bench.count(f"pipeline/{GOOD}", "replayed") == 3
    assert bench.ledger.move(BAD, [GOOD]) == 0
    assert bench.partition.dead_letters() == []


def test_payloads_move_out_of_the_journal(make_bench: Make) -> None:
    bench = make_bench(two())
    step(bench, "x", payloads=True)
    assert bench.ledger.move(BAD, [GOOD]) == 1
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}
    assert take(bench) == ["x"]


def test_what_was_spilled_moves_too(make_bench: Make) -> None:
    bench = make_bench(two(Quota(max_bytes=1, on_full="spill")))
    step(bench, "x")
    step(bench, "y")
    assert bench.partition.queues()["bad"].spilled_bytes
    assert bench.ledger.move(BAD, [GOOD]) == 2
    assert take(bench) == ["x", "y"]
    assert list((bench.root / "partition" / "spill").glob("*/*")) == []


def test_it_moves_once_over_a_death_in_the_middle(make_bench: Make) -> None:
    alive: list[bool] = []

    def at(point: str) -> None:
        if point == "moved:middle" and not alive:
            raise Killed

    bench = make_bench(two(), at=at)
    step(bench, "x")
    with pytest.raises(Killed):
        bench.ledger.move(BAD, [GOOD])
    alive.append(True)
    bench.reopen()
    assert [len(bench.deliverable(name)) for name in ("bad", "bad/too")] == [1, 1]
    assert bench.ledger.move(BAD, [GOOD]) == 1
    bench.reopen()
    assert take(bench) == ["x"]


def test_dead_letters_are_not_given_up_for_it(make_bench: Make) -> None:
    """2 MiB of them are kept at most: what does not find room in half of that waits."""
    bench = make_bench(two())
    import random

    for number in range(8):
        noise = random.Random(number).randbytes(200_000).hex()
        step(bench, noise)
    moved = bench.ledger.move(BAD, [GOOD])
    assert 0 < moved < 8
    assert bench.ledger.move(BAD, [GOOD]) == 0, "until some of it has been taken"
    assert bench.partition.size().dead_letter_bytes <= bench.plan.max_bytes // 8
    assert len(take(bench)) == moved
    assert bench.ledger.move(BAD, [GOOD]) > 0
    assert bench.plan.max_bytes == 16 * MIB
    assert isinstance(bench.deliverable("bad"), list)
    assert not bench.count("dead_letters/pipeline/logs/good", "dropped:dead_letters_full")


def test_what_another_pipeline_fed_stays(make_bench: Make) -> None:
    """An exporter may stand in several."""
    shared = plan(ROOT, PipelinePlan(BAD, frozenset(), ("bad",)), PipelinePlan(GOOD, frozenset(), ("bad", "good")))
    bench = make_bench(shared)
    bench.put("x")
    read = bench.read()
    batch: LogBatch = decode(read.entries).batch
    counts = fed(1, GOOD)
    counts["a.example", "pipeline/logs", "out"] += 1
    bench.ledger.commit(Commit("logs", read, {GOOD: batch}, counts=counts))
    assert bench.ledger.move(BAD, [GOOD]) == 0
    assert len(bench.deliverable("bad")) == 1
