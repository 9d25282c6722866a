"""An entry that kills the worker is set aside after three deaths that name it, and no other is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.batch import LogBatch
from collector.component import Work
from collector.ledger import deadletters
from collector.pipeline.pipeline import Pipeline
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import PartitionBench

MakePipeline = Callable[..., Pipeline]


class DiesOn:
    """Takes the whole process with it when it sees the body."""

    def __init__(self, body: str) -> None:
        self._body = body

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        if (batch.column("body") == self._body).any():
            raise Killed
        return batch


def run(make_pipeline: MakePipeline, body: str) -> int:
    """Worker after worker until nothing waits; how many died."""
    deaths = 0
    while True:
        pipeline = make_pipeline(p=DiesOn(body))
        try:
            while pipeline.step():
                pass
        except Killed:
            deaths += 1
            assert deaths < 10, "it goes on for ever"
        else:
            return deaths


@pytest.mark.slow
def test_three_strikes(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """One death with the whole batch in hand, which names nobody, then three that do."""
    for number in range(50):
        bench.put(str(number), domain=f"{number % 3}.example")
    assert run(make_pipeline, "31") == 4
    assert sorted(map(int, bench.drain())) == [number for number in range(50) if number != 31]
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.owner, letter.records, letter.raw) == ("poison", "pipeline/logs", 1, True)


def test_a_poison_entry_that_is_replayed_gets_its_three_attempts_again(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put("bad")
    assert run(make_pipeline, "bad") == 4, "the first was not alone in the process: delivery may have died"
    deadletters.request(bench.root / "partition", "replay", [bench.partition.dead_letters()[0].id])
    bench.ledger.maintain()
    assert run(make_pipeline, "nothing") == 0
    assert bench.drain() == ["bad"]
    assert bench.partition.dead_letters() == []


def test_a_payload_that_passes_untouched_is_never_opened(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Pass-through: not even bytes that nothing can decode are looked at."""
    bench.put_raw(b"\xff not protobuf", records=2)
    bench.put("fine")
    assert make_pipeline({"passthrough": True}).step() == 3
    (entry,) = bench.deliverable()
    assert entry.content[0].body[:5] == b"\xff not"  # type: ignore[union-attr]
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}, "the outbox refers to the journal"
    bench.reopen()
    (again,) = bench.deliverable()
    assert again.content == entry.content
    assert again.by_domain == {"a.example": 3}


def test_a_replayed_payload_needs_no_journal_to_pass_through(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    """The journal may have trimmed it long ago: its records go on as they are."""
    bench.put("bad")
    assert run(make_pipeline, "bad") == 4, "the first was not alone in the process: delivery may have died"
    deadletters.request(bench.root / "partition", "replay", [bench.partition.dead_letters()[0].id])
    bench.ledger.maintain()
    assert make_pipeline({"passthrough": True}).step() == 1
    bench.reopen()  # nothing in memory helps
    (entry,) = bench.deliverable()
    assert isinstance(entry.content, LogBatch)
    assert bench.drain() == ["bad"]
