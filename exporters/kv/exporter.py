"""Batches into the view, the view's changes into KV."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple, TypeVar
from urllib.parse import quote

import orjson
import polars as pl

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Context, ErasedSlice, Erasure, FoundSlice, StoreMark
from collector.outcomes import Ok, Retry, Verdicts
from collector.store.describing import Described, described, listed
from collector.transport import cloudflare
from collector.transport.cloudflare import Answer, CloudflareClient
from exporters.kv.config import KvConfig
from exporters.kv.described import SHOWN
from exporters.kv.records import viewed
from exporters.kv.view import Change, Shape, View

_MAX_BODY_BYTES = 90_000_000
_MAX_ANSWER_BYTES = 8 << 20
_KEYS_READ = 20
_MAX_READ_BYTES = 64 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unwritten:
    """KV took some keys and not these."""

    keys: int


class Viewed(NamedTuple):
    """A request: records as `exporters.kv.records.viewed`, and what events among them describe."""

    records: pl.DataFrame
    described: Sequence[Described] = ()


class KvExporter:
    """`encode`: batch → lines. `send`: into the view (each record once, however often it comes), then one bulk write of
    the keys that changed. Sends that wait for their turn find their keys written already by the one before."""

    takes_events = ALL_EVENTS
    erasure_promise = (
        "lines whose text holds the value as a word are taken out, for they have no attributes; copies at Cloudflare's edges are stale for a"
        " minute; what is not written again goes with its TTL"
    )

    def __init__(self, config: KvConfig, context: Context) -> None:
        self._config = config
        name = hashlib.blake2b(f"{context.id}\0{config.namespace_id}".encode(), digest_size=8).hexdigest()
        shape = Shape(config.prefix, config.recent, config.chunk, config.max_components, described=config.described)
        self._view = View(context.data_dir / f"kv-{name}.db", shape)
        self._client = CloudflareClient(config, context.data_dir)
        self._path = f"/storage/kv/namespaces/{quote(config.namespace_id, safe='')}/bulk"
        self._written: dict[str, float] = {}
        self._adopting, self._turn = asyncio.Lock(), asyncio.Lock()
        self._thread: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Open the view; nothing is asked of KV yet. A view that can't be opened (the disk is full) is left to the first
        `send`: it stops nothing but this exporter."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kv")
        with contextlib.suppress(OSError, sqlite3.OperationalError):
            await self._on_thread(self._view.open)
        await self._client.start()

    def encode(self, batch: LogBatch) -> Viewed:
        """Lines and the columns that are counted, and what events describe; not what tables of a database are for."""
        told = described(batch, self._config.max_body_size, SHOWN)
        return Viewed(viewed(listed(batch), self._config.max_body_size), told)

    async def send(self, request: Viewed) -> Answer | Unwritten | None:
        """The answer of the last bulk write; None when there was nothing to write."""
        await self._on_thread(self._view.refresh)
        if failure := await self._adopt(request):
            return failure
        await self._on_thread(self._view.add, *request)
        domains = request.records.get_column("domain").unique().to_list()
        async with self._turn:
            answer: Answer | Unwritten | None = None
            while found := await self._on_thread(self._view.changes, domains):
                changes = _within(found, _MAX_BODY_BYTES)
                await self._pace(changes)
                answer = await self._write(changes)
                if isinstance(answer, Unwritten) or not answer.succeeded:
                    break
            return answer

    def classify(self, answer: Answer | Unwritten | Exception | None) -> Verdicts:
        """`Retry` after keys were refused sends the same records: the view knows them, and only those keys are left."""
        if answer is None:
            return [Ok()]
        if isinstance(answer, Unwritten):
            return [Retry(f"KV did not take {answer.keys} keys")]
        return [cloudflare.verdict(answer)]

    def marks(self) -> Mapping[str, StoreMark]:
        """Of the view, once it was opened: KV has a copy of it."""
        mark = self._view.mark
        return {} if mark is None else {"": mark}

    async def erase(self, erasure: Erasure, after: str) -> ErasedSlice:
        """See `ErasesSubjects`. A view is small: they are counted, and then taken out of it, and of KV. What KV does not take is written by the
        next attempt."""
        await self._on_thread(self._view.refresh)
        if not after:
            found, newest = await self._on_thread(self._view.held, erasure)
            return ErasedSlice(found, None if erasure.counts_only else str(newest))
        await self._on_thread(self._view.erase, erasure, int(after))
        async with self._turn:
            while left := await self._on_thread(self._view.changes, [erasure.domain]):
                changes = _within(left, _MAX_BODY_BYTES)
                await self._pace(changes)
                answer = await self._write(changes)
                if isinstance(answer, Unwritten) or not answer.succeeded:
                    raise OSError("KV did not take all keys")
        return ErasedSlice(0, None)

    async def find_subject(self, erasure: Erasure, after: str) -> FoundSlice:  # noqa: ARG002
        """See `ErasesSubjects`: nothing is only here, it is a copy of what is newest."""
        return FoundSlice((), None)

    async def shutdown(self) -> None:
        """Safe twice, and without `start`."""
        await self._client.close()
        if self._thread is not None:
            await self._on_thread(self._view.close)
            self._thread.shutdown()
            self._thread = None

    async def _adopt(self, request: Viewed) -> Answer | None:
        """Read what KV has and a new view does not know; the answer that was no success, if there was one."""
        if not await self._on_thread(self._view.wanted, *request):
            return None
        async with self._adopting:
            wanted = await self._on_thread(self._view.wanted, *request)  # another send may have been faster
            for first in range(0, len(wanted), _KEYS_READ):
                page = wanted[first : first + _KEYS_READ]
                body = orjson.dumps({"keys": [one.key for one in page]})
                answer = await self._client.call("POST", f"{self._path}/get", body, max_answer_bytes=_MAX_READ_BYTES)
                if not answer.succeeded:
                    return answer
                values = answer.result.get("values") if isinstance(answer.result, dict) else None
                if not isinstance(values, dict):  # "nothing there" would be written over what is there
                    return replace(answer, succeeded=False, message="the answer holds no values")
                await self._on_thread(self._view.adopt, page, values)
        return None

    async def _write(self, changes: Sequence[Change]) -> Answer | Unwritten:
        config = self._config
        ttl = {"recent": config.recent_ttl, "counts": config.counts_ttl, "described": config.described_ttl}
        pairs = [
            {"key": one.key, "value": one.value, "expiration_ttl": int(ttl[one.kind]), "metadata": one.metadata}
            for one in changes
        ]
        answer = await self._client.call("PUT", self._path, orjson.dumps(pairs), max_answer_bytes=_MAX_ANSWER_BYTES)
        if not answer.succeeded:
            return answer
        refused = set((answer.result or {}).get("unsuccessful_keys") or [])
        await self._on_thread(self._view.published, [one for one in changes if one.key not in refused])
        return Unwritten(len(refused)) if refused else answer

    async def _pace(self, changes: Sequence[Change]) -> None:
        """Wait until every key may be written again, and note that it is."""
        last = max((self._written.get(change.key, 0.0) for change in changes), default=0.0)
        wait = last + self._config.min_write_interval - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        now = asyncio.get_running_loop().time()
        self._written = {key: at for key, at in self._written.items() if at > now - self._config.min_write_interval}
        self._written.update((change.key, now) for change in changes)

    async def _on_thread(self, function: Callable[..., T], *arguments: object) -> T:
        assert self._thread is not None, "used before start"
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


def _within(changes: Sequence[Change], most_bytes: int) -> Sequence[Change]:
    """As many as one call takes, one at least."""
    ends = list(accumulate(len(change.value) * 2 + 1024 for change in changes))  # quotes are escaped
    return changes[: max(1, bisect_right(ends, most_bytes))]
