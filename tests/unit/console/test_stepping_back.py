"""Threads that ask the store take what CPU others leave."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from collector.console.file_source import FileSource
from collector.console.stepping_back import step_back
from collector.console.stores import Stores
from collector.extensions.console.config import ConsoleConfig
from collector.scope import Scope
from counterparts.store_writer import Writer

pytestmark = pytest.mark.anyio


def mine() -> tuple[int, int]:
    """Of this thread: nice, policy."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), os.sched_getscheduler(0)


async def test_questions_step_back_and_nobody_else_does(tmp_path: Path) -> None:
    """On Linux both are of a thread."""
    Writer(tmp_path / "store.db").close()
    before = mine()
    stores = Stores(FileSource(tmp_path / "store.db"), 2, begin=step_back)
    assert await stores.ask(Scope.everything(), lambda _: mine(), 60) == (19, os.SCHED_BATCH)
    assert mine() == before
    stores.close()


@pytest.mark.parametrize(("cores", "threads"), [(None, 2), (1, 2), (4, 2), (8, 4), (256, 32)])
def test_there_is_one_for_each_two_cores(monkeypatch: pytest.MonkeyPatch, cores: int | None, threads: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert ConsoleConfig().questions_at_once() == threads
    assert ConsoleConfig(query_threads=5).questions_at_once() == 5
