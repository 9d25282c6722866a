"""Exporters and pipelines that leave the configuration keep their backlog for a day, then it is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from collector.ledger import deadletters
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan
from counterparts.partition_bench import PartitionBench, plan

Make = Callable[..., PartitionBench]
RECEIVERS = frozenset({"otlp"})
STAYS = PipelinePlan("logs", RECEIVERS, ("stays",))
BOTH = PipelinePlan("logs", RECEIVERS, ("stays", "leaves"))
LEAVES = PipelinePlan("logs/leaves", RECEIVERS, ("stays",))
DAY_MS = 24 * 3_600_000


def test_a_removed_exporter_keeps_its_backlog_for_a_day(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    bench.put("one")
    bench.step()
    bench.reopen(plan(STAYS))
    assert bench.partition.queues()["leaves"].removed
    bench.put("two")
    bench.step()
    bench.clock.unix_ms += DAY_MS - 1
    bench.ledger.maintain()
    bench.reopen(plan(BOTH))
    assert not bench.partition.queues()["leaves"].removed
    assert bench.drain("leaves") == ["one"], "what came while it was away was not for it"


def test_after_a_day_the_backlog_of_a_removed_exporter_is_counted_and_gone(make_bench: Make) -> None:
    bench = make_bench(plan(BOTH))
    bench.put("one", "two")
    bench.step()
    bench.reopen(plan(STAYS))
    bench.clock.unix_ms += DAY_MS
    bench.ledger.maintain()
    assert bench.count("exporter/leaves", "dropped:exporter_removed") == 2
    assert "leaves" not in bench.partition.queues()
    assert bench.drain("stays") == ["one", "two"]


def test_a_new_exporter_begins_now(make_bench: Make) -> None:
    bench = make_bench(plan(STAYS))
    bench.put("before")
    bench.step()
    bench.reopen(plan(BOTH))
    bench.put("after")
    bench.step()
    assert bench.drain("leaves") == ["after"]
    assert bench.drain("stays") == ["before", "after"]


@pytest.mark.parametrize("away_ms", [0, DAY_MS - 1])
def test_a_removed_pipeline_that_comes_back_goes_on_where_it_stopped(make_bench: Make, away_ms: int) -> None:
    bench = make_bench(plan(STAYS, LEAVES))
    bench.put("one")
    bench.step("logs/leaves")
    bench.put("two")
    bench.reopen(plan(STAYS))
    bench.clock.unix_ms += away_ms
    bench.ledger.maintain()
    bench.reopen(plan(STAYS, LEAVES))
    assert [entry.offset for entry in bench.step("logs/leaves").entries] == [2]


def test_a_removed_pipeline_does_not_hold_the_journal_and_is_counted_after_a_day(make_bench: Make) -> None:
    bench = make_bench(plan(STAYS, LEAVES))
    bench.put("one")
    bench.step("logs/leaves")
    bench.put("two", "three")
    bench.put("other", receiver="otlp/other")
    bench.reopen(plan(STAYS))
    bench.step("logs")
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 3}
    bench.clock.unix_ms += DAY_MS
    bench.ledger.maintain()
    assert bench.count("pipeline/logs/leaves", "dropped:pipeline_removed") == 2
    assert bench.partition.cursors("logs/leaves", bench.journal_id) == {}


def test_outbox_entries_of_a_removed_pipeline_still_go_out(make_bench: Make) -> None:
    bench = make_bench(plan(STAYS, LEAVES))
    bench.put("one")
    bench.step("logs/leaves")
    bench.reopen(plan(STAYS))
    assert bench.drain("stays") == ["one"]


def test_what_a_removed_exporter_has_not_forwarded_does_not_keep_the_journal(make_bench: Make) -> None:
    """Payloads that wait in the journal for it are copied aside: the journal is trimmed, the backlog is still there."""
    forward = [PipelinePlan("logs", RECEIVERS, exporters, passthrough=True) for exporters in (("leaves",), ("stays",))]
    bench = make_bench(plan(forward[0]))
    for body in ("one", "two"):
        bench.put(body)
        read = bench.read()
        bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}
    bench.reopen(plan(forward[1]))
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 2}
    assert bench.partition.queues()["leaves"].spilled_bytes > 0
    bench.reopen(plan(forward[0]))
    assert bench.drain("leaves") == ["one", "two"]
    assert not bench.partition.queues()["leaves"].spilled_bytes


def test_a_clock_that_is_set_back_does_not_stop_the_upkeep(make_bench: Make) -> None:
    """What time alone asks for is done a second later, not when the clock has caught up."""
    bench = make_bench(plan(BOTH))
    bench.put("one")
    bench.step()
    bench.clock.unix_ms -= DAY_MS
    bench.put("two")
    bench.step()
    deadletters.request(bench.root / "partition", "delete", [99])
    bench.clock.unix_ms += 1000
    bench.step()
    assert not deadletters.requests(bench.root / "partition")


def test_state_of_a_component_is_forgotten_a_day_after_it_left(make_bench: Make) -> None:
    with_p, without = replace(STAYS, components=("p",)), STAYS
    bench = make_bench(plan(with_p))
    bench.put("one")
    domains = [f"{number}.example" for number in range(1200)]  # more than one transaction forgets
    bench.step("logs", state={("p", domain, b"k"): b"v" * 5000 for domain in domains})
    bench.reopen(plan(without))
    bench.clock.unix_ms += DAY_MS - 1
    bench.ledger.maintain()
    assert dict(bench.ledger.state("p", "7.example")) == {b"k": b"v" * 5000}
    bench.reopen(plan(with_p))  # it comes back in time
    bench.clock.unix_ms += DAY_MS
    bench.ledger.maintain()
    assert dict(bench.ledger.state("p", "7.example")) == {b"k": b"v" * 5000}
    bench.reopen(plan(without))
    bench.clock.unix_ms += DAY_MS
    for _ in range(3):
        bench.ledger.maintain()
    assert [domain for domain in domains if len(bench.ledger.state("p", domain))] == []
    assert bench.partition.state_bytes() == 0
