"""Rules that count: they decide only when more than N records matched within a time, in a group.

The counts are the processor's own state of the records' domain, so they commit with the batch: a replayed batch counts
once, and what one domain sends counts for no other. Time is the worker's clock, in tenths of the rule's time; a group's counts
are one value, at most eleven numbers.

    name   count/<pipeline>/<rule>/<group values, separated by 0x1f; their xxh3-128 in hex when they are long>
    value  JSON [[slot, records], …], oldest first

Groups that were quiet for the whole time are forgotten at a tick, whose name is the front of theirs.

`collector.ledger.former_state` knows these names, too: what older versions counted goes on under them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson
import polars as pl
import xxhash

from collector.batch import LogBatch
from collector.component import State, Work
from collector.ottl.together.ternary import Mask
from processors.triage.config import CountLimit

SLOTS = 10
_LONG, _LONG_PIPELINE = 128, 24  # bytes: names in the state are bounded, what a sender writes is not
_COLUMNS = {"component": "logboom.component", "endpoint": "logboom.endpoint"}


class Counter:
    """The state of one counting rule."""

    def __init__(self, pipeline: str, rule: str, limit: CountLimit) -> None:
        self.rule = rule
        self._prefix = f"count/{_short(pipeline)}/{rule}/".encode()
        self._limit = limit
        self._slot_nanos = max(1, int(limit.within * 1e9) // SLOTS)

    def limit(self, mask: Mask, batch: LogBatch, work: Work) -> Mask:
        """The records of `mask` whose group is over the limit, those of this batch included."""
        if not mask.any():
            return mask
        groups = self._groups(batch).filter(pl.Series(mask))
        counted = groups.group_by("domain", "group").len("records").sort("domain", "group")
        over: list[bool] = []
        for (domain,), of_domain in counted.group_by("domain", maintain_order=True):
            found = dict(of_domain.select("group", "records").iter_rows())
            over += [matches > self._limit.more_than for matches in self._add(str(domain), found, work)]
        decided = counted.with_columns(over=pl.Series(over))
        told = groups.join(decided, on=["domain", "group"], how="left", maintain_order="left")
        passed = mask.copy()
        passed[np.flatnonzero(mask)] = told.get_column("over").to_numpy()
        return passed

    def _groups(self, batch: LogBatch) -> pl.DataFrame:
        columns = [self._column(name, batch).fill_null("").alias(str(i)) for i, name in enumerate(self._limit.per)]
        joined = pl.concat_str(pl.all(), separator="\x1f") if columns else pl.lit("")
        domain = batch.column("domain").fill_null("").alias("domain")
        return pl.DataFrame([domain]).with_columns(pl.DataFrame(columns or [domain]).select(joined.alias("group")))

    @staticmethod
    def _column(name: str, batch: LogBatch) -> pl.Series:
        if name == "domain":
            return batch.column("domain")
        if name == "service":
            return batch.resource_attribute("service.name")
        return batch.attribute_text(_COLUMNS.get(name, name))

    def _add(self, domain: str, found: Mapping[str, int], work: Work) -> list[int]:
        """Count what was found in each group of a domain; each group's matches within the time."""
        now, state = work.now_unix_nano // self._slot_nanos, work.state(domain)
        names = {group: self._name(group) for group in found}
        before = state.get_many(names.values())
        matches = []
        for group, records in found.items():
            slots = _recent(before.get(names[group]), now)
            if slots and slots[-1][0] == now:
                slots[-1][1] += records
            else:
                slots.append([now, records])
            state.put(names[group], orjson.dumps(slots))
            matches.append(sum(count for _, count in slots))
        if len(before) < len(names):
            self._come_again(domain, self._prefix.decode(), work)
            self._make_room(state)
        return matches

    def _name(self, group: str) -> bytes:
        name = group.encode()
        long = len(self.rule) + 1 + len(name) > _LONG
        return self._prefix + (xxhash.xxh3_128_hexdigest(name).encode() if long else name)

    def _make_room(self, state: State) -> None:
        """Above its budget a domain forgets the groups that were quiet for longest."""
        excess = state.excess_bytes()
        if not excess:
            return
        for name, value in sorted(state.scan(self._prefix), key=lambda row: orjson.loads(row[1])[-1]):
            if excess <= 0:
                return
            state.delete(name)
            excess -= len(name) + len(value)

    def sweep(self, domain: str, name: str, work: Work) -> None:
        """Forget groups of a domain that were quiet for the whole time; come again while there are others."""
        now, state = work.now_unix_nano // self._slot_nanos, work.state(domain)
        left = False
        for key, value in state.scan(name.encode()):
            if _recent(value, now):
                left = True
            else:
                state.delete(key)
        if left:
            self._come_again(domain, name, work)

    def _come_again(self, domain: str, name: str, work: Work) -> None:
        """When all that is counted now is old."""
        work.wake(domain, name, (work.now_unix_nano // self._slot_nanos + SLOTS + 1) * self._slot_nanos)


def _short(pipeline: str) -> str:
    return pipeline if len(pipeline.encode()) <= _LONG_PIPELINE else xxhash.xxh3_64_hexdigest(pipeline.encode())


def _recent(value: bytes | None, now: int) -> list[list[int]]:
    slots: list[list[int]] = orjson.loads(value) if value else []
    return [slot for slot in slots if slot[0] > now - SLOTS]
