"""A payload of very many records is taken in pieces: each step is bounded, and nothing of it shows in what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import pytest

from collector.batch import LogBatch
from collector.component import Work
from collector.ledger import deadletters
from collector.ledger.interface import Commit, RawDeadLetter
from collector.pipeline.decode import decode
from collector.pipeline.pipeline import Pipeline
from collector.testing.conservation import assert_conserved
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import PartitionBench, bodies_of

MakePipeline = Callable[..., Pipeline]
SMALL_STEPS = {"max_records": 2000}
PIECE = 1024  # a quantum of records without content
MANY = [str(number) for number in range(5000)]


class Meets:
    """Calls a function for each batch."""

    def __init__(self, meet: Callable[[LogBatch], None]) -> None:
        self._meet = meet

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        self._meet(batch)
        return batch


def run(pipeline: Pipeline) -> list[int]:
    """How many records each step took."""
    taken = []
    while records := pipeline.step():
        taken.append(records)
    return taken


def taken_and_waiting(bench: PartitionBench) -> int:
    """What the pipeline has counted as accepted, and what stands in the journal behind it."""
    pending = bench.journal_reader.pending(bench.partition.cursors("logs", bench.journal_id)).records
    begun = sum(bench.partition.begun("logs", bench.journal_id).values())
    return bench.count("pipeline/logs", "accepted") + pending - begun


def test_each_step_takes_a_piece_and_the_account_holds_between_them(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put(*MANY)
    pipeline = make_pipeline(SMALL_STEPS)
    while records := pipeline.step():
        assert records <= 2 * PIECE
        assert taken_and_waiting(bench) == 5000
        assert_conserved(bench.partition)
        assert pipeline.behind == bool(bench.partition.begun("logs", bench.journal_id))
    assert bench.drain() == MANY
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}


def test_record_ids_are_those_of_the_whole_payload(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put(*MANY)
    whole = decode(bench.read(max_records=1 << 40).entries).batch.column("record_id").to_list()
    run(make_pipeline(SMALL_STEPS))
    pieces = [entry.content.column("record_id").to_list() for entry in bench.deliverable()]  # type: ignore[union-attr]
    assert len(pieces) > 2
    assert list(chain.from_iterable(pieces)) == whole


def test_a_restart_between_pieces_goes_on_with_the_next(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put(*MANY)
    while make_pipeline(SMALL_STEPS).step():
        bench.reopen()
    assert bench.drain() == MANY


@pytest.mark.parametrize("point", ["read", "commit:begin", "commit:middle", "commit:done"])
def test_a_death_between_pieces_repeats_or_has_done_one(
    bench: PartitionBench, make_pipeline: MakePipeline, point: str
) -> None:
    dying = iter([False, True, False, True])

    def at(passed: str) -> None:
        if passed == point and next(dying, False):
            raise Killed

    bench.put(*MANY)
    bench.reopen(at=at)
    for _ in range(3):
        try:
            run(make_pipeline(SMALL_STEPS))
        except Killed:
            bench.reopen(at=at)
    assert bench.drain() == MANY
    assert bench.count("pipeline/logs", "accepted") == 5000


def test_others_have_their_turn_in_the_same_step(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """However many large payloads stand before theirs."""
    for number in range(3):
        bench.put(*MANY, str(number))
    bench.put("small", domain="b.example")
    make_pipeline(SMALL_STEPS).step()
    assert "small" in bench.drain()


def test_a_large_duplicate_is_counted_whole_and_at_once(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    for _ in range(2):
        bench.put(*MANY)
    taken = run(make_pipeline(SMALL_STEPS))
    assert bench.drain() == MANY
    assert bench.count("pipeline/logs", "duplicate") == 5000
    assert taken[-1] >= 5000, "nothing of a duplicate needs work"


def test_a_large_payload_whose_receiver_left_is_counted_once(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put(*MANY)
    make_pipeline(SMALL_STEPS).step()
    taken = bench.count("pipeline/logs", "accepted")
    (pipeline,) = bench.plan.pipelines
    bench.reopen(replace(bench.plan, pipelines=(replace(pipeline, receivers=frozenset({"other"})),)))
    run(make_pipeline(SMALL_STEPS))
    assert bench.count("receiver/otlp", "dropped:receiver_removed") == 5000 - taken


def test_only_the_piece_with_the_poison_is_set_aside_and_it_comes_back(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    def die(batch: LogBatch) -> None:
        if (batch.column("body") == "3333").any():
            raise Killed

    bench.put(*MANY)
    for _ in range(10):
        try:
            run(make_pipeline(SMALL_STEPS, mine=Meets(die)))
            break
        except Killed:
            continue
    stored = bench.drain()
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.raw) == ("poison", True)
    assert letter.records <= 2 * PIECE
    assert "3333" not in stored
    assert len(stored) == 5000 - letter.records
    deadletters.request(bench.root / "partition", "replay", [letter.id])
    bench.ledger.maintain()
    run(make_pipeline(SMALL_STEPS))
    assert sorted(stored + bench.drain(), key=int) == MANY
    assert bench.partition.dead_letters() == []


def test_a_large_dead_letter_is_replayed_in_pieces(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put(*MANY)
    read = bench.read(max_records=1 << 40)
    bench.ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(read.entries[0], "once too large")]))
    deadletters.request(bench.root / "partition", "replay", [bench.partition.dead_letters()[0].id])
    bench.ledger.maintain()
    taken = run(make_pipeline(SMALL_STEPS))
    assert (sum(taken), max(taken) <= PIECE) == (5000, True)
    assert bench.drain() == MANY
    assert bench.partition.dead_letters() == []


def test_a_payload_that_passes_untouched_stays_whole(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put(*MANY)
    (pipeline,) = bench.plan.pipelines
    bench.reopen(replace(bench.plan, pipelines=(replace(pipeline, passthrough=True),)))
    assert make_pipeline({**SMALL_STEPS, "passthrough": True}).step() == 5000
    (entry,) = bench.deliverable()
    assert bodies_of(entry) == MANY
