"""Batches into the embedded store. All SQLite work happens on one thread of the exporter's own."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, ErasedSlice, Erasure, FoundSlice, StoreMark
from collector.errors import NoRoom, StorageError
from collector.outcomes import Blocked, Verdicts
from collector.store.describing import Described, described, listed
from collector.store.embedded import EmbeddedStore
from collector.store.erasing import StoreErasing
from collector.store.following import Question
from collector.store.rows import Limits, rows
from collector.store.upkeep import Rows as Answer
from collector.store.upkeep import Upkeep, keep_up
from exporters.sqlite.config import SqliteConfig
from exporters.sqlite.verdicts import STORE_ERRORS, Inserted, verdict_of, waits


class Rows(NamedTuple):
    """A request: rows of `logs`, columns as in `collector.store.rows.COLUMNS`, and of the tables that are made of events."""

    rows: pl.DataFrame
    described: Sequence[Described] = ()


class SqliteExporter:
    """`encode`: batch → rows. `send`: rows → one durable transaction; answers with how many were new, or with the error,
    which `classify` reads."""

    takes_events = ALL_EVENTS
    erasure_promise = "rows are overwritten in the file and its log; copies in snapshots (backup) stay until those are given up; counts by minute stay"

    def __init__(self, config: SqliteConfig, context: Context) -> None:
        self._config = config
        self._limits = Limits(config.max_body_size, config.max_attribute_size)
        self._store = EmbeddedStore(
            config.store_file(context.data_dir),
            busy_timeout_secs=config.busy_timeout,
            auto_migrate=config.auto_migrate,
            indexes=config.indexes,
        )
        self._thread: ThreadPoolExecutor | None = None
        self._keeping_up: asyncio.Task[None] | None = None
        self._erasing = StoreErasing(self._run)
        self._upkeep = Upkeep(config.retention.rules(), config.retention.batch_rows, self._run, holds=context.holds)

    async def start(self) -> None:
        """Open and migrate.

        Raises:
            StorageError: a file that can't be opened or is not ours. What may pass (another process is writing, the
                disk is full), and a damaged file, are left to the first `send`: they stop nothing but this exporter.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.open)
        except NoRoom:
            pass  # for the file itself
        except sqlite3.Error as error:
            if not waits(error):
                raise StorageError(f"{self._store.path} can't be used: {error}") from error
        interval = self._config.retention.interval
        self._keeping_up = asyncio.create_task(keep_up(lambda: [self._upkeep], interval, STORE_ERRORS))

    def encode(self, batch: LogBatch) -> Rows:
        """The rows, and what events among them describe."""
        return Rows(rows(listed(batch), self._limits), described(batch, self._limits.attribute_bytes))

    async def send(self, request: Rows) -> Inserted:
        """Raises `sqlite3.Error` or `StorageError` when nothing was kept."""
        assert self._thread is not None, "send before start"
        if request.rows.height:
            self._upkeep.comes(str(request.rows.get_column("record_id").min()))
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, request)

    def classify(self, answer: object) -> Verdicts:
        """What `Inserted`, or the error, means."""
        return [verdict_of(answer)]

    def marks(self) -> Mapping[str, StoreMark]:
        """Of the file, once it was opened."""
        mark = self._store.mark
        return {} if mark is None else {"": mark}

    async def shutdown(self) -> None:
        """Waits for the batch under way, then closes the file."""
        if self._keeping_up is not None:
            self._keeping_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping_up
            self._keeping_up = None
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
            self._thread.shutdown()
            self._thread = None

    async def sweep(self, now_unix_nano: int) -> int:
        """Delete what the retention no longer keeps, a bounded transaction at a time; returns the rows deleted."""
        return await self._upkeep.sweep(now_unix_nano)

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """See `ErasesSubjects`. At the end the log is emptied into the file."""
        done = await self._erasing.erase(erasure, after)
        if done.after is None and not erasure.counts_only:
            assert self._thread is not None
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.settle)
        return done

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:
        """See `ErasesSubjects`."""
        return await self._erasing.find(erasure, after)

    async def _run(self, questions: Sequence[Question]) -> Sequence[Answer]:
        assert self._thread is not None, "asked before start"
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store.run, questions)

    def _insert(self, request: Rows) -> Inserted:
        try:
            new = self._store.insert(request.rows, request.described)
            told = self._store.told()
            if told:
                self._upkeep.forget()
            return Inserted(new, told)
        except STORE_ERRORS as error:
            if isinstance(verdict_of(error), Blocked):
                self._store.close()  # the next attempt opens the file anew: it may have been replaced or repaired
            raise
