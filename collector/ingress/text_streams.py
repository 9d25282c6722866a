"""Text over connections: cut into records, and in the journal before more of it is read."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

import xxhash

from collector.component import ServerAuthenticator
from collector.errors import InvalidPayload, TooLarge
from collector.ingress.cutting import Cut, Cutter
from collector.ingress.host_names import HostNames, addresses
from collector.ingress.stream_receiver import Stream, StreamReceiver
from collector.ingress.text_input import TcpInput
from collector.ingress.text_pieces import Pieces
from collector.transport.budget import Budget
from collector.transport.serving.stream_server import StreamConnection

_UNFINISHED_BYTES = 64 << 20
"""Of messages whose end has not come, over all connections of a process."""
_FULL_READ = 64 << 10
_GATHER_SECS, _LONG_SECS = 0.02, 0.2
"""How long the kernel gathers what comes in small pieces, before it is read; and that, for each MiB that waits for its end: who sends it
byte by byte does not have it looked at a million times."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listener stands in the configuration: the receiver, and the option with its address (`tcp.listen_address`)."""

    receiver: str
    option: str = "listen_address"


class TextStreams(StreamReceiver):
    """One listener.

    Args:
        cutter: makes what cuts one connection.
    """

    def __init__(
        self,
        place: Place,
        config: TcpInput,
        pieces: Pieces,
        authenticator: ServerAuthenticator | None,
        cutter: Callable[[], Cutter],
        domain: str = "",
    ) -> None:
        super().__init__(
            place.receiver, "tcp", config, authenticator, self._connection, domain=domain, option=place.option
        )
        self._idle_secs = config.idle_timeout or float("inf")
        self._pieces, self._cutter, self._adds = pieces, cutter, config.add_attributes
        self._nonce, self._numbers = secrets.token_bytes(16), count()
        self._names = HostNames()
        self._unfinished = Budget[StreamConnection](
            f"bytes of unfinished messages on {config.listen_address}", _UNFINISHED_BYTES, StreamConnection.cut
        )

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """Those of the listener, and of what waits for its end."""
        unfinished = {"unfinished_bytes": self._unfinished.used, "unfinished_cut": self._unfinished.cuts}
        return {name: {**each, **unfinished} for name, each in super().gauges().items()}

    async def _connection(self, stream: Stream) -> None:
        connection = stream.connection
        taking = _Taking(self, stream, self._cutter(), await self._told(connection))
        try:
            while data := await connection.read(self._idle_secs, unanswered=True):
                await taking.take(data)
                self._unfinished.hold(connection, len(taking.pending))
                if len(data) < _FULL_READ:
                    await asyncio.sleep(_GATHER_SECS + _LONG_SECS * len(taking.pending) / (1 << 20))
            await taking.take(b"", last=True)
        finally:
            self._unfinished.release(connection)

    async def _told(self, connection: StreamConnection) -> Mapping[str, str]:
        """What is set on the records of a connection."""
        if not self._adds:
            return {}
        if not connection.peer:
            return {"net.transport": "Unix"}
        names = [await self._names.asked(address) for address in (connection.peer, connection.host)]
        return {
            "net.transport": "IP.TCP",
            **addresses("peer", connection.peer, connection.peer_port, names[0]),
            **addresses("host", connection.host, connection.host_port, names[1]),
        }

    async def offer(self, stream: Stream, cut: Cut, told: Mapping[str, str]) -> None:
        """Durable when this returns, or refused for good and told."""
        for piece in self._pieces.of_cut(cut, told):
            digest = xxhash.xxh3_128_digest(self._nonce + str(next(self._numbers)).encode())
            try:
                await stream.offer(piece.text.text, piece.read, digest, text=True)
            except (InvalidPayload, TooLarge) as refusal:
                stream.remark(refusal.reason)


class _Taking:
    """What has come over one connection, and is no record yet."""

    def __init__(self, owner: TextStreams, stream: Stream, cutter: Cutter, told: Mapping[str, str]) -> None:
        self._owner, self._stream, self._cutter, self._told = owner, stream, cutter, told
        self.pending = b""
        self._skipping = False

    async def take(self, data: bytes, *, last: bool = False) -> None:
        """All of it that is complete."""
        self.pending += data
        while True:
            cut = self._cutter.cut(self.pending, last=last, skipping=self._skipping)
            if not cut.consumed:
                return
            self.pending, self._skipping = self.pending[cut.consumed :], cut.skipping
            await self._owner.offer(self._stream, cut, self._told)
