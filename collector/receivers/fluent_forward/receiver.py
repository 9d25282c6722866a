"""The `fluent_forward` receiver: messages of a connection, durable, then acknowledged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count

import msgpack
import xxhash

from collector.admission.steps import Read
from collector.component import Context
from collector.errors import InvalidPayload, Refusal, TooLarge
from collector.ingress.stream_receiver import Stream, StreamReceiver
from collector.receivers.fluent_forward.config import FluentForwardConfig
from collector.receivers.fluent_forward.messages import Message, Messages
from collector.receivers.fluent_forward.records import received
from collector.transport.auth import server_authenticator
from otlp_wire import Received

_UNDER_WAY = 8
"""Messages of one connection that wait for the disk at once."""


class FluentForwardReceiver(StreamReceiver):
    """One listener. A chunk that comes again is known by its id and tag; what has no id is never taken for something sent before."""

    def __init__(self, config: FluentForwardConfig, context: Context) -> None:
        self._most = config.max_message_size
        self._idle_secs = config.idle_timeout or float("inf")
        self._nonce, self._numbers = secrets.token_bytes(16), count()
        authenticator = server_authenticator(config.auth, context)
        super().__init__(context.id, "fluent", config, authenticator, self._connection, heartbeat=True)

    async def _connection(self, stream: Stream) -> None:
        messages, places = Messages(self._most), asyncio.Semaphore(_UNDER_WAY)
        try:
            async with asyncio.TaskGroup() as tasks:
                while data := await stream.connection.read(self._idle_secs):
                    for group in _grouped(messages.feed(data)):
                        await places.acquire()
                        tasks.create_task(self._take(stream, group, places))
        except* Refusal as refused:
            raise refused.exceptions[0] from None

    async def _take(self, stream: Stream, group: Sequence[Message], places: asyncio.Semaphore) -> None:
        chunk = group[0].chunk
        name = f"{group[0].tag}\0{chunk}".encode() if chunk else self._nonce + str(next(self._numbers)).encode()
        read = partial(_read, group, self._most)
        try:
            await self._kept(stream, group, read, xxhash.xxh3_128_digest(name))
            if chunk:
                await stream.connection.write(msgpack.packb({"ack": chunk}))
        finally:  # who reads no acknowledgements is not read any further
            places.release()

    async def _kept(self, stream: Stream, group: Sequence[Message], read: Read, digest: bytes) -> None:
        try:
            await stream.offer(b"".join(message.raw for message in group), read, digest)
        except (
            InvalidPayload,
            TooLarge,
        ) as refusal:  # it would be no better the next time, and all behind it would wait
            stream.remark(refusal.reason)


def _read(group: Sequence[Message], most_bytes: int, body: bytes) -> Received:
    del body  # it is read already: only so is it known where a message ends
    return received(group, most_bytes)


def _grouped(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Messages with a chunk alone; those without one, which nobody waits for, together with their neighbours."""
    waiting: list[Message] = []
    for message in messages:
        if message.chunk:
            if waiting:
                yield waiting
            waiting = []
            yield [message]
        else:
            waiting.append(message)
    if waiting:
        yield waiting
