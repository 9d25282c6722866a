"""What holds for every test."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
LONG = tuple(TESTS / folder for folder in ("e2e", "faults", "integration"))

os.environ["PYTHONPATH"] = str(TESTS)  # what tests start finds the package counterparts, too

settings.register_profile("logboom", deadline=None)  # a busy machine is no counter-example
settings.load_profile("logboom")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: who starts processes or asks over the network waits for a third of the time."""
    return max(1, len(os.sched_getaffinity(0)) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, dealt file by file to the processes of a run, for a file's fixtures are made in each that has a test of it;
    whoever is done early takes over what is short. All stay in the random order that they came in."""
    dealt: list[list[pytest.Item]] = [[] for _ in range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))]
    for long, group in itertools.groupby(items, key=lambda item: _is_long(item) and item.path):
        if long:
            min(dealt, key=len).extend(group)
    short = (item for item in items if not _is_long(item))
    rest = len(items)
    for number, share in enumerate(dealt):  # as large as those that a run begins with
        most = rest // (len(dealt) - number)
        share.extend(itertools.islice(short, max(0, most - len(share))))
        rest -= len(share)
    items[:] = [*itertools.chain.from_iterable(dealt), *short]


def _is_long(item: pytest.Item) -> bool:
    return any(folder in item.path.parents for folder in LONG) or item.get_closest_marker("slow") is not None
