"""What a machine of a cluster shows is of the partitions that it owns, and it says who has the rest."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from collector.backend.data_dir import DataDir
from collector.cli.checks.data import backlog
from collector.cli.checks.finding import Patient
from collector.cluster import told
from collector.cluster.told import Heard, Told, tell
from collector.cluster.view import KafkaView
from collector.service.observe import Observer
from collector.service.plan import quota_of
from collector.settings import load
from collector.settings.model import Settings

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:0"}}}}
exporters: {sqlite: {}}
service: {ledger: {partitions: 8, kafka: {brokers: [k]}}, pipelines: {logs: {receivers: [otlp], exporters: [sqlite]}}}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a machine that owns two of eight partitions."""
    monkeypatch.setattr(told, "FRESH_SECS", 600.0)
    now = int(time.time() * 1000)
    mine = {
        1: {"lag": {}, "unread": {"logs": {"a.example": 3, "b.example": 1}}},
        2: {"lag": {}, "unread": {"logs": {"a.example": 4}, "logs/service": {"logboom": 2}}},
    }
    others = {number: Heard("one" if number in mine else "two", 0, now) for number in (1, 2, 5, 6)}
    tell(tmp_path, 0, Told(os.getpid(), now, mine, others))
    return load([f"yaml:{CONFIG}"], [])


def test_what_is_not_read_by_domain(settings: Settings, tmp_path: Path) -> None:
    view = KafkaView(DataDir(tmp_path, 8))
    assert view.unread("logs") == {"a.example": 7, "b.example": 1}
    assert view.unread("logs/none") == {}
    view.close()


def test_a_queue_may_grow_in_the_partitions_that_are_here(settings: Settings, tmp_path: Path) -> None:
    """Else one that is full would look nearly empty."""
    view = KafkaView(DataDir(tmp_path, 8))
    queues = Observer(view).snapshot(settings, {}, {}, 0, 0.0).queues
    assert queues["sqlite"].capacity_bytes == 2 * quota_of(settings, "sqlite").max_bytes
    view.close()


def test_who_looks_after_a_backlog_is_told_whose_it_is(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.cli.checks.data.view_of", lambda root: KafkaView(DataDir(root, 8)))
    said = [each.said for each in backlog(Patient(settings, tmp_path, ""))]
    assert said == ["of the partitions of this machine: 1 to 2; two told last of 5 to 6", "nothing waits for long"]
    (tmp_path / "cluster" / "0.json").unlink()
    assert "owns none of it" in next(iter(backlog(Patient(settings, tmp_path, "")))).said
