"""A partition bench with a pipeline on it; after every test the counts must add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.component import Processor
from collector.pipeline.pipeline import Pipeline
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PartitionBench

NANOS_PER_MS = 1_000_000
MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PartitionBench]:
    bench = PartitionBench(tmp_path)
    yield bench
    assert_conserved(bench.partition)
    bench.close()


@pytest.fixture
def make_pipeline(bench: PartitionBench) -> Iterator[MakePipeline]:
    """Makes the pipeline `logs` with the processors given by id; its clock is the bench's."""
    made: list[Pipeline] = []

    def make(options: dict[str, Any] | None = None, /, **processors: Processor) -> Pipeline:
        made.append(
            Pipeline(
                "logs",
                bench.ledger,
                list(processors.items()),
                attempts_path=bench.root / "partition",
                now_unix_nano=lambda: bench.clock() * NANOS_PER_MS,
                **(options or {}),
            )
        )
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()
