"""A request that needs no coroutine, from its body to its answer: what `HttpApp.respond` and `HttpApp.admitted` do for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from collector.admission.admission import Notice
from collector.admission.steps import Read
from collector.domains.credential import Credential
from collector.errors import Refusal, Unavailable
from collector.ingress.http_request import ExchangeRequest
from collector.ingress.http_response import Response, fields_of
from collector.ingress.refusals import unexpected
from collector.transport.serving.content_encoding import decoded
from collector.transport.serving.http_exchange import Exchange, Usual

if TYPE_CHECKING:
    from collector.ingress.http_app import HttpApp

LATE = Unavailable("the journal did not answer in time")
Write = Callable[[Refusal | Notice | None], Response]


@dataclass(frozen=True, slots=True)
class DirectPlan:
    """What is done with requests of one head.

    Args:
        read: makes records of a body.
        encoding: of the body; empty for none.
        inline, inline_encoded: how many bytes are read on the loop, decoded and as they came (no more than `inline`); more on a thread, in turn.
        write: the response to what became of it.
        success: the usual one.
    """

    read: Read
    encoding: str
    inline: int
    inline_encoded: int
    write: Write
    success: Usual


class DirectRequest(ExchangeRequest):
    """The taker of one exchange, and what is known of its request besides the body.

    Args:
        credential: who sends it, once that is known.
        limit: the most bytes of its body when it is decoded.
    """

    __slots__ = ("_app", "_plan", "credential", "limit")

    def __init__(self, app: HttpApp, exchange: Exchange, plan: DirectPlan) -> None:
        super().__init__(exchange)
        self._app = app
        self._plan = plan
        self.credential: Credential | None = None
        self.limit = app.limit

    def whole(self, body: bytes) -> None:
        if len(body) <= self._plan.inline_encoded:
            self._guarded(self._here, body)
        else:
            self._later(self._plan.encoding, body)

    def settled(self, outcome: Refusal | Notice | None) -> None:
        if outcome is None:
            self.exchange.answer_as(self._plan.success)
            return
        response = self._plan.write(outcome)
        self.exchange.answer(response.status, fields_of(response, self._app.extra), response.body)

    def overdue(self) -> None:
        self.settled(LATE)

    def _here(self, body: bytes) -> None:
        if self._plan.encoding:
            body = decoded(self._plan.encoding, body, self.limit)
            if len(body) > self._plan.inline:
                self._later("", body)
                return
        self.exchange.connection.decoded()
        self._submit(body)

    def _submit(self, body: bytes) -> None:
        self._app.entrance.submit(self, body, self.exchange.settle, self.credential, self._plan.read)

    def _later(self, encoding: str, body: bytes) -> None:
        self.exchange.connection.waits_for_decoding(len(body))
        self._app.tasks.add(task := asyncio.ensure_future(self._in_turn(encoding, body)))
        task.add_done_callback(self._app.tasks.discard)

    async def _in_turn(self, encoding: str, body: bytes) -> None:
        sender = self.exchange.connection
        work = partial(self._guarded, partial(self._pass_on, encoding), body)
        await self._app.turns.run(sender.peer, lambda: not sender.gone, work)
        sender.decoded()

    def _pass_on(self, encoding: str, body: bytes) -> None:
        self._submit(decoded(encoding, body, self.limit))

    def _guarded(self, step: Callable[[bytes], None], body: bytes) -> None:
        """Whatever happens, the sender gets an answer that keeps its data. On the loop, or on a thread."""
        entrance = self._app.entrance
        try:
            step(body)
        except Refusal as refusal:
            self.exchange.settle(entrance.refuse(refusal))
        except Exception as error:  # noqa: BLE001 - any defect of ours must become a retryable answer
            entrance.defect(error)
            self.exchange.settle(entrance.refuse(unexpected()))
