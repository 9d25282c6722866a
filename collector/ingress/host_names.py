"""Names of addresses, for attributes of records: asked of the system's resolver, and remembered for a while."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from queue import SimpleQueue

_KEPT_SECS = 300.0
_MOST = 1024
_PATIENCE_SECS = 1.0


class HostNames:
    """An address without a name is its own. Safe from any thread.

    One question is under way at a time, on a thread of its own that ends with the process: a resolver may be silent for long.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._questions: SimpleQueue[str] = SimpleQueue()
        self._asking: threading.Thread | None = None
        self._under_way: set[str] = set()

    def known(self, address: str) -> str:
        """Its name; the address while it is asked for, which this begins."""
        found = self._remembered(address)
        if found is not None:
            return found
        with self._lock:
            if address not in self._under_way and len(self._under_way) < _MOST:
                self._under_way.add(address)
                self._questions.put(address)
                if self._asking is None:
                    self._asking = threading.Thread(target=self._ask, name="names", daemon=True)
                    self._asking.start()
        return address

    async def asked(self, address: str) -> str:
        """Its name; the address if that is not known within a second."""
        ends = time.monotonic() + _PATIENCE_SECS
        while self._remembered(address) is None and time.monotonic() < ends:
            self.known(address)
            await asyncio.sleep(0.01)
        return self._remembered(address) or address

    def _remembered(self, address: str) -> str | None:
        with self._lock:
            found = self._known.get(address)
        return found[0] if found is not None and time.monotonic() < found[1] else None

    def _ask(self) -> None:
        while True:
            address = self._questions.get()
            try:
                name = socket.gethostbyaddr(address)[0]
            except (OSError, ValueError):
                name = address
            with self._lock:
                self._known[address] = (name, time.monotonic() + _KEPT_SECS)
                self._under_way.discard(address)
                while len(self._known) > _MOST:
                    self._known.popitem(last=False)


def addresses(side: str, ip: str, port: int, name: str) -> dict[str, str]:
    """The attributes of one side of a connection, as the Collector names them."""
    return {f"net.{side}.ip": ip, f"net.{side}.port": str(port), f"net.{side}.name": name}
