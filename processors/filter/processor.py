"""The behaviour of `filter`."""

from __future__ import annotations

import logging

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Work
from collector.ottl.question import WRONG, YES, Question
from collector.ottl.statements.frame import Frame
from collector.outcomes import Outcome
from processors.filter.config import FilterConfig
from processors.filter.questions import questions_of

CONDITION_ERROR = f"{Outcome.DROPPED}:condition_error"
_EVERY_NS = 60 * 10**9
_log = logging.getLogger(__name__)
Mask = npt.NDArray[np.bool_]


class Filter:
    """A record for which a condition holds ends as `filtered`."""

    def __init__(self, config: FilterConfig, context: Context) -> None:
        self._id = context.id
        self._questions = questions_of(config)
        block = config.logs
        include = block.include.matcher() if block is not None and block.include else None
        exclude = block.exclude.matcher() if block is not None and block.exclude else None
        self._include = include if include is not None and include.asks else None
        self._exclude = exclude if exclude is not None and exclude.asks else None
        self._told: dict[str, int] = {}

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch without what is dropped."""
        if not len(batch):
            return batch
        dropped, failed = np.zeros(len(batch), dtype=np.bool_), np.zeros(len(batch), dtype=np.bool_)
        for question in self._questions:
            answers, reason = question.answers(batch)
            wrong = (answers == WRONG) & ~dropped & ~failed
            if wrong.any():
                self._tell(question, int(wrong.sum()), reason, work)
                failed |= wrong & question.stops
            dropped |= (answers == YES) & ~failed
        if self._include is not None or self._exclude is not None:
            dropped |= ~self._matched(batch)
        return self._without(batch, dropped, failed, work)

    def _matched(self, batch: LogBatch) -> Mask:
        frame = Frame(batch)
        matched = np.ones(len(batch), dtype=np.bool_) if self._include is None else self._include.mask(frame)
        return matched if self._exclude is None else matched & ~self._exclude.mask(frame)

    def _without(self, batch: LogBatch, dropped: Mask, failed: Mask, work: Work) -> LogBatch:
        if failed.any():
            payload = batch.column("payload").to_numpy()
            failed = np.isin(payload, payload[failed])
            for domain, records in batch.filter(pl.Series(failed)).by_domain().items():
                work.count(domain, CONDITION_ERROR, records)
        gone = dropped | failed
        return batch.filter(pl.Series(~gone)) if gone.any() else batch

    def _tell(self, question: Question, records: int, reason: str, work: Work) -> None:
        """Each condition once a minute."""
        now = work.now_unix_nano
        if question.tells and now - self._told.get(question.text, -_EVERY_NS) >= _EVERY_NS:
            self._told[question.text] = now
            _log.warning("%s: %s record(s) could not be asked `%s`: %s", self._id, records, question.text, reason)
