"""A fed pipeline whose processor kills the worker, never ends, or raises, in a real service: the others have all of it, that one has
the rest, and what it lacks comes back there alone."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from collector.backend.offline import desk_of
from collector.cli.traffic.client import GrpcClient
from collector.scope import Scope
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import HEADER, request
from e2e.test_topologies import file_numbers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]

PLUGIN = '''
import os
import time
from pathlib import Path
from typing import Literal

from collector.component import Config, Factory, Kind


class MineConfig(Config):
    """Options."""

    defused: Path
    """The mine does nothing once this file is there."""
    kind: Literal["explode", "hang", "raise"]
    """What it does."""


class Mine:
    def __init__(self, config, context):
        self._config = config

    def process(self, batch, work):
        if not self._config.defused.exists() and batch.column("body").str.contains("of dynamite").any():
            if self._config.kind == "explode":
                os._exit(139)
            while self._config.kind == "hang":
                time.sleep(0.1)
            raise ValueError
        return batch


FACTORY = Factory(Kind.PROCESSOR, "mine", MineConfig, "mine_plugin:Mine", "Explodes.")
'''


def service_with(tmp_path: Path, kind: str) -> Service:
    """Not started; `logs` feeds `logs/mined`, which feeds `logs/last`."""
    site = tmp_path / "site"
    info = site / "mine_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mine_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[logboom.processors]\nmine = mine_plugin:FACTORY\n")
    override = {
        "processors": {"mine": {"defused": str(tmp_path / "defused"), "kind": kind}},
        "connectors": {"forward": {}, "forward/on": {}},
        "exporters": {f"file/{name}": {"path": str(tmp_path / f"{name}.jsonl")} for name in ("mined", "last")},
        "service": {
            "ledger": {"process_timeout": "2s"},
            "pipelines": {
                "logs": {"processors": ["categorize", "triage"], "exporters": ["sqlite", "forward"]},
                "logs/mined": {
                    "receivers": ["forward"],
                    "processors": ["mine"],
                    "exporters": ["file/mined", "forward/on"],
                },
                "logs/last": {"receivers": ["forward/on"], "exporters": ["file/last"]},
            },
        },
    }
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return Service(tmp_path, json.dumps(override), env={"PYTHONPATH": path})


def await_numbers(path: Path, expected: set[int], service: Service) -> None:
    deadline = time.monotonic() + 120
    while not path.exists() or set(file_numbers(path)) != expected:
        assert time.monotonic() < deadline, service.log.read_text()[-3000:]
        time.sleep(0.2)


@pytest.mark.parametrize("kind", ["explode", "hang", "raise"])
def test_a_stage_loses_only_what_it_was_to_get(tmp_path: Path, kind: str) -> None:
    service = service_with(tmp_path, kind)
    everything = set(range(30))
    with service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        for first in range(0, 30, 10):
            assert client.send(request(range(first, first + 9), "peace"), "tamyla.com") == ""
            assert (
                client.send(request(range(first + 9, first + 10), "dynamite" if first == 10 else "peace"), "tamyla.com")
                == ""
            )
        client.close()
        service.await_stored(30, seconds=120)
        peace = everything - {19}
        for name in ("mined", "last"):
            await_numbers(tmp_path / f"{name}.jsonl", peace, service)
        letters = desk_of(service.data, Scope.everything()).letters()
        assert {letter.info.owner for letter in letters} == {"pipeline/logs/mined"}
        assert sum(letter.info.records for letter in letters) == 1
        reason = "processor mine: ValueError" if kind == "raise" else "poison: processor mine"
        assert {letter.info.reason for letter in letters} == {reason}
        (tmp_path / "defused").touch()
        desk_of(service.data, Scope.everything()).request("replay", letters)
        for name in ("mined", "last"):
            await_numbers(tmp_path / f"{name}.jsonl", everything, service)
        assert service.stored() == 30
        assert service.terminate() == 0
    assert_directory_conserved(service.data, "logs")
