"""What holds for every test."""

from __future__ import annotations

import functools
import gc
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

from counterparts.compiled_once import compile_share
from counterparts.examples import examples

TESTS = Path(__file__).parent
LONG = tuple(TESTS / folder for folder in ("e2e", "faults", "integration"))

os.environ["PYTHONPATH"] = str(TESTS)  # what tests start finds the package counterparts, too
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # no process looks for some in all that tests need to be installed

settings.register_profile("logboom", deadline=None, max_examples=examples(100))  # a busy machine is no counter-example
settings.load_profile("logboom")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: who starts processes or asks over the network waits for a third of the time."""
    return max(1, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Nothing of what is imported and collected is garbage: nobody looks for it meanwhile."""
    worker, whole = (
        os.environ.get("PYTEST_XDIST_WORKER"),
        session.config.args_source is pytest.Config.ArgsSource.TESTPATHS,
    )
    if worker and whole:
        compile_share(session.config, int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    gc.disable()


def pytest_collection_finish() -> None:
    """And nobody looks through it again and again while tests run."""
    gc.freeze()
    gc.enable()


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
    return _is_among_long(item.path) or item.get_closest_marker("slow") is not None


@functools.cache
def _is_among_long(path: Path) -> bool:
    return any(folder in path.parents for folder in LONG)
