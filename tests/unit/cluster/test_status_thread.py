"""The thread that tells and trims goes on, whatever happened in one of its turns."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from collector.cluster import status
from collector.cluster.status import Status, Teller
from collector.kafka.wire import NewRecord, Place, TopicSpec
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


def test_a_partition_of_which_nobody_tells_is_shared_out_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """While another one is told of: else it is the brokers who are silent."""
    monkeypatch.setattr(status, "TELL_SECS", 0.01)
    wire = LogCluster().wire("lb")
    wire.admin().create([TopicSpec("lb.status", 2, {"cleanup.policy": "compact"})], 1)
    asked = threading.Event()
    accepted: Any = None  # nothing is owned
    tells = Status(wire, "lb.status", 2, Teller(tmp_path, "one", 0), accepted, dict, asked.set, patience_secs=0.5)
    assert not asked.wait(2.0), "nobody is heard at all"
    sender, until = wire.sender("another"), time.monotonic() + 60
    while not asked.is_set() and time.monotonic() < until:
        text = b'{"owner": "two", "worker": 0, "at_unix_ms": 1}'
        sender.send(NewRecord(Place("lb.status", 0), b"0", text), lambda *_: None)
        time.sleep(0.02)
    assert asked.is_set()
    tells.close()
