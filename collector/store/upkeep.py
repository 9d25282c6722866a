"""What a store needs beside inserts: rows, counts and events that are due are deleted, and rows of before `log_minutes` are counted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Sequence

from collector.holds import NO_HOLDS, Holds
from collector.store.following import Question
from collector.store.minutes import ADD_PIECE, MARK_PIECE, ROLLUPS
from collector.store.projections import PROJECTIONS
from collector.store.retention import DELETE_EVENTS, DOMAINS, Retention, domains_of
from collector.store.sweeping import Sweeper

Rows = Sequence[Sequence[object]]
Run = Callable[[Sequence[Question]], Awaitable[Sequence[Rows]]]
"""Statements in one transaction → the rows of each."""

_BETWEEN_HOURLY_SECS = 3600.0


class Upkeep:
    """Of one database. One call at a time, beside `comes` and `forget`.

    Args:
        batch_rows: deleted, or counted, in one transaction.
        pause_secs: at least so long between two pieces of the past; else as long as the last one took, so that inserts have
            half of the time.
        clock: monotonic seconds.
        holds: what must not go.
    """

    def __init__(
        self,
        retention: Retention,
        batch_rows: int,
        run: Run,
        *,
        pause_secs: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        holds: Holds = NO_HOLDS,
    ) -> None:
        self._retention = retention
        self._holds = holds
        self._batch_rows = batch_rows
        self._run = run
        self._pause_secs = pause_secs
        self._clock = clock
        self._sweeper = Sweeper(retention, batch_rows, self._ask, clock, holds) if retention else None
        self._counted = False
        self._hourly_at = -math.inf

    def comes(self, record_id: str) -> None:
        """Rows are about to be inserted; this is the oldest of them."""
        if self._sweeper is not None:
            self._sweeper.comes(record_id)

    def forget(self) -> None:
        """The file is another one: look at everything. From any thread."""
        if self._sweeper is not None:
            self._sweeper.forget()
        self._counted, self._hourly_at = False, -math.inf

    async def count_past(self, secs: float = math.inf) -> bool:
        """Count rows of before the table, newest first, for so long; whether all are counted now."""
        end = self._clock() + secs
        while not self._counted and self._clock() < end:
            began = self._clock()
            rows = (self._batch_rows,)
            _, marked = await self._run([Question(ADD_PIECE, rows), Question(MARK_PIECE, rows)])
            self._counted = not marked or int(str(marked[0][0])) == 0
            if not self._counted:
                await asyncio.sleep(max(self._pause_secs, self._clock() - began))
        return self._counted

    async def sweep(self, now_unix_nano: int) -> int:
        """Delete what the retention no longer keeps; how many rows of `logs` went. Counts and events are looked at once an hour."""
        deleted = await self._sweeper.sweep(now_unix_nano) if self._sweeper is not None else 0
        if self._clock() - self._hourly_at >= _BETWEEN_HOURLY_SECS:
            await self._sweep_minutes(now_unix_nano)
            deleted += await self._sweep_events(now_unix_nano)
            await self._sweep_expired(now_unix_nano)
            self._hourly_at = self._clock()
        return deleted

    async def _sweep_minutes(self, now_unix_nano: int) -> None:
        """Also of domains whose rows are gone."""
        for rollup in ROLLUPS:
            domains = await self._domains(domains_of(rollup.name), now_unix_nano)
            for sharing, minute in self._retention.minutes(domains, now_unix_nano):
                await self._delete(rollup.delete, json.dumps(sharing), minute)

    async def _sweep_events(self, now_unix_nano: int) -> int:
        """What components made, and what it described."""
        domains = await self._domains(DOMAINS, now_unix_nano)
        deleted = 0
        for sharing, cut, cut_id in self._retention.events(domains, now_unix_nano):
            deleted += await self._delete(DELETE_EVENTS, json.dumps(sharing), cut, cut_id)
            for projection in PROJECTIONS:
                if projection.aged_by and not projection.expiring:
                    await self._delete(projection.delete_old, json.dumps(sharing), cut)
        return deleted

    async def _sweep_expired(self, now_unix_nano: int) -> None:
        """What says itself when it may go, of all domains."""
        for projection in PROJECTIONS:
            if projection.expiring:
                domains = await self._domains(domains_of(projection.name), now_unix_nano)
                await self._delete(projection.delete_old, json.dumps(domains), now_unix_nano)

    async def _domains(self, statement: str, now_unix_nano: int) -> list[str]:
        """Of which anything may go that has no level."""
        held = self._holds.at(now_unix_nano)
        found = [str(domain) for (domain,) in await self._ask(statement, ())]
        return [domain for domain in found if not held(domain, None)]

    async def _delete(self, statement: str, *parameters: object) -> int:
        """A bounded number of rows at a time; all of them."""
        deleted = 0
        while True:
            gone = len(await self._ask(statement, (*parameters, self._batch_rows)))
            deleted += gone
            if gone < self._batch_rows:
                return deleted

    async def _ask(self, statement: str, parameters: Sequence[object]) -> Rows:
        (rows,) = await self._run([Question(statement, parameters)])
        return rows


async def keep_up(every: Callable[[], Sequence[Upkeep]], interval: float, errors: tuple[type[Exception], ...]) -> None:
    """For ever: count the past of the databases that there are, sweep them each `interval` seconds. `errors` are passed over: inserts
    meet the same ones, and report them."""
    while True:
        began = time.monotonic()
        for one in (now := every()):
            with contextlib.suppress(*errors):
                await one.count_past(interval / len(now))
        await asyncio.sleep(max(0.0, began + interval - time.monotonic()))
        for one in every():
            with contextlib.suppress(*errors):
                await one.sweep(time.time_ns())
