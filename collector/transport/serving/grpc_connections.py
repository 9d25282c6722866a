"""The connections of a gRPC listener, which grpc's core does not show: looked up in the kernel, each second.

The core refuses connections beyond a hard bound, whoever asks. So that idle strangers never fill it, those that are idle
are closed before: beyond three quarters of it, in the order of `budget.py`. A connection with a call under way stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from collector.transport.accepted import Accepted, Peer, accepted, count_descriptors, hang_up
from collector.transport.budget import Budget

SPAN_SECS = 5.0


class GrpcConnection:
    """One connection as it was seen last."""

    def __init__(self, key: Peer, now: float, seen: Accepted) -> None:
        self.key = key
        self.seen = seen
        self.heard = now - seen.silent_secs
        self.span_since = now
        self.span_received = seen.received

    @property
    def peer(self) -> str:
        return self.key[0]

    @property
    def connection(self) -> object:
        return self.key


class GrpcConnections:
    """What is known of the connections on `port`.

    Args:
        most: the hard bound, which the core keeps.
        share: connections of one peer.
        busy: the connections that have a call under way.
    """

    def __init__(self, port: int, most: int, share: int, busy: Callable[[], Collection[Peer]]) -> None:
        self._port = port
        self._busy = busy
        self._known: dict[Peer, GrpcConnection] = {}
        self._descriptors = -1
        self._looked_at = -SPAN_SECS
        self.budget = Budget(f"gRPC connections on port {port}", max(1, most * 3 // 4), self._close_idle, share)
        self.most = most

    @property
    def crowded(self) -> bool:
        """So many that another look is worth it soon."""
        return self.budget.used * 2 > self.budget.total

    def look(self, thoroughly: bool = True) -> bool:
        """See which connections there are now, and close idle ones if there are too many; whether it did.

        Args:
            thoroughly: else it is enough to look, for some seconds, that there are as many descriptors as before: then there are not more connections.
        """
        now, descriptors = time.monotonic(), count_descriptors()
        thoroughly |= self.crowded or now - self._looked_at >= SPAN_SECS
        if not thoroughly and descriptors == self._descriptors:
            return False
        self._descriptors, self._looked_at = descriptors, now
        seen = accepted(self._port)
        for key in self._known.keys() - seen.keys():
            self.budget.release(self._known.pop(key))
        fresh = []
        for key, state in seen.items():
            known = self._known.get(key)
            if known is None:
                fresh.append(self._known.setdefault(key, GrpcConnection(key, now, state)))
            else:
                known.seen, known.heard = state, now - state.silent_secs
        for connection in fresh:
            self.budget.hold(connection, 1)
        return True

    def slow(self, least_rate: int) -> set[Peer]:
        """The connections that brought less than `least_rate` bytes a second in the last span; spans begin anew."""
        now = time.monotonic()
        found = set()
        for key, connection in self._known.items():
            if now - connection.span_since >= SPAN_SECS:
                if connection.seen.received - connection.span_received < least_rate * SPAN_SECS:
                    found.add(key)
                connection.span_since, connection.span_received = now, connection.seen.received
        return found

    def _close_idle(self, connection: GrpcConnection) -> bool:
        if connection.key in self._busy():
            return False
        hang_up(connection.seen.descriptor, connection.key, self._port)
        return True
