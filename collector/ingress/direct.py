"""A request that needs no coroutine, from its body to its answer: what `HttpApp.respond` and `HttpApp.admitted` do for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from collector.admission.admission import Notice
from collector.errors import Refusal, Unavailable
from collector.ingress.http_response import Response, fields_of
from collector.ingress.refusals import unexpected
from collector.transport.serving.content_encoding import decoded
from collector.transport.serving.http_exchange import Exchange

if TYPE_CHECKING:
    from collector.ingress.http_app import HttpApp, Inline, Submit

LATE = Unavailable("the journal did not answer in time")
Write = Callable[[Refusal | Notice | None], Response]


class DirectRequest:
    """The taker of one exchange.

    Args:
        submit: takes the body to admission.
        encoding, limit: of the body, and its most bytes when it is decoded.
        inline: how much is read on the loop; more on a thread, in turn.
        write: the response to what became of it.
    """

    __slots__ = ("_app", "_encoding", "_exchange", "_inline", "_limit", "_submit", "_write")

    def __init__(
        self, app: HttpApp, exchange: Exchange, submit: Submit, encoding: str, limit: int, inline: Inline, write: Write
    ) -> None:
        self._app = app
        self._exchange = exchange
        self._submit = submit
        self._encoding = encoding
        self._limit = limit
        self._inline = inline
        self._write = write

    def whole(self, body: bytes) -> None:
        if len(body) <= self._inline(self._encoding):
            self._guarded(self._here, body)
        else:
            self._later(self._encoding, body)

    def settled(self, outcome: Refusal | Notice | None) -> None:
        response = self._write(outcome)
        self._exchange.answer(response.status, fields_of(response, self._app.extra), response.body)

    def overdue(self) -> None:
        self.settled(LATE)

    def _here(self, body: bytes) -> None:
        if self._encoding:
            body = decoded(self._encoding, body, self._limit)
        if len(body) <= self._inline(""):
            self._exchange.scope["sender"].decoded()
            self._submit(body, self._exchange.settle)
        else:
            self._later("", body)

    def _later(self, encoding: str, body: bytes) -> None:
        self._exchange.scope["sender"].waits_for_decoding(len(body))
        self._app.tasks.add(task := asyncio.ensure_future(self._in_turn(encoding, body)))
        task.add_done_callback(self._app.tasks.discard)

    async def _in_turn(self, encoding: str, body: bytes) -> None:
        sender = self._exchange.scope["sender"]
        work = partial(self._guarded, partial(self._pass_on, encoding), body)
        await self._app.turns.run(sender.peer, lambda: not sender.gone, work)
        sender.decoded()

    def _pass_on(self, encoding: str, body: bytes) -> None:
        self._submit(decoded(encoding, body, self._limit), self._exchange.settle)

    def _guarded(self, step: Callable[[bytes], None], body: bytes) -> None:
        """Whatever happens, the sender gets an answer that keeps its data. On the loop, or on a thread."""
        entrance = self._app.entrance
        try:
            step(body)
        except Refusal as refusal:
            self._exchange.settle(entrance.refuse(refusal))
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            entrance.defect(error)
            self._exchange.settle(entrance.refuse(unexpected()))
