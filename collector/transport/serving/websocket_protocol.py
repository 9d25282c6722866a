"""WebSockets on a listener that offers them: uvicorn's protocol (websockets), within the connections that the listener counts.

The connection's place stays held by the HTTP protocol that it began with, until it is lost. Who is gone without a word is noticed by
pings (20 s). Messages of clients are small: they have nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MOST_BYTES = 4096
"""Of a message of a client."""


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """One connection, after its offer was taken."""

    lost: Callable[[], None] = staticmethod(lambda: None)
    """Called once, when it is."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost()

    def expire(self, now: float) -> None:
        """The sweep's question: pings answer it."""


def options() -> dict[str, Any]:
    """Of `uvicorn.Config`, for a listener that offers WebSockets."""
    return {"ws": BoundedWebSocketProtocol, "ws_max_size": MOST_BYTES, "ws_per_message_deflate": False}
