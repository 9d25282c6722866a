"""What holds for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # what tests start finds the package counterparts, too

settings.register_profile("logboom", deadline=None)  # a busy machine is no counter-example
settings.load_profile("logboom")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, for each of two processes its share: whoever is done early takes over what is short. Each half
    stays in the random order that it came in."""
    long = [item for item in items if item.get_closest_marker("faults") or item.get_closest_marker("e2e")]
    others = [item for item in items if item not in set(long)]
    middle = len(others) // 2
    items[:] = [*long[0::2], *others[:middle], *long[1::2], *others[middle:]]
