"""The operators of a receiver as the first step of a pipeline: they see the records of that receiver alone.

    records in + created = records out + filtered + aggregated + dropped

Entries that became part of another, or wait for more, are `aggregated`; one that waited and goes on is `created`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from collector.batch import LogBatch, concat
from collector.component import Due, State, Work
from collector.outcomes import Outcome
from collector.stanza.absent import ABSENT
from collector.stanza.batches import batch_of, frame_of
from collector.stanza.columns import items, tightened
from collector.stanza.frame import Frame, Table
from collector.stanza.graph import Course, Node, graph_of
from collector.stanza.keeping import name_of, packed, prefix, records_of, unpacked
from collector.stanza.operators.recombine import Group, Recombine

DROPPED = f"{Outcome.DROPPED}:on_error"
_SAY_AGAIN_SECS = 60.0
_log = logging.getLogger(__name__)


class Refiner:
    """Operators over the records of one receiver.

    Args:
        receiver: its id.
        configured: the option `operators`.
    """

    def __init__(self, receiver: str, configured: Sequence[Mapping[str, Any]]) -> None:
        self._receiver = receiver
        self._graph = graph_of(configured)
        self._said: dict[tuple[str, str], float] = {}
        self._joining = {name: node for name, node in self._graph.nodes.items() if node.recombine is not None}

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """See `collector.component.Processor`."""
        own = self._own(batch)
        if own is None:
            return self._refined(batch, work)
        mine = batch.filter(own)
        if not len(mine):
            return batch
        return concat([batch.filter(~own), self._refined(mine, work)])

    def _own(self, batch: LogBatch) -> pl.Series | None:
        """Which records came through the receiver; None: all."""
        receivers = batch.payloads.get_column("receiver")
        if (receivers == self._receiver).all():
            return None
        ours = (receivers == self._receiver).fill_null(False)
        return ours.gather(batch.column("payload")).fill_null(False)

    def _refined(self, batch: LogBatch, work: Work) -> LogBatch:
        if not self._joining or batch.column("domain").n_unique() <= 1:
            return self._of_domain(batch, work)
        domains = batch.column("domain")
        parts = [self._of_domain(batch.filter(domains == each), work) for each in domains.unique(maintain_order=True)]
        return concat(parts)

    def _of_domain(self, batch: LogBatch, work: Work) -> LogBatch:
        domain = batch.column("domain")[0] or "" if len(batch) else ""
        kept = Kept(batch, work.state(domain)) if self._joining else None
        frame = frame_of(batch)
        before = dict(frame.resource.columns)
        for name, node in self._joining.items():
            assert kept is not None
            _ready(node, name, kept, work.now_unix_nano)
        course = self._graph.run(frame)
        whole = kept.batch if kept is not None else batch
        self._account(course, domain, work)
        if kept is not None:
            self._keep(frame, whole, kept, domain, work)
            early = int((frame.origin[course.out] >= len(batch)).sum())
            work.count(domain, Outcome.CREATED, early) if early else None
            taken_ = sum(sum(frame.origin[row] < len(batch) for row in node.recombine.taken) for node in self._nodes())
            waiting = sum(frame.origin[g.base] < len(batch) for n in self._nodes() for g in n.recombine.groups.values())
            work.count(domain, Outcome.AGGREGATED, int(taken_ + waiting)) if taken_ + waiting else None
        return batch_of(frame, whole, course.out, before)

    def _nodes(self) -> list[Any]:
        return list(self._joining.values())

    def _keep(self, frame: Frame, batch: LogBatch, kept: Kept, domain: str, work: Work) -> None:
        """What is open is state, and is due; what has ended is none any more."""
        for name, node in self._joining.items():
            recombine = node.recombine
            assert recombine is not None
            for source in recombine.closed:
                if source not in recombine.groups:
                    kept.state.delete(name_of(name, source).encode())
                    work.wake(domain, name_of(name, source), None)
            for source, group in recombine.groups.items():
                key = name_of(name, source)
                kept.state.put(key.encode(), packed(name, source, group, recombine.joined(group), frame, batch))
                work.wake(domain, key, group.since_unix_nano + int(recombine.flush_secs * 1e9))

    def _account(self, course: Course, domain: str, work: Work) -> None:
        if course.dropped:
            work.count(domain, DROPPED, course.dropped)
        now = time.monotonic()
        for (name, reason), number in course.failed.items():
            node = self._graph.nodes[name]
            if not node.quiet and now - self._said.get((name, reason), -_SAY_AGAIN_SECS) >= _SAY_AGAIN_SECS:
                self._said[name, reason] = now
                then = "dropped" if node.drops else "sent on as they are"
                _log.warning(
                    "%s: operator %s failed for %d records, which are %s: %s",
                    self._receiver,
                    name,
                    number,
                    then,
                    reason,
                )

    def tick(self, due: Due, work: Work) -> None:
        """A group waited long enough: it is what it is."""
        data = work.state(due.domain).get(due.name.encode())
        if data is None:
            return
        found = unpacked(data)
        node = self._joining.get(found["node"])
        work.state(due.domain).delete(due.name.encode())
        kept = Kept(LogBatch.empty(), work.state(due.domain))
        frame = Frame([], Table(0), Table(0))
        (group,) = kept.add(frame, [found])
        recombine = node.recombine if node is not None else None
        if recombine is not None:
            recombine.finish(frame, group)
        course = Course(np.array([group.base]), Counter())
        if node is not None:
            for name, other in self._joining.items():
                _ready(other, name, kept, work.now_unix_nano)
            course = self._on(node, frame, group.base)
            self._account(course, due.domain, work)
            self._keep(frame, kept.batch, kept, due.domain, work)
        work.release(batch_of(frame, kept.batch, course.out, {}))

    def _on(self, node: Node, frame: Frame, row: int) -> Course:
        """From behind an operator to the end."""
        outputs = self._graph.after(node.id)
        courses = []
        for number, output in enumerate(outputs):
            rows = np.array([row]) if number == 0 else frame.repeat(np.array([row]))
            courses.append(self._graph.run(frame, output, rows))
        whole = Course(np.sort(np.concatenate([each.out for each in courses])), Counter())
        for each in courses:
            whole.failed += each.failed
            whole.dropped += each.dropped
        return whole


class Kept:
    """The batch of a step with the records of kept entries behind its own."""

    def __init__(self, batch: LogBatch, state: State) -> None:
        self._of_step = batch
        self._added: list[dict[str, Any]] = []
        self.state = state

    @property
    def batch(self) -> LogBatch:
        """All of them."""
        if not self._added:
            return self._of_step
        more = records_of(self._added)
        return _behind(self._of_step, more) if len(self._of_step) else more

    def load(self, node: str, frame: Frame, sources: Sequence[str]) -> dict[str, Group]:
        """Groups of these sources that were open."""
        names = {name_of(node, source).encode(): source for source in sources}
        found = self.state.get_many(names) if names else {}
        groups = self.add(frame, [unpacked(data) for data in found.values()])
        return dict(zip((names[name] for name in found), groups, strict=True))

    def load_all(self, node: str, frame: Frame) -> dict[str, Group]:
        """All that were open at a node."""
        read = [unpacked(data) for _, data in self.state.scan(prefix())]
        own = [each for each in read if each["node"] == node]
        return dict(zip((each["source"] for each in own), self.add(frame, own), strict=True))

    def add(self, frame: Frame, found: Sequence[dict[str, Any]]) -> list[Group]:
        """Kept entries become the last ones of the frame."""
        first = append(frame, found, len(self._of_step) + len(self._added)) if found else 0
        self._added += found
        return [
            Group(
                first + at,
                list(each["texts"]),
                each["entries"],
                each["size"],
                each["matched"],
                each["since"],
                kept=True,
            )
            for at, each in enumerate(found)
        ]


def _ready(node: Node, name: str, kept: Kept, now_unix_nano: int) -> None:
    recombine = node.recombine
    assert isinstance(recombine, Recombine)
    recombine.groups, recombine.closed, recombine.taken = {}, [], []
    recombine.now_unix_nano = now_unix_nano
    recombine.load = partial(kept.load, name)
    recombine.load_all = partial(kept.load_all, name)
    recombine.open_elsewhere = sum(1 for _ in kept.state.scan(prefix()))


def _behind(batch: LogBatch, more: LogBatch) -> LogBatch:
    """Records without a place of their own in the tables: they take the first one of each, and none of the payloads."""
    first = batch.records.select("resource", "scope", "payload").head(1)
    extra = more.records.with_columns(*(pl.lit(first[0, name], pl.UInt32).alias(name) for name in first.columns))
    return replace(
        batch, records=pl.concat([batch.records, extra.select(batch.records.columns)], how="vertical_relaxed")
    )


def append(frame: Frame, found: Sequence[dict[str, Any]], origin: int) -> int:
    """More entries; the row of the first."""
    row = frame.height
    frame.body = tightened([*items(frame.body), *(each["body"] for each in found)])
    for table, name in ((frame.attributes, "attributes"), (frame.resource, "resource")):
        table.unpack()
        for key in {*table.columns, *(key for each in found for key in each[name])}:
            table.columns[key] = tightened([*items(table.get(key)), *(each[name].get(key, ABSENT) for each in found)])
        if table.loose is not None:
            table.loose += [None] * len(found)
        table.height += len(found)
    for name in {*frame.fields, *(name for each in found for name in each["fields"])}:
        before = items(frame.fields[name]) if name in frame.fields else [ABSENT] * frame.height
        frame.fields[name] = tightened([*before, *(each["fields"].get(name, ABSENT) for each in found)])
    frame.origin = np.append(frame.origin, np.arange(origin, origin + len(found)))
    frame.copies = np.append(frame.copies, np.zeros(len(found), dtype=np.int64))
    frame.height += len(found)
    return row
