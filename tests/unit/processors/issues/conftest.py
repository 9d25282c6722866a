"""A store that has what an `Issues` told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.batch import LogBatch
from collector.pipeline.made import Maker, Occasion
from collector.store.describing import described
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.work import Emitted

Keep = Callable[[list[Emitted]], Path]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Writes emitted events into DIR/store.db, as the core and `sqlite` would; gives DIR."""

    def write(emitted: list[Emitted]) -> Path:
        store = EmbeddedStore(tmp_path / "store.db")
        store.open()
        for number, each in enumerate(emitted):
            occasion = Occasion("default", 1_800_000_000 * 10**9 + number * 10**6, f"{number}")
            made = Maker("logs", "issues", LogBatch.empty(), occasion).make(each.kind, each.records, None, "")
            store.insert(rows(made, Limits()), described(made, 1 << 20))
        store.close()
        return tmp_path

    return write
