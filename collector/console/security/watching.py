"""A long answer ends with what opened it, a session or a program's credential: what is followed live goes on for hours."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

Lasts = Callable[[], Awaitable[bool]]
EACH_SECS = 5.0
_POLICY = 1008
"""Why a WebSocket is closed (RFC 6455, 7.4.1)."""


class Watched:
    """The two ends of a request, whose client is as one that has gone once it would not be let in any more: whether something is sent or not.

    Args:
        lasts: whether it would be; asked each five seconds.
    """

    def __init__(self, receive: Receive, send: Send, lasts: Lasts, clock: Callable[[], float] = time.monotonic) -> None:
        self._receive, self._send, self._lasts, self._clock = receive, send, lasts, clock
        self._looked = clock()
        self._over = False
        self._is_socket = False

    async def receive(self) -> Message:
        """What comes, or that the client has gone."""
        while True:
            message = await self._came()
            if message is not None and message["type"] == "websocket.connect":
                self._is_socket = True
            elif await self._is_over():
                return await self._gone()
            if message is not None:
                return message

    async def send(self, message: Message) -> None:
        """Raises OSError, as where the client has gone."""
        if await self._is_over():
            raise OSError("who asked would not be let in any more")
        await self._send(message)

    async def _came(self) -> Message | None:
        """None: nothing did for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EACH_SECS):
                return await self._receive()
        return None

    async def _is_over(self) -> bool:
        if not self._over and self._clock() - self._looked >= EACH_SECS:
            self._looked = self._clock()
            self._over = not await self._lasts()
        return self._over

    async def _gone(self) -> Message:
        if not self._is_socket:
            return {"type": "http.disconnect"}
        with contextlib.suppress(Exception):  # it may have gone meanwhile
            await self._send({"type": "websocket.close", "code": _POLICY})
        return {"type": "websocket.disconnect", "code": _POLICY}
