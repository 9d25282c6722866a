"""A vendor's service in this process, in the place of an `HttpClient`: no sockets, so hours pass in virtual time.

A script says what befalls the next calls: `lost` (it acts, and the answer does not come), `cut` (nothing happens and no answer comes), `hang`
(it acts and never answers), `429`, `500`, `503`, `401`, `403`, `400`; "" = it acts and answers. Until `busy` it says 429, whatever is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import orjson

from collector.transport.http_client import HttpAnswer


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. `path` is without the query; `body` as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


def said(content: Any = None, status: int = 200, **headers: str) -> HttpAnswer:
    """A JSON answer."""
    body = b"" if content is None else orjson.dumps(content)
    return HttpAnswer(status, {"Content-Type": "application/json", **headers}, body)


@dataclass
class Vendor:
    """Base: a subclass acts. `asked` has all calls, also those that befell something."""

    script: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    busy: float = 0.0
    lost: int = 0

    def act(self, asked: Asked) -> HttpAnswer:
        """Do what was asked."""
        raise NotImplementedError

    def told_off(self, status: int) -> HttpAnswer:
        """A refusal of the script."""
        return said({"error": "scripted"}, status, **({"Retry-After": "7"} if status in (429, 503) else {}))

    async def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *_: Any,
        **__: Any,
    ) -> HttpAnswer:
        parts = urlsplit(url)
        asked = Asked(method, parts.path, dict(parse_qsl(parts.query)), dict(headers or {}), body or b"")
        self.asked.append(asked)
        self.at.append(asyncio.get_running_loop().time())
        if self.at[-1] < self.busy:
            return self.told_off(429)
        befalls = self.script.pop(0) if self.script else ""
        self.lost += befalls in ("lost", "hang")
        if befalls == "cut":
            raise aiohttp.ServerDisconnectedError
        if befalls.isdigit():
            return self.told_off(int(befalls))
        answer = self.act(asked)
        if befalls == "lost":
            raise aiohttp.ServerDisconnectedError
        if befalls == "hang":
            await asyncio.sleep(1e6)
        return answer

    async def start(self) -> None:
        """As an HttpClient."""

    async def close(self) -> None:
        """As an HttpClient."""

    @staticmethod
    def compressed(body: bytes) -> bytes:
        """As it is."""
        return body

    def calls(self, path: Iterable[str] | str) -> list[Asked]:
        """Those to a path."""
        paths = [path] if isinstance(path, str) else list(path)
        return [one for one in self.asked if one.path in paths]
