"""Talks to an OpAMP server over a WebSocket or plain HTTP, and comes again after whatever keeps it from doing so."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from collector.component import ClientAuthenticator
from collector.delivery.backoff import Backoff
from collector.delivery.config import RetryConfig
from collector.errors import InvalidPayload
from collector.extensions.opamp.config import OpampConfig
from collector.extensions.opamp.session import Session
from collector.transport.http_answers import NotSent, described, retry_after_secs
from collector.transport.http_client import HttpAnswer, describe
from collector.transport.http_client_config import origin
from collector.transport.websocket_client import WebSocketClient
from otlp_wire.opamp import ServerMessage, framed, server_message, unframed

log = logging.getLogger("logboom.opamp")

MAX_MESSAGE_BYTES = 4 << 20
"""Of what a server says, decompressed."""
LOOK_SECS = 0.5
"""How often it is looked whether there is something to say; a server that always asks for more is answered no faster."""
_ANSWER_SECS = 30.0
_RETRY = RetryConfig.model_validate({"initial_interval": "1s", "max_interval": "5m", "multiplier": 2.0})
_LONGEST_HEARTBEAT_SECS = 3600
_LASTING_SECS = 60.0


class ComeAgain(Exception):
    """The server can't serve us now; a sentence, and after how many seconds it wants us, where it says so."""

    def __init__(self, why: str, after_secs: float | None = None) -> None:
        self.after_secs = after_secs
        super().__init__(why)


