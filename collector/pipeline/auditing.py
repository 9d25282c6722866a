"""The audit chain of each domain: the last processor of the pipeline that every configuration has for what people do and the service knows.

What is to be audited becomes an entry (`collector.audit`) in the transaction of the step that took it, so over any death it is in the
chain once. The head of a chain is signed a while after its first entry that no checkpoint vouches for, and at a stop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from collector.audit import entry
from collector.audit.checkpoint import Checkpoint
from collector.audit.entry import Entry, Head, linked
from collector.audit.key import SigningKey
from collector.base32 import received_ms
from collector.batch import LogBatch, concat
from collector.columns.tables import VALUE_COLUMNS, ValueKind
from collector.component import Due, Work
from collector.outcomes import Outcome
from collector.pipeline.made import Maker
from collector.pipeline.processed import no_records
from collector.reserved import AUDIT, PIPELINE, SUBJECT_VALUE

_HEAD = b"head"
_CHECKPOINT = "checkpoint"
_PLAIN = (ValueKind.STRING, ValueKind.BOOL, ValueKind.INT, ValueKind.DOUBLE)


class AuditChain:
    """Of one partition: a chain for each of its domains.

    Args:
        kinds: the events that are audited.
        root: the data directory, where the key is.
        retention_secs: how long an entry is kept.
        checkpoint_secs: the longest that an entry waits for a checkpoint.
    """

    def __init__(self, kinds: Sequence[str], root: Path, retention_secs: float, checkpoint_secs: float) -> None:
        self._kinds = kinds
        self._root = root
        self._retention_nanos = int(retention_secs * 1e9)
        self._checkpoint_nanos = int(checkpoint_secs * 1e9)

    @property
    def takes_events(self) -> Sequence[str]:
        """What is audited."""
        return self._kinds

    @property
    def due_at_stop(self) -> bool:
        """What no checkpoint vouches for yet."""
        return True

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        """With an entry behind each; what was read is told by its entry alone."""
        entries = self._entries(batch, work)
        for domain, records in entries.by_domain().items():
            work.count(domain, str(Outcome.CREATED), records)
        reads = batch.column("event_name") == entry.READ
        for domain, records in batch.filter(reads).by_domain().items():
            work.count(domain, str(Outcome.FILTERED), records)
        return concat([batch.filter(~reads), entries])

    def tick(self, due: Due, work: Work) -> None:
        """Sign where the domain's chain stands, unless that was done. Raises `OSError`: the key can't be had."""
        state = work.state(due.domain)
        head = Head.read(state.get(_HEAD))
        work.wake(due.domain, due.name, None)
        if head.seq <= head.signed:
            return
        made = Checkpoint.signed(due.domain, head.seq, head.hash, due.at_unix_nano, self._key)
        state.put(_HEAD, bytes(Head(head.seq, head.hash, head.received, head.seq)))
        body = f"the audit log of {due.domain} has {head.seq} entries"
        work.emit(entry.CHECKPOINT, _told([due.at_unix_nano], [body], {k: [v] for k, v in made.attributes().items()}))

    @cached_property
    def _key(self) -> SigningKey:
        return SigningKey(self._root)

    def _entries(self, batch: LogBatch, work: Work) -> LogBatch:
        """There are few of them: what people do, and sums of what they read."""
        said, heads = _attributes(batch), dict[str, Head]()
        texts = zip(
            *(batch.column(name) for name in ("domain", "record_id", "event_name", "body", "time_unix_nano")),
            strict=True,
        )
        told: defaultdict[str, list[Any]] = defaultdict(list)
        for place, (domain, record, event, body, time) in enumerate(texts):
            domain = domain or ""
            before = heads[domain] if domain in heads else Head.read(work.state(domain).get(_HEAD))
            received = max(received_ms(record) * 1_000_000, before.received)
            one = Entry(
                domain, before.seq + 1, received, before.received, received + self._retention_nanos, int(time or 0) or received,
                record, event, body or "", said[place],
            )  # fmt: skip
            heads[domain] = _tell(one, before, told)
        for domain, head in heads.items():
            work.state(domain).put(_HEAD, bytes(head))
            work.wake(domain, _CHECKPOINT, self._due(work))
        if not told:
            return no_records()
        bodies, times = told.pop("body"), told.pop("time")
        # By the core's own hand: a dead letter that is tried again is an entry as well, however old.
        return Maker(PIPELINE, AUDIT, batch).make(
            entry.ENTRY, _told(times, bodies, told), pl.Series(range(len(batch)), dtype=pl.UInt32), ""
        )

    def _due(self, work: Work) -> int:
        """When the chain is signed: at the end of the interval that the first entry without a checkpoint falls in."""
        return (work.now_unix_nano // self._checkpoint_nanos + 1) * self._checkpoint_nanos


def _tell(one: Entry, before: Head, told: defaultdict[str, list[Any]]) -> Head:
    text = one.text
    hash_ = linked(before.hash, text)
    columns: Mapping[str, Any] = {
        "body": one.what, "time": one.time, entry.SEQ: one.seq, entry.HASH: hash_, entry.PREVIOUS: before.hash, entry.TEXT: text,
        entry.RECEIVED: one.received, entry.EXPIRES: one.expires, entry.EVENT: one.event, entry.ACTION: one.action, entry.WHO: one.who,
        entry.WHY: one.why, entry.ADDRESS: one.address,
    }  # fmt: skip
    for name, value in columns.items():
        told[name].append(value)
    return Head(one.seq, hash_, one.received, before.signed)


def _told(times: Sequence[int], bodies: Sequence[str], attributes: Mapping[str, Sequence[Any]]) -> LogBatch:
    columns = {
        "body": bodies, "severity_number": [9] * len(bodies), "severity_text": ["INFO"] * len(bodies), "time_unix_nano": times,
    }  # fmt: skip
    return LogBatch.of(columns, attributes, {"service.name": "logboom"}, "logboom")


def _attributes(batch: LogBatch) -> defaultdict[int, dict[str, Any]]:
    """Place of a record → what it says."""
    said: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for row in batch.all_attributes().iter_rows(named=True):
        kind = ValueKind(row["kind"])
        if kind in _PLAIN and row["key"] != SUBJECT_VALUE:  # whoever is to be forgotten is not written down
            said[row["owner"]][row["key"]] = row[VALUE_COLUMNS[kind]]
    return said
