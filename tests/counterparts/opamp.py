"""OpAMP servers: a strict double, and opamp-go's, built from its Go module. Both are told what to offer and show what agents said."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from aiohttp import WSCloseCode, WSMsgType, web
from google.protobuf import json_format
from opentelemetry._opamp.proto import opamp_pb2 as schema

from counterparts.go_programs import CACHE, go
from counterparts.on_thread import on_thread

PATH = "/v1/opamp"
Ask = Literal["full", "components", "restart", "uid"]
_SOURCE = Path(__file__).parent / "opamp_server"
_RELEASE = "v0.23.0-1"
_CAN_CONFIG, _CAN_COMPONENTS, _CAN_HEALTH, _CAN_EFFECTIVE = 0x2, 0x4000, 0x800, 0x4


@dataclass
class Agent:
    """An instance as a server knows it: what its messages said, one over the other."""

    uid: bytes
    said: Any = field(default_factory=schema.AgentToServer)
    messages: int = 0
    gaps: int = 0
    left: bool = False

    @property
    def effective(self) -> str:
        """The configuration that runs, as it was told."""
        file = self.said.effective_config.config_map.config_map[""]
        return str(file.body.decode())

    @property
    def remote(self) -> tuple[str, str, str]:
        """Hash, status and error of the last remote configuration."""
        status = self.said.remote_config_status
        word = schema.RemoteConfigStatuses.Name(status.status).removeprefix("RemoteConfigStatuses_")
        return status.last_remote_config_hash.decode(), word, status.error_message


class OpampServer(Protocol):
    """What both can be told and asked."""

    address: str

    def agents(self) -> Mapping[str, Agent]:
        """By the hex of their ids."""
        ...

    def offer(self, config_hash: str, text: str) -> None: ...
    def ask(self, what: Ask) -> None: ...
    def busy(self, secs: int) -> None:
        """Refuse with 503 and `Retry-After`; 0: no more."""
        ...


def awaited(server: OpampServer, holds: Callable[[Agent], bool], secs: float = 90.0) -> Agent:
    """The first agent of which something holds, once it does."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        for agent in server.agents().values():
            if holds(agent):
                return agent
        time.sleep(0.1)
    raise AssertionError({uid: str(agent.said)[-3000:] for uid, agent in server.agents().items()})


class StrictServer:
    """The double. What an agent does that the specification forbids is in `wrong`.

    Args:
        token: agents must show it as `Bearer`.
    """

    def __init__(self, token: str = "", port: int = 0) -> None:
        self.address = ""
        self.wrong: list[str] = []
        self.connections = 0
        self.refused_at: list[float] = []
        self.redirect = ""
        self.blob = b""
        """Sent in the place of the next answer."""
        self._token, self._port = token, port
        self._agents: dict[str, Agent] = {}
        self._asked: set[Ask] = set()
        self._offer: Any = None
        self._busy = 0
        self._lock = threading.RLock()
        self._sockets: dict[bytes, web.WebSocketResponse] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=8 << 20)
        app.router.add_post(PATH, self._post)
        app.router.add_get(PATH, self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.address = f"127.0.0.1:{self._port}"

    async def stop(self) -> None:
        for socket in list(self._sockets.values()):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()

    def agents(self) -> Mapping[str, Agent]:
        with self._lock:
            return dict(self._agents)

    def offer(self, config_hash: str, text: str) -> None:
        with self._lock:
            file = schema.AgentConfigFile(body=text.encode(), content_type="text/yaml")
            config = schema.AgentConfigMap(config_map={"": file})
            self._offer = schema.AgentRemoteConfig(config=config, config_hash=config_hash.encode())
        self._push_soon()

    def ask(self, what: Ask) -> None:
        with self._lock:
            self._asked.add(what)
        self._push_soon()

    def _push_soon(self) -> None:
        """To those who hold a WebSocket; the others come and ask."""
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._push(), self._loop)

    async def _push(self) -> None:
        for uid, socket in list(self._sockets.items()):
            agent, answer = self._agents[uid.hex()], schema.ServerToAgent(instance_uid=uid)
            if socket.closed:
                continue
            with self._lock:
                self._want(agent, answer)
            await _sent(socket, b"\0" + answer.SerializeToString())

    def busy(self, secs: int) -> None:
        with self._lock:
            self._busy = secs

    def _doorkeeper(self, request: web.Request) -> web.Response | None:
        with self._lock:
            if self.redirect:
                return web.Response(status=307, headers={"Location": self.redirect})
            if self._busy:
                self.refused_at.append(time.monotonic())
                return web.Response(status=503, headers={"Retry-After": str(self._busy)})
            if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
                return web.Response(status=401)
        return None

    async def _post(self, request: web.Request) -> web.Response:
        refused = self._doorkeeper(request)
        if refused is not None:
            return refused
        if request.content_type != "application/x-protobuf":
            self.wrong.append(f"Content-Type {request.content_type}")
        answer = self._heard(await request.read(), request)
        return web.Response(body=self._blob() or answer.SerializeToString(), content_type="application/x-protobuf")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        refused = self._doorkeeper(request)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse(max_msg_size=8 << 20)
        await socket.prepare(request)
        self.connections += 1
        first = True
        async for frame in socket:
            if frame.type is not WSMsgType.BINARY or frame.data[:1] != b"\0":
                self.wrong.append(f"a frame of type {frame.type} that begins with {frame.data[:1]!r}")
                break
            answer = self._heard(frame.data[1:], request, first)
            self._sockets[answer.instance_uid] = socket
            first = False
            await _sent(socket, self._blob() or b"\0" + answer.SerializeToString())
        return socket

    def _blob(self) -> bytes:
        blob, self.blob = self.blob, b""
        return blob

    def _heard(self, body: bytes, request: web.Request, first: bool = False) -> Any:
        said = schema.AgentToServer.FromString(body)
        with self._lock:
            agent = self._agents.setdefault(said.instance_uid.hex(), Agent(said.instance_uid))
            answer = schema.ServerToAgent(instance_uid=said.instance_uid)
            self._check(said, agent, request, first)
            if agent.messages and said.sequence_num not in (0, agent.said.sequence_num + 1):
                agent.gaps += 1
                answer.flags |= schema.ServerToAgentFlags_ReportFullState
            agent.messages += 1
            agent.left = said.HasField("agent_disconnect")
            _keep(agent.said, said)
            agent.said = said
            self._want(agent, answer)
        return answer

    def _check(self, said: Any, agent: Agent, request: web.Request, first: bool) -> None:
        can = said.capabilities
        named = request.headers.get("OpAMP-Instance-UID", "")
        full = said.HasField("agent_description") and (not can & _CAN_HEALTH or said.HasField("health"))
        for rule, kept in {
            "an id of 16 bytes": len(said.instance_uid) == 16,
            "capability ReportsStatus": can & 0x1,
            "the header OpAMP-Instance-UID names an instance": uuid.UUID(named).bytes and len(named) == 36,
            "all at first": full or (agent.messages > 0 and not first) or said.HasField("agent_disconnect"),
            "health only with its capability": can & _CAN_HEALTH or not said.HasField("health"),
            "a configuration only with its capability": can & _CAN_EFFECTIVE or not said.HasField("effective_config"),
            "components only with their capability": can & _CAN_COMPONENTS or not said.HasField("available_components"),
            "components are told by their hash first": not said.available_components.components or agent.messages > 0,
            "no field that the schema does not know": said == schema.AgentToServer.FromString(said.SerializeToString()),
        }.items():
            if not kept:
                self.wrong.append(f"message {said.sequence_num} breaks: {rule}")

    def _want(self, agent: Agent, answer: Any) -> None:
        status = agent.said.remote_config_status.last_remote_config_hash
        if self._offer is not None and agent.said.capabilities & _CAN_CONFIG and status != self._offer.config_hash:
            answer.remote_config.CopyFrom(self._offer)
        if "full" in self._asked:
            answer.flags |= schema.ServerToAgentFlags_ReportFullState
        if "components" in self._asked:
            answer.flags |= schema.ServerToAgentFlags_ReportAvailableComponents
        if "uid" in self._asked:
            answer.agent_identification.new_instance_uid = agent.uid[:15] + bytes([agent.uid[15] ^ 0xFF])
        if "restart" in self._asked:
            answer.ClearField("remote_config")
            answer.command.type = schema.CommandType_Restart
        self._asked.clear()