class OpampClient:
    """For one event loop.

    Args:
        take: what the server wants of us, beside what is of the session alone.
        authenticator: says who we are.
    """

    def __init__(
        self,
        config: OpampConfig,
        session: Session,
        take: Callable[[ServerMessage], None],
        authenticator: ClientAuthenticator | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._config = config
        self._session = session
        self._take = take
        self._options = config.server.connection.client()
        self._http = WebSocketClient(self._options, authenticator=authenticator)
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._heartbeat_secs = config.heartbeat_interval if config.capabilities.reports_heartbeat else 0.0
        self._leaving = asyncio.Event()
        self._quietly = False
        self._unreachable = ""
        self.connected = False

    def leave(self, *, quietly: bool = False) -> None:
        """End, once what was asked is answered and taken in: a server says some things once. Say farewell, unless `quietly`: a successor goes on."""
        self._quietly = quietly
        self._leaving.set()

    async def run(self) -> None:
        """Until `leave`, or until it is cancelled, which hears no answer. Raises OSError or ssl.SSLError for TLS files that can't be used."""
        await self._http.start()
        talk = self._over_websocket if self._config.server.ws is not None else self._over_http
        backoff, began = Backoff(_RETRY, self._rng), time.monotonic()
        try:
            while not self._leaving.is_set():
                began = time.monotonic()
                after = await self._tried(talk)
                if time.monotonic() - began > _LASTING_SECS:
                    backoff = Backoff(_RETRY, self._rng)
                await self._pause(backoff.next_secs(after))
        finally:
            await self._http.close()

    async def _tried(self, talk: Callable[[], Awaitable[None]]) -> float | None:
        """Talk until something ends it; after how many seconds the server wants us again, where it says so."""
        try:
            await talk()
        except aiohttp.WSServerHandshakeError as error:
            answer = HttpAnswer(error.status, error.headers or {}, b"")
            return self._told(described(error.status, ""), retry_after_secs(answer))
        except ComeAgain as error:
            return self._told(str(error), error.after_secs)
        except (NotSent, InvalidPayload) as error:
            return self._told(str(error))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return self._told(describe(error))
        finally:
            self.connected = False
        return self._told("the server closed the connection") if not self._leaving.is_set() else None

    def _told(self, why: str, after_secs: float | None = None) -> float | None:
        """Once, until the server is reached again."""
        if why != self._unreachable:
            log.warning("the OpAMP server %s is not reached: %s", origin(self._options.endpoint), why)
        self._unreachable = why
        return after_secs

    def _reached(self) -> None:
        self.connected = True
        if self._unreachable:
            log.warning("the OpAMP server %s is reached again", origin(self._options.endpoint))
        self._unreachable = ""

    async def _over_websocket(self) -> None:
        async with (
            asyncio.timeout(_ANSWER_SECS) as limit,
            self._http.websocket(self._options.endpoint, self._headers(), MAX_MESSAGE_BYTES) as socket,
        ):
            limit.reschedule(None)
            self._reached()
            self._session.connected()
            await self._said(socket, self._session.next())
            hearing = asyncio.ensure_future(self._hear(socket))
            try:
                await self._speak(socket, hearing)
            finally:
                hearing.cancel()

    async def _speak(self, socket: aiohttp.ClientWebSocketResponse, hearing: asyncio.Future[None]) -> None:
        spoke = time.monotonic()
        while not hearing.done():
            leaving: asyncio.Future[Any] = asyncio.ensure_future(self._leaving.wait())
            both: set[asyncio.Future[Any]] = {hearing, leaving}
            await asyncio.wait(both, timeout=LOOK_SECS, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            if self._leaving.is_set():
                if not self._quietly:
                    await self._said(socket, self._session.farewell())
                return
            news = self._session.news()
            if news is None and self._heartbeat_secs and time.monotonic() - spoke >= self._heartbeat_secs:
                news = self._session.next()
            if news is not None:
                await self._said(socket, news)
                spoke = time.monotonic()
        hearing.result()

    async def _said(self, socket: aiohttp.ClientWebSocketResponse, message: bytes) -> None:
        async with asyncio.timeout(_ANSWER_SECS):
            await socket.send_bytes(framed(message))

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                self._heard(server_message(unframed(frame.data)))
            elif frame.type is aiohttp.WSMsgType.ERROR:
                raise ComeAgain("the connection broke")

    async def _over_http(self) -> None:
        self._session.connected()
        polled = self._config.server.http
        assert polled is not None
        message: bytes | None = self._session.next()
        asked = time.monotonic()
        while not self._leaving.is_set():
            if message is not None:
                self._heard(await self._asked(message))
                asked = time.monotonic()
            await self._pause(LOOK_SECS)
            message = self._session.news()
            if message is None and time.monotonic() - asked >= polled.polling_secs:
                message = self._session.next()
        if not self._quietly:
            await self._asked(self._session.farewell())

    async def _asked(self, message: bytes) -> ServerMessage:
        headers = {"Content-Type": "application/x-protobuf", **self._headers()}
        async with asyncio.timeout(_ANSWER_SECS):
            answer = await self._http.post(
                self._options.endpoint, self._http.compressed(message), headers, MAX_MESSAGE_BYTES + 1
            )
        if answer.status != 200:
            raise ComeAgain(described(answer.status, ""), retry_after_secs(answer))
        if len(answer.body) > MAX_MESSAGE_BYTES:
            raise ComeAgain(f"its answer has more than {MAX_MESSAGE_BYTES} bytes")
        self._reached()
        return server_message(answer.body)

    def _headers(self) -> Mapping[str, str]:
        return {"OpAMP-Instance-UID": str(uuid.UUID(bytes=self._session.uid))}

    def _heard(self, message: ServerMessage) -> None:
        if message.refused is not None:
            raise ComeAgain(f"it refuses our message: {message.refused}", message.again_secs)
        if message.heartbeat_secs is not None and self._config.capabilities.reports_heartbeat:
            self._heartbeat_secs = min(message.heartbeat_secs, _LONGEST_HEARTBEAT_SECS)
        self._session.heard(message)
        self._take(message)

    async def _pause(self, secs: float) -> None:
        leaving = asyncio.ensure_future(self._leaving.wait())
        await asyncio.wait({leaving}, timeout=secs)
        leaving.cancel()
