"""What the supervisor sees, told to the children that show it to people: over a socket of its own, on which nobody waits. A child that
does not read misses what comes next, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import threading
from collections.abc import Callable

from collector.console.service_state import ServiceState


class Showing:
    """The supervisor's end. For its event loop."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._sending: asyncio.Task[None] | None = None

    def show(self, state: ServiceState) -> None:
        """Send it, unless the one before is still under way."""
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send(pickle.dumps(state)))

    def close(self) -> None:
        """Nobody is there any more; safe twice."""
        if self._sending is not None:
            self._sending.cancel()
        self._ours.close()

    async def _send(self, said: bytes) -> None:
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._ours, said)


def heard(descriptor: int, show: Callable[[ServiceState], None]) -> None:
    """The child's end: call `show` with each, from a thread."""

    def hear() -> None:
        with (
            socket.socket(fileno=descriptor) as ours,
            ours.makefile("rb") as said,
            contextlib.suppress(EOFError, OSError),
        ):
            while True:
                show(pickle.load(said))  # noqa: S301 - of our own supervisor

    threading.Thread(target=hear, name="shown", daemon=True).start()
