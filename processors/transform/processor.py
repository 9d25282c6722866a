"""The behaviour of `transform`."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.component import Context, Work
from collector.ottl.statements import run
from collector.ottl.statements.flattening import apart, together
from collector.outcomes import Outcome
from processors.transform.config import TransformConfig
from processors.transform.groups import groups_of

STATEMENT_ERROR = f"{Outcome.DROPPED}:statement_error"
_EVERY_NS = 60 * 10**9
_log = logging.getLogger(__name__)


class Transform:
    """See README.md."""

    def __init__(self, config: TransformConfig, context: Context) -> None:
        self._id = context.id
        self._groups = groups_of(config)
        self._flattens = config.flatten_data
        self._told: dict[str, int] = {}

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The batch as the statements leave it."""
        if not len(batch) or not self._groups:
            return batch
        ran = run(apart(batch) if self._flattens else batch, self._groups)
        self._tell(ran.errors.records, ran.errors.first, work.now_unix_nano)
        done = together(ran.batch) if self._flattens else ran.batch
        return done if ran.failed is None else _without_payloads(done, pl.Series(ran.failed), work)

    def _tell(self, records: Mapping[str, int], first: Mapping[str, str], now_unix_nano: int) -> None:
        """Each statement once a minute."""
        for text, number in records.items():
            if now_unix_nano - self._told.get(text, -_EVERY_NS) >= _EVERY_NS:
                self._told[text] = now_unix_nano
                _log.warning(
                    "%s: %s record(s) stay as they were at `%s`: %s", self._id, number, text, first.get(text, "")
                )


def _without_payloads(batch: LogBatch, failed: pl.Series, work: Work) -> LogBatch:
    """All records of a payload go with one that failed, as the Collector drops it."""
    payload = batch.column("payload").to_numpy()
    gone = np.isin(payload, payload[failed.to_numpy()])
    for domain, records in batch.filter(pl.Series(gone)).by_domain().items():
        work.count(domain, STATEMENT_ERROR, records)
    return batch.filter(pl.Series(~gone))
