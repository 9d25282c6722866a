"""Batches into D1: one call for each database of a request, each one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, ErasedSlice, Erasure, FoundSlice, StoreMark
from collector.errors import StorageError
from collector.outcomes import Blocked, Verdicts
from collector.store.d1 import D1Database, Statement
from collector.store.erasing import StoreErasing
from collector.store.following import Question
from collector.store.rows import Limits
from collector.store.sweeping import DELETING
from collector.store.upkeep import Rows, Upkeep, keep_up
from collector.transport.cloudflare import Answer, CloudflareClient
from exporters.d1.bill import Bill
from exporters.d1.config import D1Config
from exporters.d1.databases import Databases
from exporters.d1.requests import Part, Places, parts
from exporters.d1.verdicts import Homeless, mark_of, results_of, verdict_of, verdicts_of

Answers = list[tuple[Part, Answer | Exception]]
_BETWEEN_PIECES_SECS = 5.0
"""While the rows of an older database are counted: a twentieth of the calls that there are."""


class D1Exporter:
    """`encode`: batch → bodies. `send`: bodies → answers, one each. `classify`: by status and message."""

    takes_events = ALL_EVENTS
    erasure_promise = (
        "rows are deleted; Time Travel can bring a database back as it was within 30 days: nobody can shorten that"
    )

    def __init__(self, config: D1Config, context: Context) -> None:
        self._config = config
        self._holds = context.holds
        self._limits = Limits(config.max_body_size, config.max_attribute_size)
        self._places = Places(config.databases, config.database_id, config.database_name)
        self._client = CloudflareClient(config, context.data_dir)
        self._databases = Databases(
            self._client,
            auto_create=config.auto_create,
            auto_migrate=config.auto_migrate,
            indexes=config.indexes,
        )
        self._keeping_up: asyncio.Task[None] | None = None
        self._upkeeps: dict[str, Upkeep] = {}
        self._began = time.monotonic()
        self._bill = Bill()
        self._rows_deleted = 0

    async def start(self) -> None:
        """Connect and migrate the databases that are known by now.

        Raises:
            StorageError: a database that is not ours, or that may not be migrated. All else (no network, a wrong
                token) is left to the first `send`, so that it stops nothing but this exporter.
        """
        await self._client.start()
        for place in self._places.fixed():
            try:
                async with asyncio.timeout(self._config.timeout or None):
                    await self._databases.prepared(place)
            except StorageError:
                await self._client.close()
                raise
            except Exception:  # noqa: BLE001, S112  the first `send` meets it again, and reports it
                continue
        interval = self._config.retention.interval
        self._keeping_up = asyncio.create_task(keep_up(self._all_upkeeps, interval, (Exception,)))

    def encode(self, batch: LogBatch) -> list[Part]:
        """The calls: a body for each database."""
        return parts(batch, self._places, self._limits)

    async def send(self, request: list[Part]) -> Answers:
        """All calls of the request at once; an exception stands in the place of its answer."""
        answers = await asyncio.gather(*map(self._insert, request), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Exception):
                raise answer
        return list(zip(request, answers, strict=True))  # type: ignore[arg-type]

    def classify(self, answer: Answers | Exception) -> Verdicts:
        """The verdicts on the answers; `Retry` and `Reject` name the records of their database."""
        if isinstance(answer, Exception):
            return [verdict_of(answer, records=1)]
        return verdicts_of(answer)

    def marks(self) -> Mapping[str, StoreMark]:
        """Of the databases that were opened."""
        marks = {place: database.mark for place, database in self._databases.by_place().items()}
        return {
            domain: mark
            for place, mark in marks.items()
            if mark is not None
            for domain in self._places.domains_of(place)
        }  # fmt: skip

    async def shutdown(self) -> None:
        """Safe twice, and without `start`."""
        if self._keeping_up is not None:
            self._keeping_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping_up
            self._keeping_up = None
        await self._client.close()

    def counters(self) -> Mapping[str, int]:
        """Billed rows, as D1 counted them in its answers since the start of this process; those of a day by that rate
        (of an hour at least: the first minutes after a start say little)."""
        share, written = max(3600.0, time.monotonic() - self._began) / 86_400, self._bill.total("rows_written")
        return {
            "rows_written": written,
            "rows_read": self._bill.total("rows_read"),
            "rows_deleted": self._rows_deleted,
            "rows_written_per_day": round(written / share),
        }

    def billed(self) -> Mapping[tuple[str, str], float]:
        """Rows that D1 wrote and read for each domain; what retention costs is its database's, which may be of several."""
        return self._bill.rows()

    async def sweep(self, now_unix_nano: int) -> int:
        """Delete what the retention no longer keeps, a bounded transaction at a time; returns the rows deleted."""
        return sum([await upkeep.sweep(now_unix_nano) for upkeep in self._all_upkeeps()])

    async def _insert(self, part: Part) -> Answer:
        if not part.place:
            raise Homeless("no D1 database is configured for the record's domain")
        database = await self._databases.prepared(part.place)
        self._upkeep(database).comes(part.oldest)
        answer = await database.post(part.body)
        if answer.succeeded:
            self._bill.add(results_of(answer), part.domains)
            if part.marked:
                database.mark = mark_of(answer) or database.mark
        elif isinstance(verdict_of(answer, part.records), Blocked):
            database.prepared = False  # the next attempt looks at the schema again: somebody may have dropped it
        return answer

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """See `ErasesSubjects`."""
        erasing = await self._erasing(erasure.domain)
        return await erasing.erase(erasure, after) if erasing is not None else ErasedSlice(0, None)

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:
        """See `ErasesSubjects`."""
        erasing = await self._erasing(erasure.domain)
        return await erasing.find(erasure, after) if erasing is not None else FoundSlice((), None)

    async def _erasing(self, domain: str) -> StoreErasing | None:
        place = self._places.of(domain)
        if not place:
            return None
        database = await self._databases.prepared(place)
        return StoreErasing(partial(self._run, database))

    def _all_upkeeps(self) -> Sequence[Upkeep]:
        return [self._upkeep(database) for database in self._databases.all()]

    def _upkeep(self, database: D1Database) -> Upkeep:
        retention = self._config.retention
        if database.id not in self._upkeeps:
            self._upkeeps[database.id] = Upkeep(
                retention.rules(),
                retention.batch_rows,
                partial(self._run, database),
                pause_secs=_BETWEEN_PIECES_SECS,
                holds=self._holds,
            )
        return self._upkeeps[database.id]

    async def _run(self, database: D1Database, questions: Sequence[Question]) -> Sequence[Rows]:
        results = await database.run(*(Statement(it.statement, [*map(str, it.parameters)]) for it in questions))
        self._bill.add(results, self._owner(database))
        answers = [[tuple(row.values()) for row in result["results"]] for result in results]
        self._rows_deleted += sum(
            len(rows) for rows, it in zip(answers, questions, strict=True) if it.statement in DELETING
        )
        return answers

    def _owner(self, database: D1Database) -> Mapping[str, int]:
        """The domain that a database is of; "" where that can't be told."""
        places = [place for place, each in self._databases.by_place().items() if each is database]
        owners = [domain for place in places for domain in self._places.domains_of(place)]
        return {owners[0] if len(owners) == 1 else "": 1}
