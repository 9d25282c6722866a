"""The life of a receiver that is one listener of a protocol of its own, and how what comes over a connection reaches the journal."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from collector.admission.admission import Admission, Notice
from collector.admission.entrance import Entrance
from collector.admission.steps import Read
from collector.component import ServerAuthenticator
from collector.domains.credential import Credential
from collector.errors import Refusal
from collector.ingress.authentication import authenticated
from collector.ingress.listening import cannot_listen
from collector.transport.client_certificate import ClientCertificate
from collector.transport.serving.stream_server import StreamConnection, StreamListener
from collector.transport.stream_server_config import StreamBounds

_READING = 2  # threads
_INLINE_BYTES = 8 << 10
"""Larger ones are read on a thread, so that the loop stays responsive."""
_DRAIN_SECS = 1.0
_AGAIN_SECS = (0.05, 5.0)
"""The first pause, and the longest, before something is submitted again that there was no room for."""


class StreamSender:
    """The facts of a connection, as of a request: no headers; `host` is whose the records are, where its listener says so."""

    def __init__(self, connection: StreamConnection, host: str = "") -> None:
        self.host = host
        self._connection = connection

    def header(self, name: str) -> str | None:
        """None."""
        del name
        return None

    def values(self, name: str) -> Sequence[str]:
        """None."""
        del name
        return ()

    def parameters(self, name: str) -> Sequence[str]:
        """None."""
        del name
        return ()

    def peer(self) -> str:
        """The address; empty over a unix socket."""
        return self._connection.peer

    def certificate(self) -> ClientCertificate | None:
        """What the client showed, and TLS has checked."""
        return self._connection.certificate()


class Stream:
    """One connection on its way to admission: what is offered comes out durable, or refused for good."""

    def __init__(
        self, connection: StreamConnection, entrance: Entrance, threads: ThreadPoolExecutor, domain: str = ""
    ) -> None:
        self.connection = connection
        self.sender = StreamSender(connection, domain)
        self._entrance = entrance
        self._threads = threads
        self._credential: Credential | None = None
        self._turn = asyncio.Lock()  # what came first is submitted first

    def authenticate(self) -> None:
        """Who sends, once a connection. Raises a `Refusal`, which is counted."""
        try:
            self._credential = authenticated(self._entrance, self.sender)
        except Refusal as refusal:
            self._entrance.refuse(refusal)
            raise

    async def offer(self, body: bytes, read: Read, digest: bytes, *, text: bool = False) -> Notice | None:
        """Durable when this returns. What there is no room for is offered again until there is: meanwhile nothing more is read, and the
        sender waits. Raises a `Refusal`: it is refused for good.

        Args:
            digest: 16 bytes; what has the same as something before it is that, sent again.
            text: as in `Arrival`.
        """
        pause, longest = _AGAIN_SECS
        while True:
            outcome = await self._once(body, read, digest, text)
            if not isinstance(outcome, Refusal):
                return outcome
            if outcome.retry_after_secs is None:
                raise outcome
            await asyncio.sleep(max(pause, min(outcome.retry_after_secs, longest)))
            pause = min(2 * pause, longest)

    def remark(self, reason: str) -> None:
        """Tell the operator, once, about a sender who can never be served."""
        self._entrance.remark(self.connection.peer, reason)

    async def _once(self, body: bytes, read: Read, digest: bytes, text: bool) -> Refusal | Notice | None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Refusal | Notice | None] = loop.create_future()

        def done(outcome: Refusal | Notice | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, outcome)

        submit = partial(
            self._entrance.submit,
            self.sender,
            body,
            done,
            self._credential,
            read,
            digest=digest,
            text=text,
            held=True,
        )
        async with self._turn:
            if len(body) <= _INLINE_BYTES:
                submit()
            else:
                await loop.run_in_executor(self._threads, submit)
        return await answer


def _settle(answer: asyncio.Future[Refusal | Notice | None], outcome: Refusal | Notice | None) -> None:
    if not answer.done():
        answer.set_result(outcome)


class StreamReceiver:
    """Listens as configured. Not started, it does nothing; shut down, it is over.

    Args:
        id: as configured (`fluent_forward/edge`).
        protocol: what `endpoints` and `gauges` call it.
        serve: what is done with a connection; it ends with the connection.
        heartbeat: answer datagrams on the same port, too: the first byte of each goes back.
        domain: whose records these are; empty: the default's.
        option: which says where it listens.
    """

    per_process = True

    def __init__(
        self,
        id: str,  # noqa: A002  the name it has in the configuration
        protocol: str,
        config: StreamBounds,
        authenticator: ServerAuthenticator | None,
        serve: Callable[[Stream], Awaitable[None]],
        *,
        heartbeat: bool = False,
        domain: str = "",
        option: str = "endpoint",
    ) -> None:
        self._id, self._protocol, self._config = id, protocol, config
        self._authenticator, self._serve, self._heartbeat = authenticator, serve, heartbeat
        self._domain, self._option = domain, option
        self._listener: StreamListener | None = None
        self._entrance: Entrance | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._bound = ""

    def start(self, admission: Admission, *, share_port: bool = False) -> None:
        """Bind. Raises `ConfigError`: the address is in use or not ours, or a TLS file can't be used."""
        config = self._config
        named = config.auth.authenticator if config.auth is not None else ""
        share = admission.statistics().max_in_flight_bytes
        self._entrance = entrance = Entrance(admission, self._id, share, self._authenticator, named)
        self._threads = threads = ThreadPoolExecutor(_READING, thread_name_prefix=self._protocol)
        self._listener = listener = StreamListener(config)

        async def serve(connection: StreamConnection) -> None:
            stream = Stream(connection, entrance, threads, self._domain)
            try:
                stream.authenticate()
                await self._serve(stream)
            except Refusal as refusal:
                stream.remark(refusal.reason)
            except Exception as error:  # noqa: BLE001 - a defect of ours ends the connection and nothing else
                entrance.defect(error)

        try:
            self._bound = listener.start(serve, share_port, heartbeat=self._heartbeat)
        except (OSError, ValueError) as error:
            self.shutdown(0.0)
            raise cannot_listen(f"receivers.{self._id}", config.endpoint, error, self._option) from error

    def endpoints(self) -> Mapping[str, str]:
        """Protocol → the address bound, with the port that the system chose for port 0."""
        return {self._protocol: self._bound} if self._bound else {}

    def leave(self, patience_secs: float) -> None:
        """See `HandsOver.leave`."""
        if self._listener is not None:
            self._listener.leave(patience_secs)

    def stop_intake(self) -> None:
        """Read what was sent already, for a moment, then refuse what is offered; what is under way goes on. Who sends over a plain
        stream is never told what became of it."""
        if self._listener is not None:
            self._listener.leave(_DRAIN_SECS)
        if self._entrance is not None:
            self._entrance.close()

    def shutdown(self, deadline_secs: float) -> None:
        """Let what is under way finish until the deadline, then close. Nothing is handed over afterwards."""
        ends = time.monotonic() + deadline_secs
        self.stop_intake()
        if self._entrance is not None:
            self._entrance.wait_until_empty(max(0.0, ends - time.monotonic()))
        if self._listener is not None:
            self._listener.shutdown(max(0.0, ends - time.monotonic()))
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
        self._listener, self._threads, self._bound = None, None, ""

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """What is in use of what the listener bounds, and how often somebody had to give back."""
        return {self._protocol: self._listener.gauges()} if self._listener is not None else {}

    def silent_secs(self) -> float:
        """How long ago the event loop last gave a sign of life (each second)."""
        return self._listener.silent_secs() if self._listener is not None else 0.0
