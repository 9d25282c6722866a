"""The process that talks to an OpAMP server, on a thread: what it keeps, asks of the supervisor, and says at its end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.extensions.opamp import client as talking
from collector.extensions.opamp.folder import KeptConfig, OpampFolder, Outcome
from collector.service import managed as module
from collector.service.heeding import ASKS
from collector.service.managed import OpampRole
from collector.settings import load
from collector.settings.model import Settings
from counterparts.opamp import PATH, strict_server
from otlp_wire.opamp import ConfigFile, ServerMessage

CONFIG = """
receivers: {nop: }
exporters: {nop: }
extensions: {opamp: {server: {ws: {endpoint: "ws://ADDRESS"}}, capabilities: {accepts_remote_config: ACCEPTS, accepts_restart_command: ACCEPTS}, MORE}}
service: {extensions: [opamp], pipelines: {logs: {receivers: [nop], exporters: [nop]}}}
"""


def settings(address: str = "127.0.0.1:1", *, accepts: bool = True, more: str = "ppid: 0") -> Settings:
    text = CONFIG.replace("ADDRESS", address + PATH).replace("ACCEPTS", str(accepts).lower()).replace("MORE", more)
    return load([f"yaml:{text}"])


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "LOOK_SECS", 0.02)
    monkeypatch.setattr(module, "_BEAT_SECS", 0.02)
    monkeypatch.setattr(os, "nice", lambda _: 0)  # of the tests' process


@contextmanager
def running(role: OpampRole, *, drain: bool = True) -> Iterator[OpampRole]:
    thread = threading.Thread(target=role.run, daemon=True)
    thread.start()
    try:
        yield role
    finally:
        role.stop(1.0, drain)
        thread.join(30)
        assert not thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asks(role: OpampRole) -> Mapping[str, Any]:
    report = role.report()
    assert report is not None
    return report.stats.get(ASKS, {})


def offer(body: bytes = b"receivers: {}", content_type: str = "text/yaml") -> ServerMessage:
    return ServerMessage(offer=(b"\1", {"": ConfigFile(body, content_type)}))


@pytest.mark.parametrize("drain", [True, False])
def test_it_says_farewell_where_nobody_goes_on_for_it(tmp_path: Path, drain: bool) -> None:
    with strict_server() as server:
        with running(OpampRole(settings(server.address), tmp_path, 0), drain=drain):
            until(server.agents)
            [agent] = server.agents().values()
            assert agent.uid == OpampFolder(tmp_path).uid("opamp")
        if drain:
            until(lambda: agent.left)  # the server may not have read it yet
        assert agent.left is drain


def test_a_successor_waits_until_its_predecessor_has_ended(tmp_path: Path) -> None:
    with strict_server() as server:
        with running(OpampRole(settings(server.address), tmp_path, 0), drain=False):
            until(lambda: server.connections == 1)
            with running(OpampRole(settings(server.address), tmp_path, 0)) as second:
                time.sleep(0.3)
                report = second.report()
                assert report is not None
                assert (report.phase, server.connections) == ("ready", 1)
        with running(OpampRole(settings(server.address), tmp_path, 0)):
            until(lambda: server.connections == 2)
        assert len(server.agents()) == 1


def test_an_id_of_the_servers_is_kept(tmp_path: Path) -> None:
    with strict_server() as server, running(OpampRole(settings(server.address), tmp_path, 0)):
        until(server.agents)
        server.ask("uid")
        until(lambda: len(server.agents()) == 2)
        assert OpampFolder(tmp_path).uid("opamp").hex() == list(server.agents())[-1]


def taken(role: OpampRole, *messages: ServerMessage) -> OpampFolder:
    for message in messages:
        role._take(message)
    return role._folder


def test_an_offer_is_on_disk_before_it_is_asked_for(tmp_path: Path) -> None:
    role = OpampRole(settings(), tmp_path, 0)
    folder = taken(role, offer())
    assert folder.offered() == KeptConfig("01", {"": "receivers: {}"})
    assert (folder.outcome(), asks(role)["offer"]) == (Outcome("01", "APPLYING"), "01")


def test_one_that_is_known_is_not_asked_for_again(tmp_path: Path) -> None:
    """Where it is under way, a successor asks on."""
    OpampFolder(tmp_path).offer(KeptConfig("01", {"": "receivers: {}"}))
    role = OpampRole(settings(), tmp_path, 0)
    folder = taken(role, offer())
    assert asks(role)["offer"] == "01"
    folder.say(Outcome("01", "FAILED", "why"))
    taken(role, offer())
    assert asks(role) == {}
    assert folder.outcome() == Outcome("01", "FAILED", "why")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (offer(content_type="application/json"), "no YAML by its content type"),
        (offer(b"\xff"), "is not UTF-8 text"),
        (offer(b"#" * ((1 << 20) + 1)), "has more than 1048576 bytes"),
    ],
    ids=["another type", "no text", "too large"],
)
def test_what_can_be_no_configuration_is_told_at_once(tmp_path: Path, message: ServerMessage, why: str) -> None:
    role = OpampRole(settings(), tmp_path, 0)
    outcome = taken(role, message).outcome()
    assert outcome is not None
    assert (outcome.status, asks(role)) == ("FAILED", {})
    assert why in outcome.error


def test_without_the_operators_word_nothing_is_taken(tmp_path: Path) -> None:
    role = OpampRole(settings(accepts=False), tmp_path, 0)
    folder = taken(role, offer(), ServerMessage(restart=True))
    assert (folder.offered(), folder.outcome(), asks(role)) == (None, None, {})


def test_restarts_are_counted(tmp_path: Path) -> None:
    role = OpampRole(settings(), tmp_path, 0)
    taken(role, ServerMessage(restart=True), ServerMessage(restart=True))
    assert asks(role)["restarts"] == 2


def test_a_disk_that_keeps_nothing_ends_nobody(tmp_path: Path) -> None:
    (tmp_path / "opamp").write_text("no folder")
    role = OpampRole(settings(), tmp_path, 0)
    taken(role, offer())
    assert asks(role) == {}


def test_who_runs_us_and_is_gone_ends_us(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    more = f"ppid: {gone.pid}, ppid_poll_interval: 10ms"
    with running(OpampRole(settings(more=more), tmp_path, 0)) as role:
        until(lambda: asks(role).get("orphaned"))
    with running(OpampRole(settings(more=f"ppid: {os.getpid()}, ppid_poll_interval: 10ms"), tmp_path, 0)) as role:
        until(lambda: role._beat is not None)
        time.sleep(0.1)
        assert asks(role) == {}


def test_a_loop_that_hangs_is_silent(tmp_path: Path) -> None:
    role = OpampRole(settings(), tmp_path, 0)
    role._beat = time.monotonic() - 60
    assert role.report() is None
