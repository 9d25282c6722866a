"""One exporter's own lane, from the outbox to its last answer. Lanes share nothing that one of them could hold up.

Feed (memory budget) ──► Sieve (select) ──► Batcher ──► num_consumers of Sender ──► Account ──► Progress (acks, every 200 ms)
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from collector.batch import LogBatch
from collector.client_info import NOTHING, Wanted
from collector.component import Addressed, Exporter, Gathers, KeepsReceipts, OutboxRun, TakesEvents
from collector.delivery.account import Account, ExporterStatistics, State
from collector.delivery.batcher import Batcher
from collector.delivery.config import DeliveryConfig
from collector.delivery.encoding import Encoding
from collector.delivery.events import EventKind, EventThrottle
from collector.delivery.feed import LOOK_SECS, Feed
from collector.delivery.gathering import Gathering, Keeping
from collector.delivery.hand import POISON, Hand
from collector.delivery.loading import Loader, Run, Told
from collector.delivery.progress import Progress
from collector.delivery.receipts import Receipts
from collector.delivery.request import Decode, Part, Pending, Request
from collector.delivery.rows import Rows
from collector.delivery.sender import Sender
from collector.delivery.shaping import shape_of
from collector.delivery.sieve import Sieve
from collector.delivery.turns import Turn
from collector.ledger.interface import Ledger
from collector.ledger.pieces import StoredBatch
from collector.outcomes import Outcome
from collector.timeline import UNWATCHED, Watching

_AGAIN_SECS = 1.0
_SHUT_POLL_SECS = 0.01


class Lane:
    """Lifecycle: `start` → `notify` … → `stop`. Belongs to one event loop.

    Args:
        id: the exporter's id.
        run: calls a function on the ledgers' thread.
        pool: makes the exporter's own threads.
        hand: remembers what is being worked on.
        kept_apart: what came with all records of a request is the same, as far as this asks.
        operations: is told what requests spend their time on.
        lost: is told of a partition that another process has taken.
        in_touch: whether the partitions are surely still ours.
    """

    def __init__(
        self,
        id: str,  # noqa: A002  the word of the configuration
        exporter: Exporter,
        config: DeliveryConfig,
        ledgers: Mapping[int, Ledger],
        *,
        run: Run,
        pool: Callable[[str, int], Executor],
        decode: Decode,
        events: EventThrottle,
        rng: random.Random,
        hand: Hand,
        kept_apart: Wanted = NOTHING,
        operations: Watching = UNWATCHED,
        lost: Told = lambda _: None,
        in_touch: Callable[[], bool] = lambda: True,
    ) -> None:
        queue = config.sending_queue
        self.id = id
        self._exporter = exporter
        self._events = events
        self._pool = pool(f"encode-{id}", min(2, queue.consumers))
        self._batcher = Batcher(queue)
        self._hand = hand
        self._loader = Loader(id, ledgers, run, hand, self._unread, lost)
        receipts = Receipts(id, exporter, ledgers, run) if isinstance(exporter, KeepsReceipts) else None
        self._receipts = receipts
        self._progress = Progress(id, ledgers, run, self._ledger_failed, hand.settled, receipts=receipts, lost=lost)
        gathers = exporter if isinstance(exporter, Gathers) else None
        self._feed = Feed(self._loader, ledgers.keys(), queue.max_in_flight_bytes, hand, everywhere=gathers is not None)
        self._gathering = None if gathers is None else Gathering(gathers, self._progress, self._feed, self._deliver_run)
        self._account = Account(self._feed, self._progress, asyncio.get_running_loop().time, self._gathering)
        encoding = Encoding(exporter, decode, self._pool, shape_of(config), receipts)
        takes = exporter.takes_events if isinstance(exporter, TakesEvents) else ()
        addressee = id if config.events is None and isinstance(exporter, Addressed) and exporter.addressed else ""
        self._sieve = Sieve(config, encoding, self._account, self._emit, hand, takes, addressee)
        self._rows = Rows(exporter, encoding, self._account, self._emit, kept_apart)
        self._sender = Sender(
            exporter if gathers is None else Keeping(gathers), config, encoding, self._account, self._emit, hand, rng,
            self._batcher.stay_below, receipts, self._rows.overtaken, kept_apart,
            None if gathers is None else self._account.keep, operations, id, in_touch,
        )  # fmt: skip
        self._senders = [self._sender]
        if gathers is not None:  # what goes to the destination: one that refuses it stops nobody who keeps
            self._senders.append(
                Sender(
                    exporter,
                    config,
                    encoding,
                    self._account,
                    self._emit,
                    hand.forgetful(),
                    rng,
                    lambda _: None,
                    operations=operations,
                    name=id,
                    in_touch=in_touch,
                )
            )
        self._slots = asyncio.Semaphore(queue.consumers)
        self._requests: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the exporter, then deliver. Raises what the exporter's `start` raises."""
        await self._exporter.start()
        self._services = [asyncio.create_task(self._deliver()), asyncio.create_task(self._progress.run())]

    def notify(self, partition: int | None = None) -> None:
        """There may be new entries in the outbox of that partition, or in any."""
        self._feed.notify(partition)

    def include(self, source: int, place: Path | None) -> None:
        """Deliver of one partition more."""
        if place is not None:
            self._hand.include(source, place)
        self._progress.include(source)
        self._feed.include(source)

    async def shut(self, source: int, deadline_secs: float) -> None:
        """Read nothing more of a partition; let what is on its way end, if the destination takes anything, and persist that."""
        self._feed.shut(source)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_secs):
                while self._feed.holds(source) and not self._in_trouble:  # noqa: ASYNC110  many conditions, once in a while
                    await asyncio.sleep(_SHUT_POLL_SECS)
        await self._progress.persist(source)

    async def leave(self, source: int) -> None:
        """Nothing is known of a partition any more; what of it is on its way ends without a word."""
        self._feed.leave(source)
        self._progress.leave(source)
        self._hand.leave(source)
        if self._receipts is not None:
            self._receipts.leave(source)
        if self._gathering is not None:
            await self._gathering.leave(source)

    @property
    def alive(self) -> bool:
        """Its loops go on; one that ended by itself is a defect, and only a new process mends it."""
        return not any(task.done() for task in self._services)

    @property
    def settled(self) -> bool:
        """Nothing waits that could be delivered now: all is done, or the destination is in trouble."""
        if self._in_trouble:
            return True
        return self._feed.drained and not self._feed.held_records and not self._requests

    @property
    def _in_trouble(self) -> bool:
        return any(sender.gate.reason is not None or sender.retrying for sender in self._senders)

    def hurry(self) -> None:
        """Nothing more comes: what waits to be sent together goes now."""
        if self._gathering is not None:
            self._gathering.hurried = True
        self.notify()

    async def stop(self, deadline_secs: float) -> None:
        """Send nothing more, let calls under way finish until the deadline, persist progress, close the exporter."""
        for sender in self._senders:
            sender.stopping = True
        if self._services:
            delivering, persisting = self._services
            await _cancel([delivering])
            calling = {task for sender in self._senders for task in sender.calling}
            await _cancel([task for task in self._under_way if task not in calling])
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=deadline_secs)
            await _cancel(list(self._under_way))
            await self._progress.stop(persisting)
            self._services = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(1.0, deadline_secs)):
                await self._exporter.shutdown()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._hand.close()

    def statistics(self) -> ExporterStatistics:
        """A consistent look; call it on the loop's thread or accept values of neighbouring moments."""
        senders, account = self._senders, self._account
        blocked = next((sender.gate.reason for sender in senders if sender.gate.reason is not None), None)
        state: State = "ok"
        if blocked is not None:
            state = "blocked"
        elif any(sender.retrying for sender in senders):
            state = "retrying"
        return ExporterStatistics(
            state=state,
            reason=blocked or account.last_error,
            queued_records=self._feed.held_records,
            queued_bytes=self._feed.held_bytes,
            requests=len(self._under_way),
            sent=account.ended[Outcome.EXPORTED],
            left_out=account.left_out,
            failed_attempts=account.failed_attempts,
            dead_lettered=account.ended[Outcome.DEAD_LETTERED],
            dropped=account.ended[Outcome.DROPPED],
            filtered=account.ended[Outcome.FILTERED],
            concurrency=senders[-1].concurrency.limit,
            moved=account.moved,
        )

    async def _deliver(self) -> None:
        """Read, join, send, for ever."""
        flush_at: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            pendings = await self._read()
            for pending in pendings:
                await self._admit(pending)
            if not self._batcher.waiting:
                flush_at = None
            elif flush_at is None:
                flush_at = loop.time() + self._batcher.flush_timeout
            if flush_at is not None and (self._feed.full or loop.time() >= flush_at):
                flush_at = None
                for request in self._batcher.flush():
                    await self._dispatch(request)
            looks_secs = LOOK_SECS if self._gathering is None else min(LOOK_SECS, self._gathering.tick())
            if not pendings:
                await self._feed.wait(looks_secs if flush_at is None else min(looks_secs, flush_at - loop.time()))

    async def _admit(self, pending: Pending) -> None:
        if self._gathering is not None:
            await self._gathering.enter(pending)
        if pending.lost:
            return
        self._account.begin(pending)
        content = pending.entry.content
        if not isinstance(content, StoredBatch):
            await self._take(Part.whole(pending))
            return
        at = 0
        while at < len(content) and not pending.lost:
            part = await self._piece(pending, at)
            if pending.lost:
                return
            at += part.records
            await self._take(part)
            await self._finish()

    async def _piece(self, pending: Pending, at: int) -> Part:
        while True:
            try:
                return await self._loader.piece(pending, at)
            except Exception as error:  # noqa: BLE001  as for a read: it is tried again
                if pending.lost:
                    return Part(pending, (), 0, 0, at)
                self._ledger_failed(error)
                await asyncio.sleep(_AGAIN_SECS)

    async def _finish(self) -> None:
        """Until nothing is held any more."""
        for request in self._batcher.flush():
            await self._dispatch(request)
        if self._requests:
            await asyncio.wait(self._requests)

    async def _take(self, part: Part) -> None:
        try:
            passed = await self._sieve.passed(part)
        except Exception as error:  # noqa: BLE001  the entry stays in the outbox, and the lane goes on
            self._emit(EventKind.FAILED, f"decoding raised {type(error).__name__}", 1)
            return
        if passed is not None and self._hand.suspects(passed.pending):
            await self._with_care(passed)
            return
        for key, part in await self._rows.apart(passed) if passed is not None else ():
            run = None if part.pending.run is None else (part.pending.source, part.pending.run)
            for request in self._batcher.add(part, key if run is None else (run, key)):
                await self._dispatch(request)

    async def _with_care(self, part: Part) -> None:
        """The worker died with this entry in hand: piece by piece, each by itself."""
        for request in self._batcher.flush():
            await self._dispatch(request)
        size, at = self._hand.small(part.pending), 0
        while at < len(part.content):
            units = self._rows.alike(part, at, size if isinstance(part.content, LogBatch) else 1)
            request = Request((part.slice(at, units),))
            at += len(request.parts[0].content)
            if self._hand.poison(request):
                await self._sender.set_aside(request)
            else:
                await asyncio.wait({await self._dispatch(request)})

    async def _read(self) -> list[Pending]:
        try:
            return await self._feed.read()
        except Exception as error:  # noqa: BLE001  the outbox is tried again; the entries are not lost
            self._ledger_failed(error)
            await asyncio.sleep(_AGAIN_SECS)
            return []

    async def _dispatch(self, request: Request) -> asyncio.Task[None]:
        turn = await self._rows.turn(request)
        if turn is None:
            await self._slots.acquire()
        task = asyncio.create_task(
            self._sender.deliver(request) if turn is None else self._deliver_in_turn(request, turn)
        )
        self._requests.add(task)
        task.add_done_callback(self._dispatched if turn is None else self._ended)
        return task

    async def _deliver_in_turn(self, request: Request, turn: Turn) -> None:
        """What waits for others of its key holds no place: those of other keys pass it. How much waits is bounded by the feed."""
        async with turn.taken(self._rows.gathering_secs), self._slots:
            await self._sender.deliver(request)

    async def _deliver_run(self, request: Request, run: OutboxRun) -> None:
        try:
            await self._senders[-1].deliver_encoded(request, run)
        except Exception as error:  # noqa: BLE001  its entries stay in the outbox
            self._emit(EventKind.FAILED, f"delivery raised {type(error).__name__}", 1)

    @property
    def _under_way(self) -> set[asyncio.Task[None]]:
        """Requests, and runs that are sent."""
        return self._requests if self._gathering is None else self._requests | self._gathering.tasks

    def _dispatched(self, task: asyncio.Task[None]) -> None:
        self._slots.release()
        self._ended(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._requests.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._emit(EventKind.FAILED, f"delivery raised {type(error).__name__}", 1)

    def _unread(self, outcome: str, records: int) -> None:
        self._account.unread(outcome, records, POISON)
        self._emit(EventKind.REJECTED if outcome == Outcome.DEAD_LETTERED else EventKind.DROPPED, POISON, records)

    def _ledger_failed(self, error: Exception) -> None:
        self._emit(EventKind.LEDGER, f"{type(error).__name__}: {error}", 1)

    def _emit(self, kind: EventKind, reason: str, count: int) -> None:
        self._events.emit(kind, self.id, reason, count)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
