"""A partition is looked at by several threads, one of which puts it down: nothing stays open."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from collector.disk import handle
from collector.ledger.reader import Closed, PartitionReader
from counterparts.partition_bench import PartitionBench


def test_what_is_put_down_is_not_opened_again(bench: PartitionBench) -> None:
    reader = PartitionReader.open(bench.root / "partition")
    reader.close()
    with pytest.raises(Closed, match="is put down"):
        reader.queues()
    reader.close()


def test_looks_at_one_time_open_it_once(bench: PartitionBench) -> None:
    path: Path = bench.root / "partition"
    users = _users(path)
    for _ in range(20):
        reader, begin = PartitionReader(path), threading.Barrier(4)

        def look(reader: PartitionReader = reader, begin: threading.Barrier = begin) -> None:
            begin.wait(30)
            reader.size()

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        reader.close()
    assert _users(path) == users


def _users(path: Path) -> int:
    """Of the process's one handle on it."""
    return handle._handles[handle._identity(path / "data.mdb")].users  # type: ignore[index]
