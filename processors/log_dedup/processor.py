"""The behaviour of `log_dedup`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from collector.batch import LogBatch, concat
from collector.component import Context, Due, Work
from collector.ottl.statements.frame import Frame
from collector.outcomes import Outcome
from processors.log_dedup.config import LogDedupConfig
from processors.log_dedup.eligible import eligible, questions_of
from processors.log_dedup.fields import field_of, take_out
from processors.log_dedup.held import Group, Held, Nanos
from processors.log_dedup.identity import keys_of

FIRST, LAST = "first_observed_timestamp", "last_observed_timestamp"
_SECOND = 10**9
_FLUSH = "interval"


class LogDedup:
    """Records are held until the interval that began with the first of their domain is over."""

    def __init__(self, config: LogDedupConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._interval = int(config.interval * _SECOND)
        self._count, self._zone = config.log_count_attribute, ZoneInfo(config.timezone)
        self._questions = questions_of(config.conditions)
        self._gone = [field_of(text) for text in config.exclude_fields]
        self._compared = [field_of(text) for text in config.include_fields]
        self._kept_apart = config.asks_of_clients()
        self._held = Held()

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """The records that are not gathered; with them, where a domain holds more than it may, what it held so far."""
        if not len(batch):
            return batch
        gathered = pl.Series(eligible(batch, self._questions))
        if not gathered.any():
            return batch
        left = [batch.filter(~gathered)]
        taken = self._without_fields(batch.filter(gathered))
        for domain, records in taken.by_domain().items():
            whole = records == len(taken)
            own = taken if whole else taken.filter(taken.column("domain").fill_null("") == domain)
            self._hold(own, domain, work)
            work.count(domain, Outcome.AGGREGATED, records)
            if work.state(domain).excess_bytes():
                work.wake(domain, _FLUSH, None)
                left.append(self._gone_on(domain, work.now_unix_nano, work))
        return concat(left)

    def tick(self, due: Due, work: Work) -> None:
        """An interval is over."""
        work.release(self._gone_on(due.domain, due.at_unix_nano, work))

    def _without_fields(self, batch: LogBatch) -> LogBatch:
        if not self._gone:
            return batch
        frame = Frame(batch)
        take_out(frame, self._gone)
        return frame.done()

    def _hold(self, batch: LogBatch, domain: str, work: Work) -> None:
        now, state = work.now_unix_nano, work.state(domain)
        begun = self._held.add(
            state, domain, batch, lambda seeds: keys_of(batch, self._compared, seeds, self._kept_apart), _seen(batch, now), now,
        )  # fmt: skip
        work.wake(domain, _FLUSH, min(begun, now) + self._interval)

    def _gone_on(self, domain: str, at_unix_nano: int, work: Work) -> LogBatch:
        batch, groups = self._held.take(work.state(domain), domain)
        if not len(batch):
            return batch
        times = {"time_unix_nano": pl.Series([at_unix_nano]).new_from_index(0, len(batch))}
        return batch.with_fields(times | {"observed_time_unix_nano": pl.Series(groups.first)}).with_attributes(
            self._told(groups)
        )

    def _told(self, groups: Group) -> dict[str, pl.Series]:
        return {
            self._count: pl.Series(groups.records),
            FIRST: self._written(groups.first),
            LAST: self._written(groups.last),
        }

    def _written(self, times: Nanos) -> pl.Series:
        """RFC 3339, to the second, once for each."""
        seconds, places = np.unique(times // _SECOND, return_inverse=True)
        texts = [datetime.fromtimestamp(second, self._zone).isoformat() for second in seconds.tolist()]
        return pl.Series([text.replace("+00:00", "Z") for text in texts], dtype=pl.String).gather(pl.Series(places))


def _seen(batch: LogBatch, now_unix_nano: int) -> Nanos:
    """When each record came in."""
    received = batch.payloads.get_column("received_unix_ms").cast(pl.Int64).fill_null(now_unix_nano // 10**6)
    seen: Nanos = received.gather(batch.column("payload")).fill_null(now_unix_nano // 10**6).to_numpy() * 10**6
    return seen
