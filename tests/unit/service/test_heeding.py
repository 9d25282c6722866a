"""What the supervisor does at the word of the processes that talk to OpAMP servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from collector.backend.data_dir import DataDir
from collector.errors import LogboomError
from collector.extensions.opamp.folder import KeptConfig, Outcome
from collector.service.configuration import Configuration
from collector.service.heeding import Heeding
from collector.service.in_process import InProcess
from collector.service.supervisor import Offer, Supervisor
from collector.settings.model import Settings

LOCAL = """
receivers: {nop: }
exporters: {nop: }
extensions: {opamp: {server: {ws: {endpoint: "ws://127.0.0.1:1"}}, capabilities: {accepts_remote_config: true}}}
service: {extensions: [opamp], telemetry: {metrics: {level: none}}, pipelines: {logs: {receivers: [nop], exporters: [nop]}}}
"""
GOOD = KeptConfig("01", {"": "exporters: {debug: }\nservice: {pipelines: {logs: {exporters: [debug]}}}"})
BAD = KeptConfig("02", {"": "exporters: {command: {commands: {}}}"})


class Fake(Supervisor):
    """Tries offers as far as they can be read."""

    def __init__(self, settings: Settings, root: Path) -> None:
        super().__init__(settings, DataDir(root, 2), lambda old: old)
        self.reloads = 0
        self.tried: list[list[str]] = []

    async def reload(self) -> None:
        self.reloads += 1

    async def try_out(self, offer: Offer) -> None:
        try:
            self.tried.append(list(offer.read(self.settings).pipelines["logs"].exporters))
        except LogboomError as error:
            offer.refused(str(error))
        else:
            offer.taken()


def heeded(tmp_path: Path, *asks: dict[str, Any], offers: tuple[KeptConfig, ...] = ()) -> tuple[Fake, Configuration]:
    configuration = Configuration([f"yaml:{LOCAL}"], [], False, tmp_path)
    supervisor = Fake(configuration.at_start(), tmp_path)
    heeding = Heeding(supervisor, configuration)
    for config in offers:
        configuration.folder.offer(config)
    for ask in asks:
        asyncio.run(heeding._heed(7, ask))
    return supervisor, configuration


def test_an_offer_is_tried_once(tmp_path: Path) -> None:
    supervisor, configuration = heeded(tmp_path, {"offer": "01"}, {"offer": "01"}, offers=(GOOD,))
    assert supervisor.tried == [["debug"]]
    assert configuration.folder.remote() == GOOD
    assert configuration.folder.outcome() == Outcome("01", "APPLIED")


def test_one_that_is_refused_is_told_why_and_tried_once(tmp_path: Path) -> None:
    supervisor, configuration = heeded(tmp_path, {"offer": "02"}, {"offer": "02"}, offers=(BAD,))
    assert supervisor.tried == []
    outcome = configuration.folder.outcome()
    assert outcome is not None
    assert (outcome.status, configuration.folder.remote()) == ("FAILED", None)
    assert "it runs programs" in outcome.error


def test_an_offer_that_has_another_in_its_place_is_left(tmp_path: Path) -> None:
    supervisor, _ = heeded(tmp_path, {"offer": "01"}, offers=(GOOD, BAD))
    assert supervisor.tried == []


def test_a_restart_is_done_once_for_each_time_it_is_asked_for(tmp_path: Path) -> None:
    supervisor, _ = heeded(tmp_path, {"restarts": 1}, {"restarts": 1}, {"restarts": 2})
    assert supervisor.reloads == 2


def test_in_one_process_nothing_is_taken_over(tmp_path: Path) -> None:
    configuration = Configuration([f"yaml:{LOCAL}"], [], False, tmp_path)
    configuration.folder.offer(GOOD)
    single = InProcess(configuration.at_start(), DataDir(tmp_path, 2))
    asyncio.run(Heeding(cast("Any", single), configuration)._heed(7, {"offer": "01"}))
    outcome = configuration.folder.outcome()
    assert outcome is not None
    assert (outcome.status, outcome.error.partition(":")[0]) == ("FAILED", "logboom runs with --in-process")
