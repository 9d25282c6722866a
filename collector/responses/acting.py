"""What exporters that act have in common: one response a request, one after the other for each target, asked before and told after.

    encode ► Response ► send: claim ► act ► report ► Ok

An exporter has `act`. Where a target does nothing more when it is asked twice by the same key (`repeatable`), what a process that died left
behind is done again; else it is not, and people are told that nobody knows whether it was done.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from collector.batch import LogBatch
from collector.component import Context
from collector.outcomes import Ok, Retry, Verdict, Verdicts
from collector.responses.asking import Desk, MayNot
from collector.responses.outcome import Again, Done, NotDone
from collector.responses.response import STARTED, Response, responses_of, targets
from collector.responses.words import ID

_log = logging.getLogger("logboom.responses")
_MOST_REMEMBERED = 100


class Acts:
    """Base of such exporters."""

    takes_events: ClassVar[Sequence[str]] = (STARTED,)
    addressed: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True
    """Whether doing it again, for the same response, does nothing more."""

    def __init__(self, context: Context) -> None:
        self.desk = Desk(context.id, context.data_dir)
        self._outcomes: OrderedDict[str, Done | NotDone] = OrderedDict()

    async def start(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """A response."""
        return batch.attribute_text(ID)

    def order_by(self, batch: LogBatch) -> pl.Series:
        """By target."""
        return targets(batch)

    def encode(self, batch: LogBatch) -> Response | None:
        """The response."""
        return next(iter(responses_of(batch)), None)

    async def send(self, request: Response | None) -> Verdict:
        """Ask, act, tell. What was done is told until that is on disk."""
        if request is None:
            return Ok()
        try:
            outcome = self._outcomes.get(request.id) or await self._carried_out(request)
            await self.desk.report(request, outcome)
        except MayNot as no:
            _log.info("response %s is not done: %s", request.id, no)  # who decided tells it as an event
            return Ok()
        except Again as again:
            return Retry(str(again), after_secs=again.after_secs)
        return Ok()

    def classify(self, answer: Verdict | Exception) -> Verdicts:
        """What `send` found."""
        return [Retry(type(answer).__name__) if isinstance(answer, Exception) else answer]

    async def act(self, response: Response) -> Done:
        """Do it, or with `dry_run` find out whether it could be done. Raises `NotDone`, `Again`."""
        raise NotImplementedError

    async def twice_is_once(self, response: Response) -> bool:
        """Whether doing this one again does nothing more. Asked before it is claimed; raises `Again`."""
        del response
        return self.repeatable

    async def _carried_out(self, response: Response) -> Done | NotDone:
        repeatable = await self.twice_is_once(response)
        await self.desk.claim(response, repeatable=repeatable)
        try:
            outcome: Done | NotDone = await self.act(response)
        except NotDone as sentence:
            outcome = sentence
        except Again:
            raise
        except Exception as error:
            if repeatable:
                raise
            outcome = NotDone(f"{type(error).__name__}: whether it was done is not known")
        while len(self._outcomes) >= _MOST_REMEMBERED:
            self._outcomes.popitem(last=False)
        self._outcomes[response.id] = outcome
        return outcome