async def _sent(socket: web.WebSocketResponse, frame: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # who says farewell waits for no answer
        await socket.send_bytes(frame)


def _keep(before: Any, now: Any) -> None:
    """Fill in what a message left out, for it has not changed."""
    for name in ("agent_description", "health", "effective_config", "remote_config_status", "available_components"):
        components = name == "available_components" and not now.available_components.components
        if before.HasField(name) and (components or not now.HasField(name)):
            getattr(now, name).CopyFrom(getattr(before, name))


@contextmanager
def strict_server(token: str = "", port: int = 0) -> Iterator[StrictServer]:
    """The double, on a thread of its own; it has nothing to complain of at the end."""
    with on_thread(StrictServer(token, port)) as server:
        yield server
    assert server.wrong == []


class GoServer:
    """opamp-go's server, with a port for what tests want (`opamp_server/main.go`)."""

    def __init__(self, agents_at: str = "127.0.0.1:0", token: str = "") -> None:
        arguments = [str(_built()), "-agents", agents_at, *(["-token", token] if token else [])]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address, self._control = self._process.stdout.readline().split()

    def close(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def agents(self) -> Mapping[str, Agent]:
        with urllib.request.urlopen(f"http://{self._control}/agents", timeout=30) as answer:
            told = json.load(answer)
        return {uid: _agent(bytes.fromhex(uid), one) for uid, one in told.items()}

    def offer(self, config_hash: str, text: str) -> None:
        self._post("/offer", text.encode(), {"Hash": config_hash})

    def ask(self, what: Ask) -> None:
        self._post(f"/ask?what={what}")

    def busy(self, secs: int) -> None:
        self._post(f"/busy?secs={secs}")

    def _post(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        request = urllib.request.Request(f"http://{self._control}{path}", body, dict(headers or {}), method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass


def _agent(uid: bytes, told: Mapping[str, Any]) -> Agent:
    said = json_format.ParseDict(told["status"], schema.AgentToServer())
    return Agent(uid, said, told["messages"], told["gaps"], told["left"])


@contextmanager
def go_server(agents_at: str = "127.0.0.1:0", token: str = "") -> Iterator[GoServer]:
    """opamp-go's, until the context ends."""
    server = GoServer(agents_at, token)
    try:
        yield server
    finally:
        server.close()


def _built() -> Path:
    """The program (half a minute on two cores the first time). Without Go a test is skipped; in CI it fails."""
    home = CACHE / f"opamp-server-{_RELEASE}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=CACHE))
        try:
            go("build", "-o", str(building / "opamp-server"), ".", folder=_SOURCE)
            building.rename(home)
        except OSError:  # another test process was faster
            if not home.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return home / "opamp-server"
