"""`read`, `commit`, `deliverable`, `ack`: one hand-off, exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from collector.batch import LogBatch
from collector.errors import Locked, StorageError
from collector.ledger.interface import Ack, Commit, DeadLetter, RawDeadLetter
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import PipelinePlan
from collector.pipeline.decode import decode
from counterparts.partition_bench import PLAN, PartitionBench, bodies_of, exported, plan, request

Make = Callable[..., PartitionBench]


def test_what_is_committed_is_delivered_once_and_never_read_again(bench: PartitionBench) -> None:
    bench.put("one", "two")
    bench.put("three", domain="b.example")
    bench.step()
    assert not bench.read()
    assert sorted(bench.drain()) == ["one", "three", "two"]
    assert bench.drain() == []
    bench.reopen()
    assert not bench.read()
    assert bench.drain() == []


def test_reading_without_a_commit_gives_the_same_again(bench: PartitionBench) -> None:
    bench.put("one")
    first = bench.read()
    bench.put("two")
    second = bench.read()
    assert second.entries[: len(first.entries)] == first.entries
    assert [entry.offset for entry in second.entries] == [1, 2]


def test_the_outbox_survives_a_restart_without_its_cache(bench: PartitionBench) -> None:
    bench.put("one", "two")
    bench.step()
    (cached,) = bench.deliverable()
    assert bench.ledger.cache_statistics().hits == 1
    bench.reopen()
    (decoded,) = bench.deliverable()
    assert bench.ledger.cache_statistics().hits == 0
    assert bodies_of(cached) == bodies_of(decoded) == ["one", "two"]
    assert (decoded.records, decoded.by_domain, decoded.pipeline) == (2, {"a.example": 2}, "logs")


def test_deliverable_goes_on_after_a_seq_and_gives_at_least_one(bench: PartitionBench) -> None:
    for body in ("one", "two", "three"):
        bench.put(body)
        bench.step()
    first = bench.deliverable(max_bytes=1)
    assert [bodies_of(entry) for entry in first] == [["one"]]
    rest = bench.deliverable(after=first[0].seq)
    assert [bodies_of(entry) for entry in rest] == [["two"], ["three"]]


def test_acknowledgements_out_of_order_keep_what_is_between(bench: PartitionBench) -> None:
    for body in ("one", "two", "three"):
        bench.put(body)
        bench.step()
    entries = bench.deliverable()
    bench.ledger.ack("sqlite", [exported(entries[0]), exported(entries[2])])
    bench.reopen()
    assert bench.drain() == ["two"]


def test_an_acknowledgement_that_is_repeated_counts_once(bench: PartitionBench) -> None:
    bench.put("one", "two")
    bench.step()
    (entry,) = bench.deliverable()
    for _ in range(3):
        bench.ledger.ack("sqlite", [exported(entry)])
    bench.reopen()
    bench.ledger.ack("sqlite", [exported(entry)])
    assert bench.count("exporter/sqlite", "exported") == 2


def test_an_entry_lives_until_its_last_exporter_is_done(make_bench: Make) -> None:
    bench = make_bench(plan(PipelinePlan("logs", frozenset({"otlp"}), ("one", "two"))))
    bench.put("record")
    bench.step()
    assert bench.drain("one") == ["record"]
    bench.reopen()
    assert bench.partition.queues()["two"].entries == 1
    assert bench.drain("two") == ["record"]
    assert {name: state.entries for name, state in bench.partition.queues().items()} == {"one": 0, "two": 0}


def test_a_commit_given_twice_is_applied_once(bench: PartitionBench) -> None:
    bench.put("one")
    read = bench.read()
    commit = Commit(
        "logs", read, {"logs": decode(read.entries).batch}, counts=Counter({("a.example", "processor/logs/p", "x"): 0})
    )
    bench.ledger.commit(commit)
    bench.ledger.commit(commit)
    assert bench.drain() == ["one"]
    assert bench.count("pipeline/logs", "accepted") == 1


def test_a_commit_whose_success_was_not_seen_is_not_applied_again(make_bench: Make) -> None:
    """The disk took it, then an error was reported: the same result comes again."""
    failing = {"commit:done"}

    def at(point: str) -> None:
        if point in failing:
            failing.clear()
            raise StorageError("reported as failed")

    bench = make_bench(PLAN, at=at)
    bench.put("one")
    read = bench.read()
    commit = Commit("logs", read, {"logs": decode(read.entries).batch})
    with pytest.raises(StorageError):
        bench.ledger.commit(commit)
    bench.ledger.commit(commit)
    bench.put("two")
    bench.step()
    assert bench.drain() == ["one", "two"]
    assert bench.count("pipeline/logs", "accepted") == 2


def test_a_commit_that_failed_leaves_nothing_and_can_be_given_again(make_bench: Make) -> None:
    failing = {"commit:middle"}

    def at(point: str) -> None:
        if point in failing:
            failing.clear()
            raise OSError(28, "no space")

    bench = make_bench(PLAN, at=at)
    bench.put("one")
    read = bench.read()
    commit = Commit("logs", read, {"logs": decode(read.entries).batch}, state={("p", "a.example", b"k"): b"v"})
    with pytest.raises(StorageError):
        bench.ledger.commit(commit)
    assert not bench.partition.counts()
    assert dict(bench.ledger.state("p", "a.example")) == {}
    assert bench.read().entries == read.entries
    bench.ledger.commit(commit)
    assert dict(bench.ledger.state("p", "a.example")) == {b"k": b"v"}
    assert bench.drain() == ["one"]


def test_a_zero_record_commit_writes_state_and_counts_only(bench: PartitionBench) -> None:
    bench.put("one")
    read = bench.read()
    named = Counter({("a.example", "processor/logs/p", "filtered"): 1})
    bench.ledger.commit(Commit("logs", read, {"logs": LogBatch.empty()}, {("p", "a.example", b"k"): b"v"}, named))
    assert bench.deliverable() == []
    assert bench.ledger.state("p", "a.example")[b"k"] == b"v"


def test_undecodable_entries_are_kept_raw_with_their_bytes(bench: PartitionBench) -> None:
    bench.put_raw(b"\xff\xff", records=3)
    bench.put("fine")
    read = bench.read()
    letter = RawDeadLetter(read.entries[0], "undecodable: truncated")
    bench.ledger.commit(Commit("logs", read, {"logs": decode(read.entries[1:]).batch}, dead_letters=[letter]))
    (info,) = bench.partition.dead_letters()
    assert (info.owner, info.reason, info.records, info.raw) == ("pipeline/logs", "undecodable: truncated", 3, True)
    assert bench.count("pipeline/logs", "undecodable") == 3
    assert bench.drain() == ["fine"]


def test_rejected_records_are_dead_lettered_with_the_ack(bench: PartitionBench) -> None:
    bench.put("good", "bad")
    bench.step()
    (entry,) = bench.deliverable()
    assert isinstance(entry.content, LogBatch)
    letter = DeadLetter(entry.seq, "mapping", entry.content.slice(1, 1))
    outcomes = {("a.example", "exported"): 1, ("a.example", "dead_lettered"): 1}
    for _ in range(2):
        bench.ledger.ack("sqlite", [Ack(entry.seq, outcomes, [letter])])
    (info,) = bench.partition.dead_letters("exporter/sqlite")
    assert (info.reason, info.records, info.pipeline) == ("mapping", 1, "logs")
    assert bench.count("exporter/sqlite", "dead_lettered") == 1


def test_records_that_an_ack_does_not_account_for_are_counted_as_missing(bench: PartitionBench) -> None:
    bench.put("one", "two")
    bench.step()
    bench.ledger.ack("sqlite", [Ack(bench.deliverable()[0].seq, {("a.example", "exported"): 1})])
    assert bench.count("exporter/sqlite", "dropped:missing") == 1


def test_two_pipelines_read_the_same_journal_each_for_itself(make_bench: Make) -> None:
    receivers = frozenset({"otlp"})
    both = plan(PipelinePlan("logs", receivers, ("one",)), PipelinePlan("logs/two", receivers, ("two",)))
    bench = make_bench(both)
    bench.put("record")
    bench.step("logs")
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}, "the other one still needs it"
    bench.step("logs/two")
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}
    assert (bench.drain("one"), bench.drain("two")) == (["record"], ["record"])


def test_entries_of_other_receivers_are_passed_over_and_move_the_cursor(make_bench: Make) -> None:
    edge = PipelinePlan("logs/edge", frozenset({"otlp/edge"}), ("edge",))
    bench = make_bench(plan(PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",)), edge))
    bench.put("one", receiver="otlp/edge")
    assert bench.step("logs").entries == []
    assert bench.partition.cursors("logs", bench.journal_id) == {"a.example": 1}
    bench.step("logs/edge")
    assert bench.drain("edge") == ["one"]


def test_entries_whose_receiver_no_pipeline_has_any_more_are_counted_once(make_bench: Make) -> None:
    receivers = frozenset({"otlp"})
    bench = make_bench(plan(PipelinePlan("logs", receivers, ("one",)), PipelinePlan("logs/two", receivers, ("two",))))
    bench.put("one", "two", receiver="otlp/gone")
    bench.step("logs")
    bench.step("logs/two")
    assert bench.count("receiver/otlp/gone", "dropped:receiver_removed") == 2
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}


def test_a_domain_belongs_to_one_partition(make_bench: Make) -> None:
    bench = make_bench()
    domains = [f"{number}.example" for number in range(12)]
    for domain in domains:
        bench.put("record", domain=domain)
    seen: list[str] = []
    for number in range(3):
        ledger = PartitionLedger.open(
            bench.root / f"p{number}", PLAN, JournalSources([bench.root / "journal"]), number, 3
        )
        seen += [entry.domain for entry in ledger.read("logs", 1 << 20, 1000).entries]
        ledger.close()
    assert sorted(seen) == sorted(domains)


def test_a_partition_has_one_owner_and_keeps_its_number(bench: PartitionBench) -> None:
    with pytest.raises(Locked):
        PartitionLedger.open(bench.root / "partition", PLAN, JournalSources([]), 0, 1)
    bench.ledger.close()
    with pytest.raises(StorageError, match="partition 0 of 1, not 0 of 8"):
        PartitionLedger.open(bench.root / "partition", PLAN, JournalSources([]), 0, 8)
    bench.open()


def test_the_journal_is_trimmed_behind_the_lowest_cursor(bench: PartitionBench) -> None:
    for number in range(5):
        bench.put(str(number))
    bench.step()
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 5}
    assert bench.partition.low_watermarks("another") == {}


def test_a_pipeline_that_starts_now_leaves_what_is_there(make_bench: Make) -> None:
    bench = make_bench()
    bench.put("old")
    bench.step()
    late = PipelinePlan("logs/late", frozenset({"otlp"}), ("late",), start="now")
    early = PipelinePlan("logs/early", frozenset({"otlp"}), ("early",))
    bench.reopen(plan(PLAN.pipelines[0], late, early))
    bench.put("new")
    bench.put("first", domain="b.example")
    bench.reopen()
    for pipeline in ("logs", "logs/late", "logs/early"):
        bench.step(pipeline)
    assert sorted(bench.drain("late")) == ["first", "new"]
    assert sorted(bench.drain("early"))[:2] == ["first", "new"]


def test_the_same_bytes_are_one_request_whatever_the_batch(bench: PartitionBench) -> None:
    body = request(["once"])
    bench.put_raw(body)
    bench.put_raw(body)
    read = bench.step()
    assert (len(read.entries), len(read.duplicates)) == (1, 1)
    assert bench.drain() == ["once"]
