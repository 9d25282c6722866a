"""Records that wait in a component's state: over restarts and failed steps each counts once, and the account adds up (the bench looks)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.batch import LogBatch, ValueKind, concat
from collector.component import Context, Work
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import PartitionBench
from processors.log_dedup import FACTORY
from processors.log_dedup.processor import LogDedup

MakePipeline = Callable[..., Pipeline]


def _dedup() -> LogDedup:
    made: LogDedup = FACTORY.create(FACTORY.config.model_validate({"interval": "10s"}), Context("dedup", Path()))
    return made


class Fails:
    """Behind it: fails as long as it is told to."""

    def __init__(self) -> None:
        self.fails = False

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        if self.fails:
            raise OSError("the machine's")
        return batch


def _left(bench: PartitionBench) -> dict[str, int]:
    """Body → count of what waits for exporters."""
    content: list[Any] = [entry.content for entry in bench.deliverable()]
    bench.drain()
    batch = concat(content)
    return dict(zip(batch.column("body"), batch.attribute("log_count", ValueKind.INT), strict=True))


def test_counts_are_exact_over_restarts(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Each step by another instance; then the interval is over, and another one begins."""
    for bodies in (("x", "y"), ("x",), ("z", "x")):
        bench.put(*bodies)
        make_pipeline(dedup=_dedup()).step()
        bench.clock.unix_ms += 1000
        bench.reopen()
    assert not bench.deliverable()
    bench.clock.unix_ms += 10_000
    make_pipeline(dedup=_dedup()).step()
    assert _left(bench) == {"x": 3, "y": 1, "z": 1}
    bench.put("x", "x")
    pipeline = make_pipeline(dedup=_dedup())
    pipeline.step()
    bench.clock.unix_ms += 10_000
    pipeline.step()
    assert _left(bench) == {"x": 2}


def test_what_can_not_go_on_stays_held(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """A tick whose records nobody could take is done again, with all of them."""
    behind = Fails()
    pipeline = make_pipeline(dedup=_dedup(), behind=behind)
    bench.put("x", "x", "y")
    pipeline.step()
    bench.clock.unix_ms += 10_000
    behind.fails = True
    pipeline.step()
    assert not bench.deliverable()
    behind.fails = False
    bench.reopen()
    make_pipeline(dedup=_dedup(), behind=behind).step()
    assert _left(bench) == {"x": 2, "y": 1}
