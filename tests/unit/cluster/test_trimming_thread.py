"""The thread that trims goes on, whatever happened in one of its turns."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from collector.cluster import trimming
from collector.cluster.trimming import Trimming
from collector.kafka.wire import Unreachable
from collector.testing.log_cluster import LogCluster


@pytest.mark.parametrize("what", [Unreachable("no broker"), AttributeError("it was put down just now")])
def test_a_turn_that_fails_is_not_the_last(what: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "TRIM_SECS", 0.01)
    left, again = [what], threading.Event()

    def owned() -> list[Any]:
        if left:
            raise left.pop()
        again.set()
        return []

    accepted: Any = None  # nothing is owned
    trims = Trimming(LogCluster().wire("lb").admin(), accepted, owned)
    trims.start()
    assert again.wait(60)
    trims.close()
