"""A reload while the cluster moves to another generation of topics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from collector.backend.data_dir import DataDir
from collector.service import generations, reloading
from collector.service.reloading import check_successor
from collector.service.supervisor import Supervisor
from collector.settings import load
from collector.settings.model import Settings

CONFIG = """
receivers: {nop: }
exporters: {nop: }
service:
  ledger: {partitions: 4, kafka: {prefix: lb, instance_id: one}}
  telemetry: {metrics: {level: none}}
  pipelines: {logs: {receivers: [nop], exporters: [nop]}}
"""


def of(settings: Settings, generation: int) -> Settings:
    service = settings.service
    assert service.ledger.kafka is not None
    ledger = service.ledger.model_copy(update={"kafka": service.ledger.kafka.of_generation(generation)})
    return replace(settings, service=service.model_copy(update={"ledger": ledger}))


def test_one_that_comes_before_the_machine_has_followed_makes_it_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its children work with the new topics: those are checked and remembered first, and a worker's death is told there."""
    written = load([f"yaml:{CONFIG}"], [])
    supervisor = Supervisor(of(written, 1), DataDir(tmp_path, 4), lambda old: old)
    done: list[object] = []
    backend = SimpleNamespace(prepare=lambda: done.append("prepared"), died=done.append)
    monkeypatch.setattr(generations, "backend_of", lambda settings, _: done.append(settings) or backend)
    monkeypatch.setattr(reloading, "of_cluster", lambda settings, _: of(settings, 1))
    check_successor(supervisor, supervisor.settings, written, tmp_path)
    assert done == []
    monkeypatch.setattr(reloading, "of_cluster", lambda settings, _: of(settings, 2))
    found = check_successor(supervisor, supervisor.settings, written, tmp_path)
    supervisor.on_death(3)
    assert done == [found, "prepared", 3]
