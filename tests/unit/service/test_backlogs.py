"""The worker moves backlogs that a connector gives up: each second, all of it in turn, told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from collector.batch import LogBatch
from collector.component import Work
from collector.errors import NoRoom
from collector.pipeline.network import Network
from collector.samples import batch_of
from collector.service.backlog import Backlogs
from collector.testing.memory_ledger import MemoryLedger


class Gives:
    """A connector that gives a backlog up while it is told to."""

    def __init__(self) -> None:
        self.given: dict[str, list[str]] = {}
        self.asked = 0

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        return {}

    def moves(self, now_unix_nano: int) -> Mapping[str, Sequence[str]]:
        self.asked += 1
        return self.given


class Scene:
    def __init__(self) -> None:
        self.ledger = MemoryLedger(["bad"], pipeline="logs", fed={"logs/good": ["good"]})
        for body in ("x", "y"):
            self.ledger.put(batch_of([{"body": body}]))
        self.gives = Gives()
        self.now = 100.0
        self.backlogs = Backlogs(self.ledger, Network({}, {"c": self.gives}), lambda: self.now)

    def look(self) -> int:
        return self.backlogs.look(0)


def test_it_is_asked_each_second_and_at_once_while_there_is_something() -> None:
    scene = Scene()
    assert scene.look() == scene.look() == 0
    assert scene.gives.asked == 1
    scene.gives.given = {"logs": ["logs/good"]}
    scene.now += 1
    assert [scene.look() for _ in range(4)] == [1, 1, 0, 0]
    assert scene.gives.asked == 4
    assert scene.ledger.queued("bad") == 0


def test_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    scene.gives.given = {"logs": ["logs/good"]}
    scene.look()
    scene.look()
    assert [record.getMessage() for record in caplog.records] == ["the backlog of pipeline logs moves to logs/good"]


def test_what_the_disk_does_not_allow_stays_where_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(pipeline: str, to: Sequence[str]) -> int:
        raise NoRoom("no room")

    scene = Scene()
    scene.gives.given = {"logs": ["logs/good"]}
    monkeypatch.setattr(scene.ledger, "move", full)
    assert scene.look() == 0
    assert scene.ledger.queued("bad") == 2
    assert "can't be moved: no room" in caplog.text
