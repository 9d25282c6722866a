"""A service of a test on an event loop and thread of its own, for tests that are not async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Service(Protocol):
    """`start` listens, `stop` closes."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


S = TypeVar("S", bound=Service)


@contextmanager
def on_thread(service: S) -> Iterator[S]:
    """The service, started; stopped at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=type(service).__name__, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(service.start(), loop).result()
    try:
        yield service
    finally:
        asyncio.run_coroutine_threadsafe(_end(service), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(service: Service) -> None:
    """Stop, and leave nothing open."""
    await service.stop()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await nothing_open()


async def nothing_open() -> None:
    """End the transports of the running loop: what a peer broke off, a refused handshake say, or who was cancelled, is closed by callbacks still
    to come. A transport that outlives its loop is found by the garbage collector, in whichever test runs then."""
    transports: Mapping[int, asyncio.WriteTransport] = getattr(asyncio.get_running_loop(), "_transports", {})
    for transport in list(transports.values()):
        transport.abort()
    for _ in range(3):  # connection_lost of the transport, of TLS over it, of the protocol over that
        await asyncio.sleep(0)
