"""The client of `opamp` against a server that complains of whatever the specification forbids."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collector.extensions.opamp import client as module
from collector.extensions.opamp.client import OpampClient
from collector.extensions.opamp.config import OpampConfig
from collector.extensions.opamp.session import Session
from collector.transport.http_client import HttpAnswer
from counterparts.on_thread import nothing_open
from counterparts.opamp import PATH, StrictServer, strict_server
from otlp_wire.opamp import AgentReport, Capability, Components, ConfigFile, Health, ServerMessage

CAN = (
    Capability.REPORTS_STATUS | Capability.REPORTS_HEALTH | Capability.REPORTS_EFFECTIVE_CONFIG | Capability.REPORTS_AVAILABLE_COMPONENTS
)  # fmt: skip
UID = bytes(range(16))
REPORT = AgentReport(
    {"service.name": "logboom"}, {"os.type": "linux"}, Health(True, "StatusOK"), {"": ConfigFile(b"a: 1\n")},
    components=Components(b"h", {"receivers": {"otlp": {"distribution": "logboom"}}}),
)  # fmt: skip


class Bearer:
    """A client authenticator."""

    async def headers(self) -> dict[str, str]:
        return {"Authorization": "Bearer let-me-in"}


class Talking:
    """One agent, and what the server wanted of it."""

    def __init__(self, server: StrictServer, transport: str, authenticator: Any = None, **more: Any) -> None:
        scheme = {"ws": "ws", "http": "http"}[transport]
        options = {"endpoint": f"{scheme}://{server.address}{PATH}", **more}
        if transport == "http":
            options["polling_interval"] = "200ms"
        config = OpampConfig.model_validate({"server": {transport: options}, "heartbeat_interval": "200ms"})
        self.report = REPORT
        self.wanted: list[ServerMessage] = []
        self.session = Session(UID, CAN, lambda: self.report)
        self.client = OpampClient(config, self.session, self.wanted.append, authenticator)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Talking]:
        task = asyncio.ensure_future(self.client.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await nothing_open()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks and waits of the client are short."""
    monkeypatch.setattr(module, "LOOK_SECS", 0.02)
    retry = {"initial_interval": "20ms", "max_interval": "50ms"}
    monkeypatch.setattr(module, "_RETRY", type(module._RETRY).model_validate(retry))


BOTH = pytest.mark.parametrize("transport", ["ws", "http"])


@BOTH
def test_a_server_is_told_all_then_what_changes_then_farewell(transport: str) -> None:
    async def test(server: StrictServer) -> None:
        async with Talking(server, transport).running() as talking:
            await until(server.agents)
            agent = server.agents()[UID.hex()]
            assert agent.effective == "a: 1\n"
            assert agent.said.health.healthy
            talking.report = AgentReport(
                REPORT.identifying, REPORT.others, Health(False, "StatusRecoverableError", "no room"),
                REPORT.effective, components=REPORT.components,
            )  # fmt: skip
            await until(lambda: agent.said.health.last_error == "no room")
            talking.client.leave()
            await until(lambda: agent.left)
        assert agent.gaps == 0

    with strict_server() as server:
        asyncio.run(test(server))


@BOTH
def test_a_heartbeat_says_nothing_but_that_we_live(transport: str) -> None:
    async def test(server: StrictServer) -> None:
        async with Talking(server, transport).running():
            await until(lambda: server.agents() and server.agents()[UID.hex()].messages > 3)

    with strict_server() as server:
        asyncio.run(test(server))
        assert server.agents()[UID.hex()].gaps == 0


@BOTH
def test_a_server_may_ask_for_all_of_it_and_for_components(transport: str) -> None:
    async def test(server: StrictServer) -> None:
        async with Talking(server, transport).running():
            await until(server.agents)
            agent = server.agents()[UID.hex()]
            assert not agent.said.available_components.components
            server.ask("components")
            await until(lambda: agent.said.available_components.components)
            assert "otlp" in agent.said.available_components.components["receivers"].sub_component_map
            server.ask("full")
            before = agent.messages
            await until(lambda: agent.messages > before + 1)

    with strict_server() as server:
        asyncio.run(test(server))


@BOTH
def test_a_server_may_give_another_id(transport: str) -> None:
    other = UID[:15] + bytes([UID[15] ^ 0xFF])

    async def test(server: StrictServer) -> None:
        async with Talking(server, transport).running() as talking:
            await until(server.agents)
            server.ask("uid")
            await until(lambda: other.hex() in server.agents())
            assert talking.wanted[-1].new_uid == other or any(each.new_uid == other for each in talking.wanted)
            assert server.agents()[other.hex()].said.HasField("agent_description")

    with strict_server() as server:
        asyncio.run(test(server))


@BOTH
def test_what_is_offered_is_handed_on(transport: str) -> None:
    async def test(server: StrictServer) -> None:
        talking = Talking(server, transport)
        talking.session = Session(UID, CAN | Capability.ACCEPTS_REMOTE_CONFIG, lambda: talking.report)
        talking.client._session = talking.session
        async with talking.running():
            await until(server.agents)
            server.offer("v1", "receivers: {}")
            await until(lambda: any(each.offer for each in talking.wanted))
            offers = [each.offer for each in talking.wanted if each.offer]
            assert offers[0] == (b"v1", {"": ConfigFile(b"receivers: {}", "text/yaml")})

    with strict_server() as server:
        asyncio.run(test(server))


