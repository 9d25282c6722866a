"""Threads of the cluster's code that run only when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from collector.cluster import fetcher, sources
from collector.cluster.fetcher import Fetcher
from collector.testing.log_cluster import LogCluster


class NoThread:
    """A thread that never runs by itself."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def start(self) -> None: ...

    def join(self, _: float | None = None) -> None: ...


@contextmanager
def inline(cluster: LogCluster) -> Iterator[None]:
    """No fetcher reads by itself (`pump`), and what asks for the time is told the cluster's."""
    threads = SimpleNamespace(Thread=NoThread, Condition=threading.Condition, Lock=threading.Lock)
    clock = SimpleNamespace(monotonic=lambda: cluster.now, sleep=cluster.advance)
    with (
        mock.patch.object(fetcher, "threading", threads),
        mock.patch.object(fetcher, "time", clock),
        mock.patch.object(sources, "time", clock),
    ):
        yield


def pump(one: Fetcher) -> None:
    """Read all that there is."""
    if one._reader is None:
        one._reader = one._open_reader("inline")
    for _ in range(1000):
        before = [(place, window.read_to, window.at_end) for place, window in one._windows.items()]
        if not one._asked and not one._windows:
            return
        one._turn(one._reader)
        if before == [(place, window.read_to, window.at_end) for place, window in one._windows.items()]:
            return
