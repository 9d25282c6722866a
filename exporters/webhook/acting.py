"""Responses as calls: who is called acts. The response's id is the `webhook-id` at each repetition, so it can see that it knows the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Retry, Verdict
from collector.responses.acting import Acts
from collector.responses.facts import facts
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import Response, targets
from collector.responses.words import ID
from collector.transport.http_client import HttpAnswer
from collector.transport.sized_body import SizedBody
from exporters.webhook.call import JSON, Call


class Calls(Acts):
    """Asks, calls, tells.

    Args:
        call: makes a call; raises what the transport raises.
        verdict: what an answer means, by the exporter's options.
    """

    def __init__(
        self,
        context: Context,
        call: Callable[[Call], Awaitable[HttpAnswer]],
        verdict: Callable[[HttpAnswer | Exception], Verdict],
    ) -> None:
        super().__init__(context)
        self._call = call
        self._verdict = verdict

    async def act(self, response: Response) -> Done:
        """One call; who is called heeds `dry_run`."""
        body = facts(response)
        try:
            answer: HttpAnswer | Exception = await self._call(
                Call(SizedBody(body, len(body)), response.id, JSON, plain=True)
            )
        except Exception as error:  # noqa: BLE001  the table knows them
            answer = error
        found = self._verdict(answer)
        if isinstance(found, Ok):
            return Done(note="the call was taken")
        if isinstance(found, Retry):
            raise Again(found.reason, found.after_secs)
        raise NotDone(getattr(found, "reason", "the call was not taken"))


def each_response(batch: LogBatch, otherwise: pl.Series) -> pl.Series:
    """The id of each that is a response; of the others what they say."""
    ids = batch.attribute_text(ID)
    return ids.zip_with(ids.is_not_null(), otherwise)


def each_target(batch: LogBatch, otherwise: pl.Series) -> pl.Series:
    """What each response acts on; of the others what they say."""
    found = targets(batch)
    return found.zip_with(found.is_not_null(), otherwise)