@BOTH
def test_who_we_are_is_said_with_each_request(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    """And who is not let in says so once, without the credential."""

    async def test(server: StrictServer) -> None:
        async with Talking(server, transport, Bearer()).running():
            await until(server.agents)

    async def stranger(server: StrictServer) -> None:
        async with Talking(server, transport, headers={"Authorization": "Bearer wrong-and-secret"}).running():
            await until(lambda: "401 Unauthorized" in caplog.text)
            await asyncio.sleep(0.2)

    with strict_server("let-me-in") as server:
        asyncio.run(test(server))
        with caplog.at_level(logging.WARNING):
            asyncio.run(stranger(server))
    assert caplog.text.count("401 Unauthorized") == 1
    assert "wrong-and-secret" not in caplog.text


@BOTH
def test_a_server_that_is_busy_is_asked_again_when_it_wants(transport: str) -> None:
    async def test(server: StrictServer) -> None:
        server.busy(1)
        async with Talking(server, transport).running():
            await until(lambda: len(server.refused_at) == 2)
            server.busy(0)
            await until(server.agents)

    with strict_server() as server:
        asyncio.run(test(server))
        assert server.refused_at[1] - server.refused_at[0] >= 1.0


@BOTH
def test_a_redirect_is_not_followed(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    """Credentials go nowhere but where the configuration says."""

    async def test(server: StrictServer, elsewhere: StrictServer) -> None:
        server.redirect = f"http://{elsewhere.address}{PATH}"
        async with Talking(server, transport, Bearer()).running():
            await until(lambda: "is not reached" in caplog.text)
            await asyncio.sleep(0.2)

    with strict_server() as server, strict_server() as elsewhere, caplog.at_level(logging.WARNING):
        asyncio.run(test(server, elsewhere))
        assert not elsewhere.agents()


@BOTH
@pytest.mark.parametrize(
    "blob", [b"\0\xff\xff\xff", b"\1abc", b"\0" * (5 << 20)], ids=["no protobuf", "no frame", "too large"]
)
def test_what_is_no_message_ends_the_talk_and_it_begins_anew(transport: str, blob: bytes) -> None:
    async def test(server: StrictServer) -> None:
        server.blob = blob
        async with Talking(server, transport).running():
            await until(lambda: server.agents() and server.agents()[UID.hex()].messages > 2)

    with strict_server() as server:
        asyncio.run(test(server))


@BOTH
def test_a_server_that_comes_back_is_found(transport: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test(first: StrictServer, port: int) -> None:
        async with Talking(first, transport).running() as talking:
            await until(first.agents)
            await asyncio.to_thread(end.__exit__, None, None, None)
            await until(lambda: "is not reached" in caplog.text)
            with strict_server(port=port) as second:
                await until(second.agents)
                await until(lambda: "is reached again" in caplog.text)
                assert second.agents()[UID.hex()].said.HasField("agent_description")
                assert talking.client.connected

    end = strict_server()
    first = end.__enter__()
    with caplog.at_level(logging.WARNING):
        asyncio.run(test(first, int(first.address.rpartition(":")[2])))


def test_who_reports_no_heartbeat_has_none() -> None:
    """Whatever the server asks for."""
    config = OpampConfig.model_validate(
        {"server": {"ws": {"endpoint": "ws://127.0.0.1:1/"}}, "capabilities": {"reports_heartbeat": False}}
    )

    async def test() -> None:
        client = OpampClient(config, Session(UID, CAN, lambda: REPORT), lambda _: None)
        client._heard(ServerMessage(heartbeat_secs=5))
        assert client._heartbeat_secs == 0

    asyncio.run(test())


def test_the_server_says_how_often_it_wants_to_hear_us() -> None:
    """Nobody is asked to be heard from a thousand times a second."""
    config = OpampConfig.model_validate({"server": {"ws": {"endpoint": "ws://127.0.0.1:1/"}}})

    async def test() -> None:
        client = OpampClient(config, Session(UID, CAN, lambda: REPORT), lambda _: None)
        for asked, heeded in ((5, 5), (0, 0), (1 << 40, 3600)):
            client._heard(ServerMessage(heartbeat_secs=asked))
            assert client._heartbeat_secs == heeded

    asyncio.run(test())


def test_who_leaves_quietly_hears_the_answer_to_what_it_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server says some things once; and no farewell is said, for a successor goes on."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def post(*_: Any) -> HttpAnswer:
        asked.set()
        await answer.wait()
        return HttpAnswer(200, {}, b"")

    async def test(server: StrictServer) -> None:
        talking = Talking(server, "http")
        monkeypatch.setattr(talking.client._http, "post", post)
        async with asyncio.timeout(30):
            running = asyncio.ensure_future(talking.client.run())
            await asked.wait()
            talking.client.leave(quietly=True)
            answer.set()
            await running
        assert len(talking.wanted) == 1

    with strict_server() as server:
        asyncio.run(test(server))
