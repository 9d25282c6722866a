"""Sends requests of one exporter until each record has ended: the five outcomes.

    encode ► concurrency ► gate ► send (timeout) ► classify ─┬ ok       the items are delivered
       ▲                                                     ├ retry    only those items again, after a back-off
       │                                                     ├ split    two halves; a single record becomes a dead letter
       └─────────────────────────────────────────────────────┴ blocked  everything again, once a probe gets through
                                                               reject   those items become dead letters

A record that makes `encode` or `classify` raise is found by halving and becomes a dead letter. `MemoryError` and `OSError`
say nothing of the records: `encode` is tried again with less in hand, later and later; a record that fails alone while
others are encoded (`shortage`), and what kills the worker three times (`hand`), is set aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from collector.client_info import NOTHING, SENT_WITH, ClientInfo, Wanted
from collector.component import Exporter
from collector.delivery.account import Account
from collector.delivery.attempts import Attempts
from collector.delivery.clients import client_of
from collector.delivery.concurrency import Concurrency
from collector.delivery.config import DeliveryConfig
from collector.delivery.encoding import Encoding
from collector.delivery.events import EventKind
from collector.delivery.gate import Gate
from collector.delivery.hand import POISON, Hand
from collector.delivery.reading import Reading, read
from collector.delivery.receipts import Receipts
from collector.delivery.request import Request
from collector.delivery.schedule import GaveUp, Schedule
from collector.delivery.search import Search
from collector.delivery.shortage import Shortage
from collector.errors import Unsendable
from collector.ledger.marker import STRIKES
from collector.outcomes import Items, Outcome, Reject, Retry, Split, Superseded
from collector.timeline import UNWATCHED, Attributes, Watching

_AGAIN_SECS = 1.0
_TOUCH_SECS = 0.1
DELIVER = "deliver"
SUPERSEDED = f"{Outcome.DROPPED}:superseded"

Emit = Callable[[EventKind, str, int], None]


class Stopping(Exception):
    """Delivery stops: what has not ended stays in the outbox."""


class _Departed(Exception):
    """Some of the request belongs to a partition that this process has no more: the rest is encoded by itself."""


class Sender:
    """Delivers requests; any number of `deliver` may run at once.

    `calling` holds the tasks that wait for the destination's answer: a shutdown lets those finish. Once `stopping`
    is set nothing more is sent. `learned` is told of a size that the destination takes, when it refused a larger request
    for its size. `overtaken` knows the records of which something newer waits. `taken` is told of what the destination took. `operations` is told what requests spend their
    time on, and whose they are: of the exporter `name`. While `in_touch` says no, nothing is sent: others may have begun to.
    """

    def __init__(
        self,
        exporter: Exporter,
        config: DeliveryConfig,
        encoding: Encoding,
        account: Account,
        emit: Emit,
        hand: Hand,
        rng: random.Random,
        learned: Callable[[int], None],
        receipts: Receipts | None = None,
        overtaken: Callable[[Request], Awaitable[Items]] | None = None,
        kept_apart: Wanted = NOTHING,
        taken: Callable[[Request], None] | None = None,
        operations: Watching = UNWATCHED,
        name: str = "",
        in_touch: Callable[[], bool] = lambda: True,
    ) -> None:
        self._exporter = exporter
        self._config = config
        self._encoding = encoding
        self._account = account
        self._emit = emit
        self._hand = hand
        self._rng = rng
        self._shortage = Shortage(config.retry_on_failure, rng)
        self._learned = learned
        self._receipts = receipts
        self._overtaken = overtaken
        self._kept_apart = kept_apart
        self._taken = taken or partial(account.end, outcome=Outcome.EXPORTED)
        self._operations, self._name = operations, name
        self._in_touch = in_touch
        self.concurrency = Concurrency(config.sending_queue.consumers)
        self.gate = Gate(config.retry_on_failure, rng)
        self.calling: set[asyncio.Task[Any]] = set()
        self.retrying = 0
        self.stopping = False
        self._away = False

    async def deliver(self, request: Request) -> None:
        """Returns when every record of the request has ended, or when delivery stops."""
        stack = [request]
        search = Search()
        with contextlib.suppress(Stopping):
            while stack:
                piece = stack.pop().ours()
                if search.hopeless is not None:
                    self._bury(await self._decoded(piece), search.hopeless)
                    continue
                pieces = await self._deliver(piece, search)
                if len(pieces) == 1:  # to be tried again, behind all others
                    stack.insert(0, pieces[0])
                else:
                    stack.extend(reversed(pieces))
            if search.size_taken is not None:
                self._learned(search.size_taken)

    async def deliver_encoded(self, request: Request, encoded: Any) -> None:
        """Send what is encoded already, as a whole, until it has ended or delivery stops."""
        schedule, attempts = Schedule(self._config, self._rng), Attempts(request.records)
        with contextlib.suppress(Stopping, _Departed):
            while (reading := await self._repeat(request, encoded, schedule, attempts)) is not None:
                if len(reading.delivered) == request.records:
                    self._taken(request)
                    return
                self._emit(EventKind.FAILED, "classify spoke of a part of what is sent as a whole", 1)
                await asyncio.sleep(_AGAIN_SECS)

    async def set_aside(self, request: Request) -> None:
        """The worker died with it in hand, again and again: it becomes a dead letter; if even that kills, it is dropped."""
        if self._hand.strikes(request) > STRIKES:
            self._account.end(request, f"{Outcome.DROPPED}:{POISON}")
            self._emit(EventKind.DROPPED, POISON, request.records)
            return
        with await self._hand.holding(request):
            self._bury(await self._decoded(request), POISON)

    async def _deliver(self, request: Request, search: Search) -> tuple[Request, ...]:
        """Send until all has ended or it must be cut; gives the pieces. One: it could not be encoded now."""
        if not self._encoding.ready(request):
            with await self._hand.holding(request):
                request = await self._decoded(request)
        request = await self._without_overtaken(request)
        timeline = self._operations.begin(DELIVER)
        attempts = Attempts(request.records, timeline)
        told: Attributes = {
            "logboom.exporter": self._name,
            "logboom.records": request.records,
            "logboom.bytes": request.size_bytes,
        }
        try:
            return await self._deliver_noting(request, search, attempts)
        finally:
            self._operations.end(timeline, lambda: told)

    async def _deliver_noting(self, request: Request, search: Search, attempts: Attempts) -> tuple[Request, ...]:
        schedule = Schedule(self._config, self._rng)
        while request.records:
            try:
                with await self._hand.holding(request, freely=attempts.begun):
                    encoded = await self._encoding.encode(request)
                self._shortage.passed(request)
                attempts.timeline.lap("encode")
            except (MemoryError, OSError) as error:
                return await self._with_less(request, self._crash("encode", error))
            except Exception as error:  # noqa: BLE001  whatever an exporter raises, the record is set aside
                return await self._cut(request, self._crash("encode", error), search)
            try:
                reading = await self._repeat(request, encoded, schedule, attempts)
            except _Departed:
                request = request.ours()
                attempts = Attempts(request.records, attempts.timeline)
                continue
            if reading is None:
                return ()
            if reading.split is not None:
                if reading.too_large:
                    search.too_large()
                return await self._cut(request, reading.split, search)
            search.found_good(len(reading.delivered), request.size_bytes)
            self._remember(request, reading)
            request = await self._settle(request, reading)
            attempts.left(reading)
            if request.records and not await self._pause(request, schedule, reading):
                return ()
        return ()

    async def _without_overtaken(self, request: Request) -> Request:
        if self._overtaken is None or not request.records:
            return request
        items = await self._overtaken(request)
        if not len(items):
            return request
        return await self._settle(request, read([Superseded(items), Retry("")], request.records))

    async def _overtaken_whole(self, request: Request) -> bool:
        """Something newer came while it waited: for its next attempt, or for a destination that refuses everything."""
        return self._overtaken is not None and len(await self._overtaken(request)) == request.records

    def _remember(self, request: Request, reading: Reading) -> None:
        if reading.receipts and self._receipts is not None:
            try:
                self._receipts.tell(request, reading.receipts)
            except ValueError as error:  # the records are delivered all the same
                self._emit(EventKind.FAILED, str(error), 1)
            except Exception as error:  # noqa: BLE001  of the exporter's own `order_by`
                self._emit(EventKind.FAILED, f"order_by raised {type(error).__name__}", 1)

    async def _repeat(self, request: Request, encoded: Any, schedule: Schedule, attempts: Attempts) -> Reading | None:
        """Send the same bytes until the answer is about its records; None when it was given up."""
        while True:
            reading = await self._attempt(request, encoded, attempts)
            if reading.blocked is not None:
                schedule.restart()
            elif len(reading.retry) < request.records:
                return reading
            elif not await self._pause(request, schedule, reading):
                return None

    async def _with_less(self, request: Request, reason: str) -> tuple[Request, ...]:
        """There was no memory or no disk to encode it. After a pause: its halves; a single record once more, until it is to
        blame."""
        self._stop_here()
        await asyncio.sleep(self._shortage.pause_secs())
        if request.undecoded and request.halves() is None:
            request = await self._decoded(request)
        halves = request.halves()
        if halves is None and self._shortage.blames(request):
            self._bury(request, reason)
            return ()
        return halves or (request,)

    async def _attempt(self, request: Request, encoded: Any, attempts: Attempts) -> Reading:
        records = request.records
        async with self.concurrency.entered() as epoch, self.gate.passing():
            await self._allowed(request)
            if await self._overtaken_whole(request):
                return read([Superseded()], records)
            with await self._hand.holding(request, freely=attempts.begun):
                reading, answer = await self._answered(request, encoded, attempts)
            self._watch(reading, records)
            self._adapt(reading, answer, epoch)
            return reading

    async def _answered(self, request: Request, encoded: Any, attempts: Attempts) -> tuple[Reading, Any]:
        """What one call says, and its answer."""
        self._stop_here()
        attempts.begun = True
        attempts.timeline.lap("wait")
        answer = await self._call(encoded, client_of(request, self._kept_apart))
        attempts.timeline.lap("send")
        if isinstance(answer, Unsendable):
            return read([Reject(str(answer))], request.records), answer
        try:
            reading = attempts.judged(read(self._exporter.classify(answer), request.records))
        except (MemoryError, OSError) as error:
            reading = read([Retry(self._crash("classify", error))], request.records)
        except Exception as error:  # noqa: BLE001  as for encode
            reading = read([Split(self._crash("classify", error))], request.records)
        attempts.timeline.lap("classify")
        return reading, answer

    async def _call(self, encoded: Any, client: ClientInfo) -> Any:
        """The answer, or the exception in its place."""
        task = asyncio.current_task()
        assert task is not None
        self.calling.add(task)
        came = SENT_WITH.set(client)
        try:
            async with asyncio.timeout(self._config.attempt_timeout or None):
                return await self._exporter.send(encoded)
        except Exception as error:  # noqa: BLE001  classify knows
            return error
        finally:
            SENT_WITH.reset(came)
            self.calling.discard(task)

    def _watch(self, reading: Reading, records: int) -> None:
        if reading.blocked is not None:
            self._account.failed(records, reading.blocked)
            if self.gate.close(reading.blocked):
                self._emit(EventKind.BLOCKED, reading.blocked, 1)
        elif len(reading.retry) < records:
            if self.gate.open() or self._away:
                self._emit(EventKind.RESUMED, "the destination accepts again", 1)
            self._away = False
        else:
            self._away |= not reading.throttled  # one that is busy was never gone
        if reading.moved:
            self._account.was_moved(reading.moved)
        if reading.left_out or reading.warning:
            self._account.left_out += reading.left_out
            self._emit(EventKind.PARTIAL, reading.warning, max(1, reading.concerned))

    def _adapt(self, reading: Reading, answer: Any, epoch: int) -> None:
        """A destination that is merely away says nothing about how much it takes."""
        if reading.throttled or isinstance(answer, TimeoutError):
            self.concurrency.pushed_back(epoch)
        elif reading.blocked is None and not len(reading.retry):
            self.concurrency.succeeded(epoch)

    async def _pause(self, request: Request, schedule: Schedule, reading: Reading) -> bool:
        """Wait before the next attempt; False when the options say to give up, and then all has ended."""
        self._account.failed(len(reading.retry), reading.retry_reason)
        self._emit(EventKind.RETRYING, reading.retry_reason, 1)
        try:
            wait = schedule.next_secs(reading.after_secs)
        except GaveUp as given_up:
            self._account.end(request, f"{Outcome.DROPPED}:{given_up}")
            self._emit(EventKind.DROPPED, f"{given_up}: {reading.retry_reason}", request.records)
            return False
        self._stop_here()
        self.retrying += 1
        try:
            await asyncio.sleep(wait)
        finally:
            self.retrying -= 1
        return True

    def _stop_here(self) -> None:
        if self.stopping:
            raise Stopping

    async def _allowed(self, request: Request) -> None:
        """Until all of it is surely ours."""
        while not self._in_touch():
            self._stop_here()
            await asyncio.sleep(_TOUCH_SECS)
        if request.departed:
            raise _Departed

    async def _settle(self, request: Request, reading: Reading) -> Request:
        """End what was delivered or rejected; gives the records that are left to send."""
        if len(reading.delivered) == request.records:
            self._taken(request)
            return Request(())
        request = await self._decoded(request)
        take = self._encoding.run
        delivered = await take(request.take, reading.delivered)
        rejected = [(await take(request.take, items), reason) for items, reason in reading.rejected]
        overtaken = await take(request.take, reading.superseded)
        left = await take(request.take, reading.retry)
        self._taken(delivered)
        self._account.end(overtaken, SUPERSEDED)
        for part, reason in rejected:
            self._bury(part, reason)
        return left

    async def _cut(self, request: Request, reason: str, search: Search) -> tuple[Request, ...]:
        halves = request.halves()
        if halves is None and request.undecoded:
            request = await self._decoded(request)
            halves = request.halves() if request.records else None
        if halves is None and request.records:
            self._bury(request, reason)
            search.found_bad(reason)
        return halves or ()

    async def _decoded(self, request: Request) -> Request:
        if not request.undecoded:
            return request
        decoded = await self._encoding.decoded(request)
        self._account.undecodable(request, decoded)
        return decoded

    def _bury(self, request: Request, reason: str) -> None:
        self._account.bury(request, reason)
        self._emit(EventKind.REJECTED, reason, request.records)

    def _crash(self, where: str, error: Exception) -> str:
        """A reason without the exception's text: that may hold what must not be shown."""
        frames = traceback.extract_tb(error.__traceback__)
        place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
        reason = f"{where} raised {type(error).__name__}{place}"
        self._emit(EventKind.FAILED, reason, 1)
        return reason
