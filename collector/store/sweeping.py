"""Deletes what retention no longer keeps, without reading again what it has seen: on D1 every row that is read is billed.

A row may go once two times have passed the cut of its level: its stamp and its receipt. So after a sweep only these can be due
that were not before:

    stamped between the last cut and this one       read by (domain, time)
    received between the last cut and this one      read by the record id, whose front is the time of receipt
    inserted since, though received before          read by the rowid; only if such a row came at all

Each slice is read once for each rule, in steps of bounded transactions that go on where the last one ended. At first, and once a
day (a backup may have been put in the place of the file, another process may have written late), all that is old is looked at.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from collector.holds import NO_HOLDS, Hold, Holds
from collector.levels import SQL
from collector.store.following import NEWEST
from collector.store.retention import DELETE_EVENTS, DOMAINS, Retention, Rule

Ask = Callable[[str, Sequence[object]], Awaitable[Sequence[Sequence[object]]]]
"""(statement, parameters) → rows, in a transaction of its own."""

_EVERYTHING_SECS = 86_400.0
_DUE = f"""generation IS NULL AND time_unix_nano < ?3 AND record_id < ?4 AND rowid < ?5
    AND ({SQL}) IN (SELECT value FROM json_each(?6))"""  # noqa: S608 - a constant


def _delete(index: str, among: str, by: str, shown: str) -> str:
    return f"""DELETE FROM logs WHERE rowid IN (SELECT rowid FROM logs {index}
    WHERE {among} AND {_DUE} ORDER BY {by} LIMIT ?7) RETURNING {shown}"""  # noqa: S608 - constants


BY_TIME = _delete(
    "INDEXED BY logs_domain_time",
    "domain = ?1 AND time_unix_nano >= ?2",
    "time_unix_nano",
    "CAST(time_unix_nano AS TEXT)",
)
"""Parameters: domain, from, cut in ns, cut as a record id, a rowid that is above all that may go, levels as JSON, rows at most."""
BY_RECEIPT = _delete(
    "INDEXED BY sqlite_autoindex_logs_1",
    "domain IN (SELECT value FROM json_each(?1)) AND record_id > ?2", "record_id", "record_id",
)  # fmt: skip
"""The same with domains as JSON, and an id to begin behind."""
BY_ARRIVAL = _delete("NOT INDEXED", "domain IN (SELECT value FROM json_each(?1)) AND rowid > ?2", "rowid", "rowid")
"""The same with a rowid to begin behind."""
DELETING = frozenset({BY_TIME, BY_RECEIPT, BY_ARRIVAL, DELETE_EVENTS})


@dataclass(frozen=True, slots=True)
class _Mark:
    """Up to where a rule was carried out."""

    cut: int
    cut_id: str


class Sweeper:
    """Of one database. One sweep at a time.

    Args:
        batch_rows: deleted in one transaction.
        clock: monotonic seconds.
        holds: what must not go.
    """

    def __init__(
        self,
        retention: Retention,
        batch_rows: int,
        ask: Ask,
        clock: Callable[[], float] = time.monotonic,
        holds: Holds = NO_HOLDS,
    ) -> None:
        self._retention = retention
        self._holds = holds
        self._standing: frozenset[Hold] = frozenset()
        self._batch_rows = batch_rows
        self._ask = ask
        self._clock = clock
        self._marks: dict[tuple[str, tuple[str, ...]], _Mark] = {}
        self._newest = 0
        self._kept = False  # the newest row stays while it is that, and may be due when it no longer is
        self._everything_at = -math.inf
        self._came: list[str] = ["~", "~"]  # behind every id: the oldest of this sweep and of the one before

    def comes(self, record_id: str) -> None:
        """Rows are about to be inserted; this is the oldest of them. On the event loop that sweeps."""
        self._came[0] = min(self._came[0], record_id)

    def forget(self) -> None:
        """The file is another one: look at everything. From any thread."""
        self._everything_at = -math.inf

    async def sweep(self, now_unix_nano: int) -> int:
        """How many rows went."""
        oldest, self._came = min(self._came), ["~", self._came[0]]
        newest = int(str((await self._ask(NEWEST, ()))[0][0] or 0))
        standing = frozenset(hold for hold in self._holds.all if hold.stands(now_unix_nano))
        ended, self._standing = self._standing - standing, standing
        if ended or newest < self._newest or self._clock() - self._everything_at > _EVERYTHING_SECS:
            self._marks.clear()
            self._everything_at = self._clock()
        kept, self._kept = self._kept, newest == self._newest
        domains = [str(domain) for (domain,) in await self._ask(DOMAINS, ())]
        deleted = 0
        for rule in self._retention.rules(domains, now_unix_nano, self._holds.at(now_unix_nano)):
            deleted += await self._carry_out(rule, newest, late=kept or oldest < rule.cut_id)
        self._newest = newest
        return deleted

    async def _carry_out(self, rule: Rule, newest: int, *, late: bool) -> int:
        levels = tuple(rule.levels)
        marks = {domain: self._marks.get((domain, levels)) for domain in rule.domains}
        rest = (rule.cut, rule.cut_id, newest, json.dumps(rule.levels))
        deleted = 0
        for domain, mark in marks.items():
            deleted += await self._walk(BY_TIME, domain, mark.cut if mark else -(1 << 63), rest)
        known = [domain for domain, mark in marks.items() if mark is not None]
        if known:
            begin = min(mark.cut_id for mark in marks.values() if mark is not None)
            deleted += await self._walk(BY_RECEIPT, json.dumps(known), begin, rest)
        if known and late:
            deleted += await self._walk(BY_ARRIVAL, json.dumps(known), self._newest - 1, rest)
        for domain in rule.domains:
            self._marks[domain, levels] = _Mark(rule.cut, rule.cut_id)
        return deleted

    async def _walk(self, statement: str, among: str, begin: object, rest: tuple[object, ...]) -> int:
        """Step after step, each from where the last one ended."""
        deleted = 0
        while True:
            gone = await self._ask(statement, (among, begin, *rest, self._batch_rows))
            deleted += len(gone)
            if len(gone) < self._batch_rows:
                return deleted
            keys = [key for (key,) in gone]
            begin = max(map(str, keys)) if statement is BY_RECEIPT else max(int(str(key)) for key in keys)
