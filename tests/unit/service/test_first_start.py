"""What the first start takes of the disk."""

from __future__ import annotations

from pathlib import Path

import yaml

from collector.backend.data_dir import open_data_dir
from collector.service.plan import backend_of
from collector.settings import load
from collector.settings.disk import first_bytes, reserved_bytes

PLAIN = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "exporters": {"nop": {}},
    "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["nop"]}}},
}
LEAST_FREE_BYTES = 300 << 20


def _taken(root: Path) -> int:
    """As `du` tells it."""
    return sum(path.stat().st_blocks * 512 for path in root.rglob("*"))


def test_the_default_budgets_take_little_at_first(tmp_path: Path) -> None:
    """Journal and partitions together, and no more than `validate` said; a second start takes nothing."""
    settings = load([f"yaml:{yaml.safe_dump(PLAIN)}"], environ={})
    assert reserved_bytes(settings) > 4 * LEAST_FREE_BYTES
    data_dir = open_data_dir(tmp_path / "data", settings.service.ledger.partitions)
    for _ in range(2):
        backend_of(settings, data_dir.root).prepare()
        assert first_bytes(settings) <= _taken(data_dir.root) <= first_bytes(settings) + (1 << 20) < LEAST_FREE_BYTES
