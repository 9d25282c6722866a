"""A chain that stands in a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.testing.conservation import assert_conserved
from counterparts.audit_bench import AuditBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[AuditBench]:
    bench = AuditBench(tmp_path)
    yield bench
    assert_conserved(bench.bench.partition)
    bench.close()
