"""Pipelines that connectors feed, on disk: one transaction with their upstream, no place in a journal, a room of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.ledger.deadletters import request
from collector.ledger.interface import Commit, Read, SetAside
from collector.ledger.plan import PipelinePlan, Quota
from collector.outcomes import Counts, Outcome
from collector.pipeline.decode import decode
from counterparts.partition_bench import MIB, PartitionBench, bodies_of, fed, plan

FED, LAST = "logs/fed", "logs/last"
ROOT = PipelinePlan("logs", frozenset({"otlp"}), ("own",), feeds={"forward": [FED]})
BEHIND = PipelinePlan(FED, frozenset(), ("far",), feeds={"again": [LAST]})
END = PipelinePlan(LAST, frozenset(), ("farthest",))
CHAIN = plan(ROOT, BEHIND, END)
Make = Callable[..., PartitionBench]


@pytest.fixture
def chain(make_bench: Make) -> PartitionBench:
    return make_bench(CHAIN)


def step(bench: PartitionBench, *, to: tuple[str, ...] = ("logs", FED, LAST), **changes: Any) -> Read:
    """One step in which all these pipelines leave the same records."""
    taken = bench.read()
    left = decode(taken.entries).batch
    counts = fed(len(left), *(pipeline for pipeline in to if pipeline != "logs")) if len(to) > 1 else Counts()
    bench.ledger.commit(Commit("logs", taken, dict.fromkeys(to, left), **({"counts": counts} | changes)))
    return taken


def set_aside(bench: PartitionBench, owner: str, pipeline: str) -> None:
    """A step of which one record ends as a dead letter of this owner."""
    bench.put("odd")
    odd = decode(bench.read().entries).batch
    counts = fed(1, FED) if owner == f"pipeline/{FED}" else Counts({("a.example", owner, str(Outcome.OFFERED)): 1})
    step(bench, to=("logs",), set_aside=[SetAside(owner, pipeline, "processor x: ValueError", odd)], counts=counts)


def bodies(bench: PartitionBench, exporter: str) -> list[str]:
    return [body for entry in bench.deliverable(exporter) for body in bodies_of(entry)]


def test_equal_content_is_written_once(chain: PartitionBench) -> None:
    chain.put("x")
    step(chain)
    assert [bodies(chain, name) for name in ("own", "far", "farthest")] == [["x"]] * 3
    assert {entry.seq for name in ("own", "far", "farthest") for entry in chain.deliverable(name)} == {0}
    assert [entry.pipeline for name in ("own", "far") for entry in chain.deliverable(name)] == ["logs", FED]
    for name in ("own", "far", "farthest"):
        chain.drain(name)
    chain.reopen()
    assert not any(chain.deliverable(name) for name in ("own", "far", "farthest"))


def test_an_exporter_that_stands_in_both_gets_it_twice(make_bench: Make) -> None:
    twice = plan(ROOT, PipelinePlan(FED, frozenset(), ("own",)))
    bench = make_bench(twice)
    bench.put("x")
    step(bench, to=("logs", FED))
    assert bodies(bench, "own") == ["x", "x"]


def test_a_fed_pipeline_holds_no_journal(chain: PartitionBench) -> None:
    chain.put("x")
    step(chain)
    assert chain.partition.low_watermarks(chain.journal_id) == {"a.example": 1}


@pytest.mark.parametrize("first", [FED, "logs"])
def test_what_no_pipeline_reads_is_counted_whichever_stands_first(make_bench: Make, first: str) -> None:
    plans = [BEHIND, END, ROOT] if first == FED else [ROOT, BEHIND, END]
    bench = make_bench(plan(*plans))
    bench.put("x", receiver="gone")
    step(bench)
    assert bench.count("receiver/gone", "dropped:receiver_removed") == 1
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}


def test_a_pipeline_that_is_wired_anew_keeps_no_journal_from_trimming(make_bench: Make) -> None:
    """It read a receiver, and is only fed now; what it had not read is dropped after a day, as of any that left."""
    readers = plan(ROOT, PipelinePlan(FED, frozenset({"otlp"}), ("far",)))
    bench = make_bench(readers)
    bench.put("x")
    bench.reopen(CHAIN)
    step(bench)
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}
    bench.clock.unix_ms += 25 * 3600 * 1000
    bench.ledger.maintain()
    assert bench.count(f"pipeline/{FED}", "dropped:pipeline_removed") == 1


def test_a_read_is_divided_by_what_the_step_may_write(chain: PartitionBench, make_bench: Make) -> None:
    share = CHAIN.max_bytes // 8
    for bench, expected in (
        (chain, share // 3),
        (make_bench(plan(PipelinePlan("logs", frozenset({"otlp"}), ("own",)))), share),
    ):
        for number in range(40):
            bench.put("x" * 65536 + str(number))
        taken = bench.read(max_bytes=1 << 40)
        assert abs(sum(len(entry.body) for entry in taken.entries) - expected) < 70_000, "within a payload"


def test_records_that_were_set_aside_come_back_there_alone(chain: PartitionBench) -> None:
    set_aside(chain, f"pipeline/{FED}", FED)
    [info] = chain.partition.dead_letters(f"pipeline/{FED}")
    assert (info.records, info.raw, info.pipeline) == (1, False, FED)
    assert not chain.read(FED)
    request(chain.root / "partition", "replay", [info.id])
    chain.ledger.maintain()
    assert not chain.read("logs")
    again = chain.read(FED)
    assert again.returned is not None
    assert again.returned.batch.column("body").to_list() == ["odd"]
    chain.ledger.commit(Commit(FED, again, {FED: again.returned.batch}))
    assert (bodies(chain, "own"), bodies(chain, "far")) == (["odd"], ["odd"])
    assert (
        chain.count(f"pipeline/{FED}", Outcome.REPLAYED) == chain.count(f"pipeline/{FED}", Outcome.DEAD_LETTERED) == 1
    )
    assert not chain.partition.dead_letters()
    assert not chain.read(FED)


def test_a_connector_that_is_gone_takes_nothing_back(chain: PartitionBench) -> None:
    set_aside(chain, "connector/logs/former", "logs")
    request(chain.root / "partition", "replay", [info.id for info in chain.partition.dead_letters()])
    chain.ledger.maintain()
    assert not chain.read("logs")
    assert len(chain.partition.dead_letters()) == 1
    chain.put("x")
    assert chain.read("logs").entries, "it stands in nobody's way"


@pytest.mark.parametrize(
    "quota", [Quota(MIB // 4, on_full="drop_oldest", apart=True), Quota(MIB // 4, on_full="block")]
)
def test_only_who_stands_apart_stops_nobody_for_an_hour(make_bench: Make, quota: Quota) -> None:
    """An hour of steps of which each leaves 64 KiB for an exporter that takes nothing."""
    bench = make_bench(plan(ROOT, PipelinePlan(FED, frozenset(), ("dead",)), quotas={"dead": quota}))
    taken = 0
    for second in range(0, 3600, 60):
        bench.put(f"{second} " + "".join(f"{number:x}" for number in range(16_000)))
        taken += bool(step(bench, to=("logs", FED)))
        bench.drain("own")
        bench.clock.unix_ms += 60_000
    held = bench.partition.queues()["dead"]
    if quota.apart:
        assert taken == 60
        assert held.size_bytes <= quota.max_bytes
        assert bench.count("exporter/dead", "dropped:queue_full") == 60 - held.records
    else:
        assert taken < 30


def test_what_stands_apart_takes_nothing_of_what_others_share(make_bench: Make) -> None:
    quotas = {"own": Quota(on_full="spill"), "dead": Quota(MIB, on_full="drop_oldest", apart=True)}
    bench = make_bench(plan(ROOT, PipelinePlan(FED, frozenset(), ("dead",)), quotas=quotas))
    store = bench.ledger._store
    assert store.limit_bytes("own", False) == bench.plan.max_bytes // 2
    assert store.limit_bytes("dead", False) == MIB
