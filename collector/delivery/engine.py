"""All exporters of a worker process: an event loop on a thread of its own, and a lane for each exporter."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import uvloop

from collector.batch import LogBatch
from collector.client_info import NOTHING, Wanted
from collector.component import Exporter
from collector.delivery.account import ExporterStatistics
from collector.delivery.config import DeliveryConfig
from collector.delivery.events import EventThrottle, ExporterEvent, OnEvent
from collector.delivery.hand import Hand
from collector.delivery.lane import Lane
from collector.delivery.loading import Told
from collector.delivery.request import Decode
from collector.journal.entry import Entry
from collector.ledger.interface import Ledger
from collector.ledger.quarantine import Quarantine
from collector.timeline import UNWATCHED, Watching

T = TypeVar("T")
Exporters = Mapping[str, tuple[Exporter, DeliveryConfig]]
Pool = Callable[[str, int], Executor]
_NOWHERE: Mapping[int, Path] = MappingProxyType({})
NONE_APART: Mapping[str, Wanted] = MappingProxyType({})
UNWATCHED_ALL: Mapping[str, Watching] = MappingProxyType({})
_BEAT_SECS = 1.0
_DRAIN_POLL_SECS = 0.02


def _threads(name: str, count: int) -> Executor:
    return ThreadPoolExecutor(count, thread_name_prefix=name)


def _decode(entries: Sequence[Entry]) -> LogBatch:
    from collector.pipeline.decode import decode  # loaded only when a request of payloads must be cut

    return decode(entries).batch


def _nothing() -> None:
    """Done when all before it is."""


def _ignore(event: ExporterEvent) -> None:
    """Nobody listens."""


class Engine:
    """The lanes on the running event loop. `Delivery` puts it on a thread; tests run it on a loop of their own.

    Args:
        exporters: id → (exporter, its options).
        ledgers: the partitions of this process, by number.
        on_event: told of blocked exporters and the like, at most once a minute for the same.
        beat: called each second from the loop, while every lane's loops live.
        pool: makes threads, by (name, how many).
        rng: jitter.
        partitions: the ledgers' directories by the same numbers, where it is noted what is in hand; none: a death is not remembered.
        quarantine: who else works in this process.
        kept_apart: exporter → what came with all records of one of its requests is the same, as far as this asks.
        operations: exporter → who is told what its requests spend their time on.
        lost: told of a partition that another process has taken; it is `remove`d then.
        in_touch: whether the partitions are surely still ours: asked before each call.
    """

    def __init__(
        self,
        exporters: Exporters,
        ledgers: Mapping[int, Ledger],
        *,
        on_event: OnEvent = _ignore,
        beat: Callable[[], None] = lambda: None,
        decode: Decode = _decode,
        pool: Pool = _threads,
        rng: random.Random | None = None,
        partitions: Mapping[int, Path] = _NOWHERE,
        quarantine: Quarantine | None = None,
        kept_apart: Mapping[str, Wanted] = NONE_APART,
        operations: Mapping[str, Watching] = UNWATCHED_ALL,
        lost: Told = lambda _: None,
        in_touch: Callable[[], bool] = lambda: True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledgers = dict(ledgers)
        self._events = EventThrottle(on_event, self._loop.time)
        self._beat = beat
        self._ledger_thread = pool("delivery-ledger", 1)
        quarantine = quarantine or Quarantine()
        jitter = rng or random.Random()  # noqa: S311  not for secrets
        self._lanes = [
            Lane(
                id_,
                exporter,
                config,
                self._ledgers,
                run=self._on_ledger_thread,
                pool=pool,
                decode=decode,
                events=self._events,
                rng=jitter,
                hand=Hand(id_, partitions, quarantine),
                kept_apart=kept_apart.get(id_, NOTHING),
                operations=operations.get(id_, UNWATCHED),
                lost=lost,
                in_touch=in_touch,
            )
            for id_, (exporter, config) in exporters.items()
        ]
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start every exporter and deliver. Raises what an exporter's `start` raises."""
        self._ticking = asyncio.create_task(self._tick())
        for lane in self._lanes:
            await lane.start()

    def notify(self, partition: int | None = None) -> None:
        """There may be new entries in the outbox of that partition, or in any."""
        for lane in self._lanes:
            lane.notify(partition)

    def add(self, number: int, ledger: Ledger, place: Path | None) -> None:
        """One partition more, which was not here or was `remove`d."""
        self._ledgers[number] = ledger
        for lane in self._lanes:
            lane.include(number, place)

    async def remove(self, number: int, deadline_secs: float = 0.0) -> None:
        """A partition goes. Within the deadline (0: at once, it is another's) what is on its way ends and is acknowledged; the rest, and
        what ends later, is as if it had not been. Behind this nobody here calls its ledger."""
        if deadline_secs:
            await asyncio.gather(*(lane.shut(number, deadline_secs) for lane in self._lanes))
        for lane in self._lanes:
            await lane.leave(number)
        self._ledgers.pop(number, None)
        await self._on_ledger_thread(_nothing)  # what was under way there has ended

    async def drain(self, timeout_secs: float) -> bool:
        """Deliver what the outboxes hold; whether all of it went out. Exporters in trouble are not waited for."""
        for lane in self._lanes:
            lane.hurry()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_secs):
                while not all(lane.settled for lane in self._lanes):  # noqa: ASYNC110  many conditions, once in a life
                    await asyncio.sleep(_DRAIN_POLL_SECS)
        return all(lane.settled and lane.statistics().state == "ok" for lane in self._lanes)

    async def stop(self, deadline_secs: float) -> None:
        """Finish the calls under way, persist progress, close the exporters."""
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.gather(*(lane.stop(deadline_secs) for lane in self._lanes), return_exceptions=True)
        self._events.flush(everything=True)
        self._ledger_thread.shutdown(wait=False)

    def statistics(self) -> dict[str, ExporterStatistics]:
        """Exporter id → how it stands."""
        return {lane.id: lane.statistics() for lane in self._lanes}

    async def _tick(self) -> None:
        while True:
            if all(lane.alive for lane in self._lanes):
                self._beat()
            self._events.flush()
            await asyncio.sleep(_BEAT_SECS)

    async def _on_ledger_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._loop.run_in_executor(self._ledger_thread, function, *arguments)


