"""A partition with a journal before it; after every test its counts must add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.ledger.plan import LedgerPlan
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PLAN, PartitionBench


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., PartitionBench]]:
    """Makes a bench with a plan of the test's own."""
    made: list[PartitionBench] = []

    def make(plan: LedgerPlan = PLAN, **observers: object) -> PartitionBench:
        made.append(PartitionBench(tmp_path / str(len(made)), plan, **observers))
        return made[-1]

    yield make
    for bench in made:
        assert_conserved(bench.partition)
        bench.close()


@pytest.fixture
def bench(make_bench: Callable[..., PartitionBench]) -> PartitionBench:
    """One pipeline `logs` from receiver `otlp` to exporter `sqlite`."""
    return make_bench()
