"""Runs of outbox entries become Parquet files, one for each domain, hour and class of levels, and those become objects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pyarrow as pa

from collector.archive.catalog import Catalog
from collector.archive.columns import table_of
from collector.archive.names import Cut, ObjectName, domain_folder
from collector.archive.sealing import sealed
from collector.archive.staging import Staged, Staging
from collector.archive.upkeep import Upkeep
from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, ErasedSlice, Erasure, FoundSlice, OutboxRun, RunLimits
from collector.errors import LogboomError
from collector.object_storage import Busy, Exists, Refused, Target, Unconditional, open_target
from collector.outcomes import Blocked, Ok, Retry, Verdicts
from exporters.archive.config import ArchiveConfig
from exporters.archive.erasing import erase, find_subject
from exporters.archive.identity import Home

T = TypeVar("T")
log = logging.getLogger(__name__)
_FOLDER, _OBJECT = 255, 800
"""Bytes of a domain's part of a name: what file systems take, and what leaves room in the 1024 of an object's."""
Key = tuple[int, int]
"""Partition and first entry of a run."""


class ArchiveExporter:
    """`encode`: batch → table. `keep`: to memory and disk, by place. `send`: the files of a run, each under a name that the same records always
    have, so that a second time is no second object."""

    takes_events = ALL_EVENTS

    def __init__(self, config: ArchiveConfig, context: Context) -> None:
        self._config, self._keys = config, context.keys
        if config.encrypt and (context.keys is None or not context.keys.seals):
            raise LogboomError(f"{context.id}: `encrypt` needs keys of domains: configure service.encryption")
        self._home = Home(context.data_dir, context.id)
        self._longest = _OBJECT if "://" in config.to and not config.to.startswith("file:") else _FOLDER
        self._retention = config.retention.rules(context.holds)
        self._staging: ThreadPoolExecutor | None = None
        self._uploads: ThreadPoolExecutor | None = None
        self._target: Target | None = None
        self._data = ""
        self._conditional = True
        self._runs: dict[Key, Staging] = {}
        self._staged: dict[Key, list[Staged]] = {}
        self._partitions: set[int] = set()
        self._counters: Counter[str] = Counter()
        self._awaited: dict[str, set[Key]] = {}
        self._keeping_up: asyncio.Task[None] | None = None
        self._stopping = threading.Event()

    @property
    def run_limits(self) -> RunLimits:
        """By size and age."""
        return RunLimits(self._config.target_size, self._config.max_age)

    async def start(self) -> None:
        """Open the storage, without a word to it. Raises `LogboomError`: wrong options, or the extra is missing."""
        self._staging = ThreadPoolExecutor(1, thread_name_prefix="archive")
        self._uploads = ThreadPoolExecutor(self._config.uploads + 1, thread_name_prefix="archive-upload")
        self._target = await self._on(self._uploads, self._opened)
        self._data = await self._on(self._staging, self._home.identity)
        self._keeping_up = asyncio.create_task(self._keep_up())

    def encode(self, batch: LogBatch) -> pa.Table:
        """The records as columns of the archive. Raises ValueError: no object can have the name of their domain, which would hold back all others."""
        for domain in batch.column("domain").drop_nulls().unique():
            if len(domain_folder(domain)) > self._longest:
                raise ValueError(f"the name of the domain is too long for a folder of the archive: {domain[:40]}…")
        return table_of(batch)

    async def keep(self, partition: int, first: int, encoded: pa.Table) -> None:
        """Added to the run's files, encrypted where it is to be. Raises OSError, `KeysUnavailable`."""
        await self._on(self._staging, self._add, partition, first, encoded)

    async def send(self, request: OutboxRun) -> int:
        """Write its objects, those that are not written yet; how many. Raises `LogboomError` or OSError."""
        key = (request.partition, request.first)
        if key not in self._staged:
            self._staged[key] = await self._on(self._staging, self._finished, key)
        waiting = self._staged[key]
        written = [self._on(self._uploads, self._upload, staged, Cut(*request)) for staged in waiting]
        answers = await asyncio.gather(*written, return_exceptions=True)
        self._staged[key] = [staged for staged, answer in zip(waiting, answers, strict=True) if answer is not None]
        for answer in answers:
            if answer is not None:
                raise answer
        return len(answers)

    def classify(self, answer: object) -> Verdicts:
        """Of what the storage said."""
        match answer:
            case Refused():
                return [Blocked(str(answer))]
            case Busy():
                return [Retry(str(answer), throttled=True)]
            case LogboomError():
                return [Retry(str(answer))]
            case OSError():
                return [Retry(f"the files can't be written: {answer.strerror}")]
            case Exception():
                return [Retry(f"{type(answer).__name__}")]
            case _:
                return [Ok()]

    async def run_ended(self, run: OutboxRun) -> None:
        """Its files go."""
        key = (run.partition, run.first)
        self._staged.pop(key, None)
        staging = self._runs.pop(key, None)
        if staging is not None:
            await self._on(self._staging, staging.discard)

    @property
    def erasure_promise(self) -> str:
        """For people."""
        return (
            "objects that hold the records are written anew without them, and then deleted; a storage that keeps versions or deleted objects "
            "(bucket versioning, soft delete, object lock) keeps the old ones until its own rules let them go"
        )

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """One object. Raises while runs that were begun before it was asked for are not written: they may hold the records."""
        awaited = self._awaited.setdefault(erasure.id, set(self._runs)) & self._runs.keys()
        if awaited and not erasure.counts_only:
            raise LogboomError(
                "files that were begun before are not written yet: what is in them is erased when they are"
            )
        return await self._on(self._uploads, self._erase, erasure, after)

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:
        """Of one object."""
        assert self._target is not None
        return await self._on(self._uploads, find_subject, Catalog(self._target), erasure, after, self._keys)

    def _erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        assert self._target is not None
        with self._home.turn() as mine:
            if not mine:  # who joins small objects may write what is being erased into a new one
                raise LogboomError("another process looks after the archive at this moment")
            return erase(Catalog(self._target), erasure, after, self._data, self._home.folder / "erasing", self._keys)

    def counters(self) -> Mapping[str, int]:
        """Since this process began."""
        return dict(self._counters)

    async def shutdown(self) -> None:
        """What is staged comes again from the outbox."""
        self._stopping.set()
        if self._keeping_up is not None:
            self._keeping_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping_up
        for pool in (self._staging, self._uploads):
            if pool is not None:
                await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
        self._staging = self._uploads = None

    async def _on(self, pool: ThreadPoolExecutor | None, function: Callable[..., T], *arguments: Any) -> T:
        assert pool is not None, "not started"
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)

    def _opened(self) -> Target:
        return open_target(self._config.to, self._config.storage.options(), timeout_secs=self._config.timeout)

    def _add(self, partition: int, first: int, table: pa.Table) -> None:
        if self._config.encrypt:  # here, and not in `encode`: what is not kept is given again, until keys can be had
            assert self._keys is not None
            table = sealed(table, self._config.encrypt, self._keys)
        if partition not in self._partitions:  # what a predecessor staged comes again
            shutil.rmtree(self._home.staging(partition), ignore_errors=True)
            self._partitions.add(partition)
        staging = self._runs.get((partition, first))
        if staging is None:
            folder = self._home.staging(partition) / str(first)
            staging = self._runs[partition, first] = Staging(folder, self._config.memory, self._retention.classes)
        if sum(run.held_bytes for run in self._runs.values()) + table.nbytes > self._config.memory:
            max(self._runs.values(), key=lambda run: run.held_bytes).spill()
        staging.add(table)

    def _finished(self, key: Key) -> list[Staged]:
        return list(self._runs[key].finish())

    def _upload(self, staged: Staged, cut: Cut) -> Exception | None:
        """None: the archive has it."""
        name = str(ObjectName(staged.place, self._data, cut, staged.footer.digest))
        try:
            self._put(name, staged)
        except Exists:
            self._counters["archive_known_objects"] += 1
        except Exception as error:  # noqa: BLE001  classify knows
            return error
        return None

    def _put(self, name: str, staged: Staged) -> None:
        assert self._target is not None
        with staged.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                self._target.put(name, content, new=self._conditional)
            except Unconditional:  # the same records go over themselves
                self._conditional = False
                self._target.put(name, content)
            self._counters["archive_objects"] += 1
            self._counters["archive_bytes"] += len(content)

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(self._config.interval)
            try:
                await self._on(self._uploads, self._look_after, time.time())
            except LogboomError as error:
                log.warning("the archive is not kept up: %s", error)
            except Exception:
                log.exception("keeping the archive up failed")

    def _look_after(self, now: float) -> None:
        assert self._target is not None
        with self._home.turn() as mine:
            if not mine:
                return
            upkeep = Upkeep(
                Catalog(self._target), self._data, self._retention, self._config.join.joining(),
                self._home.folder / "joining", self._stopping.is_set,
            )  # fmt: skip
            self._counters["archive_deleted_objects"] += upkeep.run(now)
