"""An exporter whose code kills the worker on one record: its neighbours arrive, the record is set aside for that exporter
alone, the other exporter has all of them, and no pipeline's entry is blamed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.backend.offline import desk_of
from collector.cli.traffic.client import GrpcClient
from collector.ledger.deadletters import DeadLetterInfo
from collector.scope import Scope
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service
from counterparts.numbered import HEADER, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

PLUGIN = '''
import signal
from pathlib import Path

from collector.component import Factory, Kind
from collector.delivery.config import DeliveryConfig
from collector.outcomes import Ok


class MineConfig(DeliveryConfig):
    """Options."""

    folder: Path
    """Where bodies go; the mine does nothing once it holds a file `defused`."""


class Mine:
    def __init__(self, config, context):
        self._folder = config.folder

    async def start(self):
        self._folder.mkdir(exist_ok=True)

    def encode(self, batch):
        texts = batch.column("body").to_list()
        if not (self._folder / "defused").exists() and any("of dynamite" in text for text in texts):
            with (self._folder / "deaths").open("a+b") as deaths:
                deaths.write(b"x")
                turn = deaths.tell() % 2
            # like abort(): `os.kill` may hit another thread, and this one goes on
            signal.raise_signal((signal.SIGKILL, signal.SIGABRT)[turn])
        return texts

    async def send(self, texts):
        with (self._folder / "bodies").open("a") as stream:
            stream.writelines("\\n" + text for text in texts)  # what a death cuts short stays a line of its own

    def classify(self, answer):
        return [Ok()]

    async def shutdown(self):
        pass


FACTORY = Factory(Kind.EXPORTER, "mine", MineConfig, "mine_plugin:Mine", "Explodes.")
'''


def service_with(tmp_path: Path) -> Service:
    """Not started; the plugin is installed for it as a distribution with an entry point."""
    site = tmp_path / "site"
    info = site / "mine_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "mine_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[logboom.exporters]\nmine = mine_plugin:FACTORY\n")
    override = {
        "exporters": {"mine": {"folder": str(tmp_path / "mined")}},
        "service": {"pipelines": {"logs": {"exporters": ["sqlite", "mine"]}}},
    }
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return Service(tmp_path, json.dumps(override), env={"PYTHONPATH": path})


def dead_letters(service: Service) -> list[DeadLetterInfo]:
    return [letter.info for letter in desk_of(service.data, Scope.everything()).letters()]


def mined(tmp_path: Path) -> set[str]:
    path = tmp_path / "mined" / "bodies"
    text = path.read_text() if path.exists() else ""
    return set(re.findall(r"^record \d+ of (?:peace|dynamite)$", text, re.MULTILINE))


def await_that(service: Service, condition: Callable[[], object]) -> None:
    """A busy machine needs minutes for five deaths and the starts after them; what never comes ends at the test's timeout."""
    deadline = time.monotonic() + 500
    while not condition():
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]
        time.sleep(0.2)


def test_a_record_that_kills_one_exporter_is_set_aside_for_it_alone(tmp_path: Path) -> None:
    """It is killed and aborts in turn."""
    service = service_with(tmp_path)
    with service:
        client = GrpcClient(f"127.0.0.1:{service.grpc}", False, HEADER)
        for first in range(0, 600, 10):
            numbers = range(first, first + 10)
            domain = ("tamyla.com", "wetechfounders.com")[first % 20 // 10]
            parts = {"peace": numbers} if first != 300 else {"dynamite": numbers[:1], "peace": numbers[1:]}
            for kind, part in parts.items():
                assert client.send(request(part, kind), domain) == ""
        client.close()
        await_that(service, lambda: dead_letters(service))
        assert (tmp_path / "mined" / "deaths").stat().st_size >= 3
        (letter,) = dead_letters(service)
        assert (letter.owner, letter.reason) == ("exporter/mine", "poison"), letter
        assert 1 <= letter.records <= 64
        await_that(service, lambda: service.stored() == 600)
        await_that(service, lambda: len(mined(tmp_path)) == 600 - letter.records)
        (tmp_path / "mined" / "defused").touch()
        command = [sys.executable, "-P", "-m", "collector.cli", "deadletter", "replay", "--all"]
        subprocess.run([*command, "--data-dir", str(service.data)], check=True, capture_output=True)
        await_that(service, lambda: len(mined(tmp_path)) == 600)
        assert service.terminate() == 0
    assert service.rows("SELECT count(DISTINCT json_extract(attributes, '$.n')) FROM sent") == [(600,)]
    assert dead_letters(service) == []
    assert_directory_conserved(service.data, "logs")
