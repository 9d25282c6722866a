"""Syslog messages over one of three transports."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Verdicts
from collector.transport.datagram_client import DatagramClient
from collector.transport.stream_client import StreamClient, Target
from collector.transport.stream_pool import StreamPool
from collector.transport.tls import client_context
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder, Messages
from exporters.syslog.verdicts import Answers, certificate_ends

_SIGN_SECS = 1.0
"""A receiver that expected something else than what we speak hangs up within this time."""


class SyslogExporter:
    """`encode` makes messages, `send` brings them as far as `confirm` asks."""

    def __init__(self, config: SyslogConfig, context: Context) -> None:
        del context
        self._config = config
        self._encoder = Encoder(config)
        self._answers = Answers(config)
        self._datagrams = DatagramClient(config.host, config.port)
        self._streams = StreamPool(self._connect, config.idle_timeout)
        self._context: ssl.SSLContext | None = None
        self._loaded_at = 0.0
        self._kept = False
        """The receiver takes what we say: since the last failure a connection outlived its first messages."""

    async def start(self) -> None:
        """Read the TLS files; nothing is connected yet. Raises OSError or ssl.SSLError for files that can't be used."""
        if self._config.secure:
            await self._load()

    def encode(self, batch: LogBatch) -> Messages:
        """One message a record."""
        return self._encoder.encode(batch)

    async def send(self, request: Messages) -> Messages:
        """Raises OSError; gives the request back when it is delivered."""
        if self._config.network == "udp":
            await self._datagrams.send(request.body, request.ends.tolist())
        else:
            try:
                await self._send_over_a_stream(request.body)
            except OSError:
                self._kept = False
                raise
        return request

    def classify(self, answer: Messages | Exception) -> Verdicts:
        """See `Answers`."""
        return [self._answers.verdict(answer)]

    async def shutdown(self) -> None:
        """Close the connections in good order; safe twice and without `start`."""
        self._datagrams.close()
        await self._streams.close()

    async def _send_over_a_stream(self, body: bytes) -> None:
        if self._config.confirm == "closed":
            await self._send_and_finish(body)
            return
        async with self._streams.connection() as stream:
            began = asyncio.get_running_loop().time()
            await stream.write(body)
            if self._config.confirm == "received":
                await stream.received()
                await self._outlived(stream, began)

    async def _outlived(self, stream: StreamClient, began: float) -> None:
        """The first messages since the last failure, written since `began`: does the receiver take what we speak? What a slow
        one needed to take them counts, so that this never is why an attempt takes too long."""
        if not self._kept and self._config.network == "tcp":
            longest = min(_SIGN_SECS, self._config.timeout / 4 or _SIGN_SECS)
            await stream.kept(began + longest - asyncio.get_running_loop().time())
            self._kept = True

    async def _send_and_finish(self, body: bytes) -> None:
        stream = await StreamClient.open(await self._target())
        try:
            began = asyncio.get_running_loop().time()
            await stream.write(body)
            await self._outlived(stream, began)
            await stream.finish()
        finally:
            stream.abort()

    async def _connect(self) -> StreamClient:
        stream = await StreamClient.open(await self._target())
        try:
            await stream.accepted()
        except BaseException:
            stream.abort()
            raise
        return stream

    async def _target(self) -> Target:
        config = self._config
        if config.network == "unix":
            return Target(path=config.endpoint)
        reload_secs = config.tls.reload_interval
        if config.secure and 0 < reload_secs < asyncio.get_running_loop().time() - self._loaded_at:
            with contextlib.suppress(OSError):  # between two steps of a rotation; the old certificate stays
                await self._load()
        return Target(config.host, config.port, tls=self._context, server_name=config.tls.server_name_override)

    async def _load(self) -> None:
        self._context = await asyncio.to_thread(client_context, self._config.tls)
        self._answers.certificate_ends = await asyncio.to_thread(certificate_ends, self._config.tls)
        self._loaded_at = asyncio.get_running_loop().time()
