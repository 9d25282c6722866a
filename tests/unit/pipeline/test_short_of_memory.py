"""No memory and no disk are never the fault of the records that were in hand: they are tried again, with less in hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.batch import LogBatch
from collector.component import Work
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import PartitionBench

MakePipeline = Callable[..., Pipeline]
ERRORS = {"memory": MemoryError(), "disk": OSError(28, "No space left on device")}


class Fails:
    """Raises the error whenever `when` says so of a batch."""

    def __init__(self, error: Exception, when: Callable[[LogBatch], bool]) -> None:
        self._error = error
        self._when = when

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        if self._when(batch):
            raise self._error
        return batch


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between the attempts."""
    monkeypatch.setattr("collector.pipeline.pipeline._PAUSE_SECS", 0.0)


def run(pipeline: Pipeline, steps: int) -> int:
    return sum(pipeline.step() for _ in range(steps))


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_what_fails_together_is_taken_apart(
    bench: PartitionBench, make_pipeline: MakePipeline, error: Exception
) -> None:
    """Too much at once: all of it gets through, in the same process."""
    for number in range(8):
        bench.put(str(number))
    assert run(make_pipeline(tight=Fails(error, lambda batch: len(batch) > 1)), 4) == 8
    assert sorted(bench.drain()) == [str(number) for number in range(8)]
    assert bench.partition.dead_letters() == []


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_a_short_time_without_costs_nothing(
    bench: PartitionBench, make_pipeline: MakePipeline, error: Exception
) -> None:
    failing = iter([True, True, True])
    bench.put("one")
    pipeline = make_pipeline(tight=Fails(error, lambda batch: next(failing, False)))
    assert [pipeline.step() for _ in range(4)] == [0, 0, 0, 1]
    assert bench.drain() == ["one"]
    assert bench.partition.dead_letters() == []
    assert not pipeline.behind


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_what_fails_alone_again_and_again_is_set_aside_with_its_reason(
    bench: PartitionBench, make_pipeline: MakePipeline, error: Exception
) -> None:
    for body in ("a", "greedy", "b"):
        bench.put(body)
    pipeline = make_pipeline(tight=Fails(error, lambda batch: (batch.column("body") == "greedy").any()))
    assert run(pipeline, 12) == 3
    assert sorted(bench.drain()) == ["a", "b"]
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.records) == (f"processor tight: {type(error).__name__}", 1)


def test_the_pauses_grow_while_nothing_gets_through(
    bench: PartitionBench, make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for an hour must not turn a backlog into dead letters."""
    now = 0.0
    monkeypatch.setattr("collector.pipeline.pipeline._PAUSE_SECS", 0.5)
    monkeypatch.setattr("collector.pipeline.pipeline.time.monotonic", lambda: now)
    for number in range(200):
        bench.put(str(number))
    pipeline = make_pipeline(tight=Fails(OSError(28, "full"), lambda batch: True))
    while now < 3600:
        pipeline.step()
        now += 0.25
    assert len(bench.partition.dead_letters()) <= 25
