"""What a worker of a cluster looks at on its disk: copies, of which some are of no use, and none is synced."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import orjson
import pytest

from collector.backend.data_dir import DataDir
from collector.cluster.follower import Follower
from collector.cluster.pulse import ClusterPulse
from collector.disk.handle import acquire
from counterparts.replicated_bench import PLACES

BUDGET = 32 << 20
TOPICS = ["cluster", "a", "b", "c"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Of partition 1, which its process has left."""
    path = DataDir(tmp_path, 2).partition(1)
    Follower.open(path, BUDGET, PLACES, TOPICS).environment.close()
    return path


def pulse(copy: Path) -> ClusterPulse:
    return ClusterPulse(DataDir(copy.parent.parent, 2))


def test_copies_are_looked_at(copy: Path) -> None:
    with closing(pulse(copy)) as looking:
        assert set(looking.changed()) == {1}


def test_a_copy_that_is_damaged_stops_nobody(copy: Path) -> None:
    """Whoever takes the partition makes it anew; until then it concerns nobody."""
    (copy / "data.mdb").write_bytes(b"torn" * 4096)
    with closing(pulse(copy)) as looking:
        assert not looking.changed()


def test_a_copy_that_a_power_cut_left_is_not_opened(copy: Path) -> None:
    """Nothing of it was synced: even to look at it may be the end of a process."""
    said = orjson.loads((copy / "copy.json").read_bytes())
    (copy / "copy.json").write_bytes(orjson.dumps(said | {"boot": "another"}))
    with closing(pulse(copy)) as looking:
        assert not looking.changed()


def test_who_looks_makes_no_commit_wait_for_the_disk(copy: Path) -> None:
    with closing(pulse(copy)) as looking:
        looking.changed()
        follower = Follower.open(copy, BUDGET, PLACES, TOPICS)
        handle = acquire(copy, 0)
        assert not handle.durable
        handle.release()
        follower.environment.close()
