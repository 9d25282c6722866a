"""A partition with a journal before it; after every test its counts must add up. LOGBOOM_LEDGER=copy: it is a copy of a changelog, and another
machine restores the same rows (`make check-copies`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.ledger.plan import LedgerPlan
from collector.ledger.reader import PartitionReader
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PLAN, PartitionBench
from counterparts.replicated_bench import ReplicatedBench

KIND = ReplicatedBench if os.environ.get("LOGBOOM_LEDGER") == "copy" else PartitionBench


OTHERS_WRITE = ("test_kills", "test_chain_kills", "test_several_journals", "test_two_sides", "test_damaged_contents")
"""Tests that change the files without the log: nobody restores what they did."""


@pytest.fixture
def make_bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., PartitionBench]]:
    """Makes a bench with a plan of the test's own."""
    made: list[PartitionBench] = []

    def make(plan: LedgerPlan = PLAN, **observers: object) -> PartitionBench:
        made.append(KIND(tmp_path / str(len(made)), plan, **observers))
        return made[-1]

    yield make
    for bench in made:
        account = PartitionReader.open(bench.root / "partition")  # a test may have put its own down
        with contextlib.closing(account):
            assert_conserved(account)
        bench.close()
        if isinstance(bench, ReplicatedBench) and request.path.stem not in OTHERS_WRITE:
            assert bench.restored() == bench.rows()


@pytest.fixture
def bench(make_bench: Callable[..., PartitionBench]) -> PartitionBench:
    """One pipeline `logs` from receiver `otlp` to exporter `sqlite`."""
    return make_bench()
