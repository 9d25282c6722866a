"""What this machine says, and over it what a server gave: at the start, at SIGHUP, when it is offered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collector.errors import ConfigError, LogboomError
from collector.extensions.opamp.folder import KeptConfig, OpampFolder, Outcome
from collector.service.configuration import Configuration, accepting, told
from collector.service.run import started
from collector.service.supervisor import StartFailed, Supervisor
from collector.settings.model import Settings

LOCAL = """
receivers: {nop: }
exporters: {nop: , otlp_http: {endpoint: "https://x.example", headers: {x-key: our-own-secret}}}
extensions: {opamp: {server: {ws: {endpoint: "ws://127.0.0.1:1"}}, capabilities: {accepts_remote_config: ACCEPTS}}}
service: {extensions: [opamp], pipelines: {logs: {receivers: [nop], exporters: [nop]}}}
"""
GOOD = KeptConfig("01", {"": "exporters: {debug: }\nservice: {pipelines: {logs: {exporters: [debug]}}}"})
BAD = KeptConfig("02", {"": "service: {pipelines: {logs: {exporters: [nobody]}}}"})


def configuration(tmp_path: Path, *, accepts: bool = True) -> Configuration:
    return Configuration([f"yaml:{LOCAL.replace('ACCEPTS', str(accepts).lower())}"], [], False, tmp_path)


def exporters(found: Configuration) -> list[str]:
    return list(found.at_start().pipelines["logs"].exporters)


def test_a_start_begins_with_the_last_that_was_taken(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    assert exporters(found) == ["nop"]
    found.folder.take(GOOD)
    assert exporters(found) == ["debug"]
    assert list(found.again().pipelines["logs"].exporters) == ["debug"]


def test_an_offer_that_was_never_taken_is_nothing(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    found.folder.offer(GOOD)
    assert exporters(found) == ["nop"]
    assert found.folder.outcome() is None


def test_what_is_wrong_by_now_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """It is told to the server; at SIGHUP it refuses, for there is something that runs."""
    found = configuration(tmp_path)
    found.folder.take(BAD)
    assert exporters(found) == ["nop"]
    outcome = found.folder.outcome()
    assert outcome is not None
    assert (outcome.hash, outcome.status) == ("02", "FAILED")
    assert '"nobody"' in outcome.error
    with pytest.raises(ConfigError):
        found.again()


class Starting(Supervisor):
    """Starts with `nop` alone."""

    def __init__(self, settings: Settings, fails: bool = False) -> None:
        self.settings = settings
        self.starts = 0
        self._fails = fails

    async def start(self) -> bool:
        self.starts += 1
        if self._fails or list(self.settings.pipelines["logs"].exporters) != ["nop"]:
            raise StartFailed("worker-0: its token can't be read")
        return True


def test_what_does_not_start_by_now_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Right as far as it can be read: a file of a token that is gone, a port that is taken."""
    found = configuration(tmp_path)
    found.folder.take(GOOD)
    supervisor = Starting(found.at_start())
    assert asyncio.run(started(supervisor, found))
    assert supervisor.starts == 2
    assert found.folder.outcome() == Outcome(GOOD.hash, "FAILED", "worker-0: its token can't be read")
    with pytest.raises(StartFailed):
        asyncio.run(started(Starting(found.at_start(), fails=True), found))


def test_what_this_machine_says_starts_or_does_not(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    supervisor = Starting(found.at_start(), fails=True)
    with pytest.raises(StartFailed):
        asyncio.run(started(supervisor, found))
    assert (supervisor.starts, found.folder.outcome()) == (1, None)


def test_who_does_not_accept_takes_nothing(tmp_path: Path) -> None:
    """Neither what was taken once nor what is offered."""
    found = configuration(tmp_path, accepts=False)
    found.folder.take(GOOD)
    assert exporters(found) == ["nop"]
    assert accepting(found.at_start()) is None
    with pytest.raises(LogboomError, match="no extension opamp accepts remote configurations"):
        found.with_offer(GOOD)


def test_what_is_reported_holds_no_secret(tmp_path: Path) -> None:
    effective = configuration(tmp_path).with_offer(GOOD).effective
    assert "debug" in effective
    assert "[redacted]" in effective
    assert "our-own-secret" not in effective


def test_without_the_extension_nothing_is_made_to_be_reported(tmp_path: Path) -> None:
    text = LOCAL.replace("extensions: [opamp]", "extensions: []").replace("ACCEPTS", "true")
    assert Configuration([f"yaml:{text}"], [], False, tmp_path).at_start().effective == ""


def test_problems_are_told_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        configuration(tmp_path).with_offer(BAD)
    assert told(refused.value).startswith("service::pipelines::logs: ")
    assert "(remote configuration:1)" in told(refused.value)


def test_a_folder_that_nobody_may_write_keeps_nobody_from_starting(tmp_path: Path) -> None:
    (tmp_path / "opamp").write_text("no folder")
    assert exporters(configuration(tmp_path)) == ["nop"]
    with pytest.raises(OSError, match="opamp"):
        OpampFolder(tmp_path).say(Outcome("01", "FAILED"))
