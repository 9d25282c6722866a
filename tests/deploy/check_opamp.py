"""`make check-opamp`: a logboom that opamp-go's server manages, over both transports."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from counterparts import opamp_life as life
from counterparts.opamp import awaited, go_server

pytestmark = pytest.mark.timeout(900)
BOTH = pytest.mark.parametrize("transport", ["ws", "http"])


@BOTH
def test_a_managed_logboom(tmp_path: Path, transport: str) -> None:
    with go_server(token=life.TOKEN) as server, life.managed(tmp_path, server, transport) as service:
        life.reports_itself(server)
        life.takes_what_is_good(server)
        life.refuses_what_is_wrong(server)
        life.takes_back_what_does_not_start(server, service)
        life.killed_meanwhile_takes_it_afterwards(server, service)
        life.survives_a_restart(server, service)
        [agent] = server.agents().values()
        assert agent.gaps == 0


@BOTH
def test_what_a_server_may_ask_for(tmp_path: Path, transport: str) -> None:
    with go_server(token=life.TOKEN) as server, life.managed(tmp_path, server, transport) as service:
        awaited(server, lambda agent: agent.said.health.healthy)
        server.ask("components")
        agent = awaited(server, lambda agent: agent.said.available_components.components)
        assert "opamp" in agent.said.available_components.components["extensions"].sub_component_map
        server.ask("restart")
        awaited(server, lambda _: "configuration reloaded" in service.log.read_text())
        [before] = server.agents()
        server.ask("uid")
        awaited(server, lambda agent: agent.uid.hex() != before and agent.said.health.healthy)
        [other] = set(server.agents()) - {before}
        assert service.terminate() == 0
        service.start()
        service.await_ready()
        awaited(server, lambda agent: agent.uid.hex() == other and not agent.left and agent.said.health.healthy)
        assert set(server.agents()) == {before, other}


@BOTH
def test_a_server_that_ends_is_busy_and_comes_back(tmp_path: Path, transport: str) -> None:
    with go_server(token=life.TOKEN) as server, life.managed(tmp_path, server, transport) as service:
        awaited(server, lambda agent: agent.said.health.healthy)
        address = server.address
        server.close()
        awaited_log(service.log, "is not reached")
        with go_server(address, token="another") as second:
            awaited_log(service.log, "401 Unauthorized")
            assert not second.agents()
        with go_server(address, token=life.TOKEN) as third:
            awaited(third, lambda agent: agent.said.health.healthy and "sqlite" in agent.effective, 330.0)
        assert life.TOKEN not in service.log.read_text()


def awaited_log(log: Path, words: str) -> None:
    deadline = time.monotonic() + 90
    while words not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert words in log.read_text()
