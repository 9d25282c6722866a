"""The thread that tells and trims goes on, whatever happened in one of its turns."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from collector.cluster import status
from collector.cluster.status import Status, Teller
from collector.kafka.wire import TopicSpec
from collector.testing.log_cluster import LogCluster


def test_a_turn_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(status, "TELL_SECS", 0.01)
    wire = LogCluster().wire("lb")
    wire.admin().create([TopicSpec("lb.status", 1, {"cleanup.policy": "compact"})], 1)
    left, again = [AttributeError("it was put down just now")], threading.Event()

    def owned() -> dict[int, Any]:
        if left:
            raise left.pop()
        again.set()
        return {}

    accepted: Any = None  # nothing is owned
    tells = Status(wire, "lb.status", 1, Teller(tmp_path, "one", 0), accepted, owned)
    assert again.wait(60)
    tells.close()