class Delivery:
    """`Engine` on a uvloop thread. All methods may be called from any thread; `shutdown` twice and without `start`.

    `last_beat` is `time.monotonic()` of the loop's last sign of life: over some seconds old means that it hangs.
    """

    def __init__(
        self,
        exporters: Exporters,
        ledgers: Mapping[int, Ledger],
        *,
        on_event: OnEvent = _ignore,
        decode: Decode = _decode,
        partitions: Mapping[int, Path] = _NOWHERE,
        quarantine: Quarantine | None = None,
        kept_apart: Mapping[str, Wanted] = NONE_APART,
        operations: Mapping[str, Watching] = UNWATCHED_ALL,
        lost: Told = lambda _: None,
        in_touch: Callable[[], bool] = lambda: True,
    ) -> None:
        self._make: Callable[[], Engine] = lambda: Engine(
            exporters, ledgers, on_event=on_event, beat=self._beat, decode=decode, partitions=partitions,
            quarantine=quarantine, kept_apart=kept_apart, operations=operations, lost=lost, in_touch=in_touch,
        )  # fmt: skip
        self._started: Future[None] = Future()
        self._stop = asyncio.Event()
        self._deadline_secs = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self.last_beat = time.monotonic()

    def start(self) -> None:
        """Start the exporters and begin to deliver. Raises what an exporter's `start` raises."""
        self._thread.start()
        self._started.result()

    def notify(self, partition: int | None = None) -> None:
        """The outbox of that partition has new entries, or any may have."""
        if self._engine is not None:
            self._on_loop(partial(self._engine.notify, partition))

    def add(self, number: int, ledger: Ledger, place: Path | None) -> None:
        """Deliver of one partition more. Between `start` and `shutdown`."""
        assert self._engine is not None, "added before start"
        engine = self._engine

        async def added() -> None:
            engine.add(number, ledger, place)

        self.run(added()).result()

    def remove(self, number: int, deadline_secs: float = 0.0) -> None:
        """A partition goes (see `Engine.remove`); when this returns its ledger may be closed. Between `start` and `shutdown`."""
        assert self._engine is not None, "removed before start"
        self.run(self._engine.remove(number, deadline_secs)).result()

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Something beside delivery, on its event loop, where exporters live. From any thread, between `start` and `shutdown`."""
        assert self._loop is not None, "run before start"
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def drain(self, timeout_secs: float) -> bool:
        """Wait until everything in the outboxes is delivered; False when some of it is not.

        Exporters whose destination is in trouble are not waited for. Call it before `shutdown` when intake has ended.
        """
        if self._engine is None or self._loop is None or not self._thread.is_alive():
            return False
        draining = asyncio.run_coroutine_threadsafe(self._engine.drain(timeout_secs), self._loop)
        try:
            return draining.result(timeout_secs + _BEAT_SECS)
        except TimeoutError:
            return False

    def shutdown(self, deadline_secs: float) -> None:
        """Send nothing more; let calls under way finish within the deadline; persist progress.

        What did not end stays in the outbox.
        """
        if not self._thread.is_alive():
            return
        self._deadline_secs = deadline_secs
        self._on_loop(self._stop.set)
        self._thread.join()

    def statistics(self) -> dict[str, ExporterStatistics]:
        """Exporter id → how it stands; empty before `start`."""
        return self._engine.statistics() if self._engine is not None else {}

    def _on_loop(self, function: Callable[[], None]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
            self._loop.call_soon_threadsafe(function)

    def _beat(self) -> None:
        self.last_beat = time.monotonic()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        engine = self._make()
        try:
            await engine.start()
        except Exception as error:  # noqa: BLE001  start() raises it
            await engine.stop(0)
            self._started.set_exception(error)
            return
        self._engine = engine
        self._started.set_result(None)
        await self._stop.wait()
        await engine.stop(self._deadline_secs)
