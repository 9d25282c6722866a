"""A third-party processor that kills its process on one record: that record alone is set aside, and comes back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from collector.cli.traffic.client import GrpcClient
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.commands import command
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PLUGIN = '''
import os
from pathlib import Path

from collector.component import Config, Factory, Kind


class MineConfig(Config):
    """Options."""

    defused: Path
    """The mine does nothing once this file is there."""


class Mine:
    def __init__(self, config, context):
        self._defused = config.defused

    def process(self, batch, work):
        if not self._defused.exists() and batch.column("body").str.contains("of dynamite").any():
            os._exit(139)
        return batch


FACTORY = Factory(Kind.PROCESSOR, "mine", MineConfig, "mine_plugin:Mine", "Explodes.")
'''


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Not started; the plugin is installed for it as a distribution with an entry point."""
    site = tmp_path / "site"
    info = site / "mine_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mine_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[logboom.processors]\nmine = mine_plugin:FACTORY\n")
    override = {
        "processors": {"mine": {"defused": str(tmp_path / "defused")}},
        "service": {"pipelines": {"logs": {"processors": ["mine", "categorize", "triage"]}}},
    }
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return Service(tmp_path, json.dumps(override), env={"PYTHONPATH": path})


def deadletter(service: Service, *arguments: str) -> str:
    """The output of `logboom deadletter`."""
    done = command("deadletter", *arguments, "--data-dir", str(service.data))
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_a_record_that_kills_its_worker_is_set_aside_and_replayed(service: Service, tmp_path: Path) -> None:
    """Dead-lettered raw after three strikes; all others are stored; `deadletter replay` stores it, too."""
    with service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        for first in range(0, 100, 10):
            numbers = range(first, first + 10)
            assert client.send(request(numbers, "dynamite" if first == 50 else "peace"), "tamyla.com") == ""
        client.close()
        service.await_stored(90, seconds=90)
        deadline = time.monotonic() + 30
        while "poison" not in (listed := deadletter(service, "list", "--json")):
            assert time.monotonic() < deadline, service.log.read_text()[-3000:]
            time.sleep(0.2)
        (letter,) = [json.loads(line) for line in listed.splitlines()]
        assert (letter["reason"], letter["records"]) == ("poison", 10)
        (tmp_path / "defused").touch()
        assert "asked to replay 1 dead letters with 10 records" in deadletter(service, "replay", "--all")
        service.await_stored(100)
        assert service.terminate() == 0
    assert service.rows("SELECT count(DISTINCT json_extract(attributes, '$.n')) FROM sent") == [(100,)]
    assert "[]" not in deadletter(service, "list", "--json").splitlines()
    assert_directory_conserved(service.data)
