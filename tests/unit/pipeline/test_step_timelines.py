"""Who watches is told what a step spent its time on, in names and numbers."""

from __future__ import annotations

from collections.abc import Callable

from collector.batch import LogBatch
from collector.component import Work
from collector.pipeline.pipeline import Pipeline
from collector.timeline import Operation, Watched
from counterparts.partition_bench import PartitionBench

MakePipeline = Callable[..., Pipeline]


class Same:
    """A processor that changes nothing."""

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        return batch


def test_each_stage_of_a_step_has_its_lap(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """A step that found nothing is none."""
    told: list[Operation] = []
    pipeline = make_pipeline({"operations": Watched(0.0, told=told.append)}, one=Same(), two=Same())
    assert pipeline.step() == 0
    assert told == []
    bench.put("x", "y")
    bench.put("z")
    assert pipeline.step() == 3
    (step,) = told
    assert [what for what, *_ in step.laps] == [
        "tick",
        "read",
        "decode",
        "processor one",
        "processor two",
        "connectors",
        "commit",
    ]
    assert (step.name, step.attributes) == (
        "step",
        {"logboom.pipeline": "logs", "logboom.partition": "partition", "logboom.entries": 2, "logboom.records": 3},
    )


def test_nobody_watches(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Then the processors are not even asked to tell."""
    pipeline = make_pipeline(one=Same())
    assert pipeline._flow.chain._watch is None
    bench.put("x")
    assert pipeline.step() == 1
