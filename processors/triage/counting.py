"""Rules that count: they decide only when more than N records matched within a time, in a group.

The counts are the processor's own state, so they commit with the batch: a replayed batch counts once. Time is the
worker's clock, in tenths of the rule's time; a group's counts are one value, at most eleven numbers.

    key    count/<rule>/<group values, separated by 0x1f; their xxh3-128 in hex when they are long>
    value  JSON [[slot, records], …], oldest first
"""

from __future__ import annotations

import numpy as np
import orjson
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.component import Work
from collector.ottl.together.ternary import Mask
from processors.triage.config import CountLimit

SLOTS = 10
_LONG = 200  # bytes: keys of the state are bounded, what a sender writes is not
_COLUMNS = {"component": "logboom.component", "endpoint": "logboom.endpoint"}


class Counter:
    """The state of one counting rule."""

    def __init__(self, rule: str, limit: CountLimit) -> None:
        self._prefix = f"count/{rule}/".encode()
        self._limit = limit
        self._slot_nanos = max(1, int(limit.within * 1e9) // SLOTS)
        self._swept = 0

    def limit(self, mask: Mask, batch: LogBatch, work: Work) -> Mask:
        """The records of `mask` whose group is over the limit, those of this batch included."""
        now = work.now_unix_nano // self._slot_nanos
        if not mask.any():
            return mask
        groups = self._groups(batch).filter(pl.Series(mask))
        counted = groups.value_counts(name="records")
        name = groups.name
        over = [
            group
            for group, records in zip(counted.get_column(name), counted.get_column("records"), strict=True)
            if self._add(group, records, now, work) > self._limit.more_than
        ]
        passed = mask.copy()
        passed[np.flatnonzero(mask)] = groups.is_in(pl.Series(over, dtype=pl.String).implode()).to_numpy()
        return passed

    def _groups(self, batch: LogBatch) -> pl.Series:
        columns = [self._column(name, batch).fill_null("").alias(str(i)) for i, name in enumerate(self._limit.per)]
        if not columns:
            return pl.repeat("", len(batch), dtype=pl.String, eager=True).alias("group")
        joined = pl.concat_str(pl.all(), separator="\x1f").alias("group")
        return pl.DataFrame(columns).select(joined).to_series()

    @staticmethod
    def _column(name: str, batch: LogBatch) -> pl.Series:
        if name == "domain":
            return batch.column("domain")
        if name == "service":
            return batch.resource_attribute("service.name")
        return batch.attribute_text(_COLUMNS.get(name, name))

    def _add(self, group: str, records: int, now: int, work: Work) -> int:
        """Count, and give the group's matches within the time."""
        name = group.encode()
        key = self._prefix + (name if len(name) <= _LONG else xxhash.xxh3_128_hexdigest(name).encode())
        slots = _recent(work.state.get(key), now)
        if slots and slots[-1][0] == now:
            slots[-1][1] += records
        else:
            slots.append([now, records])
        work.state.put(key, orjson.dumps(slots))
        return sum(count for _, count in slots)

    def sweep(self, work: Work) -> None:
        """Forget groups that were quiet for the whole time, once in that time."""
        now = work.now_unix_nano // self._slot_nanos
        if now < self._swept + SLOTS:
            return
        self._swept = now
        for key, value in work.state.scan(self._prefix):
            if not _recent(value, now):
                work.state.delete(key)


def _recent(value: bytes | None, now: int) -> list[list[int]]:
    slots: list[list[int]] = orjson.loads(value) if value else []
    return [slot for slot in slots if slot[0] > now - SLOTS]
