"""Restarts containers, once: one that was started after the proposal was restarted.

Source: Docker Engine API, `ContainerInspect` and `ContainerRestart` (204; 404 no such container).
"""

from __future__ import annotations

from datetime import UTC, datetime
from socket import gethostname
from typing import Any

import aiohttp
import orjson

from collector.component import Context
from collector.responses.http_acting import HttpActs
from collector.responses.outcome import Done, NotDone
from collector.responses.response import Response
from collector.transport.http_client import HttpAnswer, HttpClient
from exporters.docker.config import DockerConfig

_SHORT_ID = 12


class SocketClient(HttpClient):
    """Over a unix socket."""

    def __init__(self, config: DockerConfig) -> None:
        super().__init__(config)
        self._socket = config.socket

    def connector(self) -> aiohttp.BaseConnector:
        """Whatever host a URL names."""
        return aiohttp.UnixConnector(self._socket)


class DockerExporter(HttpActs):
    """A look, and `restart`."""

    who = "Docker"

    def __init__(self, config: DockerConfig, context: Context) -> None:
        super().__init__(config, context, config.timeout and config.timeout + config.stop_timeout)
        self._config = config
        if not config.endpoint:
            self._client = SocketClient(config)

    async def act(self, response: Response) -> Done:
        """Restart a container."""
        if response.target not in self._config.containers:
            raise NotDone(f"{response.target} is not one of `containers`")
        url = f"{self._config.address}/containers/{response.target}"
        before = _inspected(await self.call("GET", f"{url}/json", asks=True))
        if str(before.get("Id", "")).startswith(_own_id()):
            raise NotDone("it is the container that logboom runs in")
        started = _started(before)
        if started is not None and started > datetime.fromtimestamp(response.proposed / 1e9, UTC):
            return Done(_shown(before), _shown(before), "it was started since this was proposed")
        if response.dry_run:
            return Done(_shown(before), _shown(before), "Docker knows it, and would restart it")
        await self.call("POST", f"{url}/restart?t={self._config.stop_timeout:.0f}")
        return Done(_shown(before), _shown(_inspected(await self.call("GET", f"{url}/json", asks=True))))

    def said(self, answer: HttpAnswer) -> str:
        """`{"message": …}`."""
        try:
            return str(orjson.loads(answer.body).get("message", ""))[:300]
        except (ValueError, AttributeError):
            return ""


def _inspected(answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
        if isinstance(found["State"], dict):
            return dict(found)
    except (ValueError, KeyError, TypeError):
        pass
    raise NotDone("it was not Docker that answered")


def _own_id() -> str:
    """Of the container that this process runs in: its host name, where nobody chose another one."""
    name = gethostname()
    return name if len(name) == _SHORT_ID else "\0"


def _started(found: dict[str, Any]) -> datetime | None:
    text = str(found["State"].get("StartedAt", ""))
    try:
        return datetime.fromisoformat(text)  # Python takes nine digits and `Z`
    except ValueError:
        return None


def _shown(found: dict[str, Any]) -> str:
    state = found["State"]
    return f"{state.get('Status', 'unknown')} since {state.get('StartedAt', '')[:19]}, process {state.get('Pid', 0)}"
