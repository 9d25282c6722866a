"""Where an accepted payload becomes durable in a cluster: in Kafka, before its sender is told.

    receivers ──append──► bounds ──► `Sender`, a record for each payload ──► all delivered ──► done(None)
                            └─ refused                                         └─ one was not: done(refusal)

A request of several domains goes to several partitions, and is acknowledged when all of it stands there. Where one part of it was not
taken, or nobody knows, the whole is refused: its sender sends it again, and the parts that stand there are known by their digests
(`collector.ledger.digests`). What carries a position of its receiver is acknowledged when that is on this disk, too (`collector.cluster.account`).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from collector.cluster.account import Account, News
from collector.cluster.door import Door
from collector.cluster.record import record_of
from collector.disk.environment import CommitError
from collector.errors import LogboomError, Refusal, Replaced, StorageError, TooLarge, Unavailable
from collector.journal.entry import Durable, Payload
from collector.journal.limits import JournalLimits, JournalStatistics
from collector.kafka.wire import Refused, Sender
from collector.outcomes import Outcome

_log = logging.getLogger("logboom.cluster")
_TICK_SECS = 0.25
_COUNT_SECS = 0.5
_MAX_REFUSED_KEYS = 1024
_FAILED = "the account of what was accepted could not be written"
_LATE = "the brokers did not take it in time"


class Room(Protocol):
    """Whether there is room for more: see `collector.cluster.lag`. Any thread."""

    def refusal(self, payloads: Sequence[Payload]) -> Refusal | None:
        """Why these may not come in; None: they may."""
        ...

    def took(self, payloads: Sequence[Payload]) -> None:
        """These stand in their partitions now."""
        ...

    @property
    def waiting(self) -> tuple[int, int]:
        """Bytes that wait to be processed, and how many may, over all partitions."""
        ...

    @property
    def oldest_age_secs(self) -> float:
        """How long the oldest entry has been waiting."""
        ...

    def close(self) -> None: ...


class _Request:
    __slots__ = ("began", "done", "left", "payloads", "refused", "size")

    def __init__(self, payloads: Sequence[Payload], done: Durable) -> None:
        self.payloads = payloads
        self.done = done
        self.size = sum(len(payload.body) for payload in payloads)
        self.left = len(payloads)
        self.refused: Refused | None = None
        self.began = time.monotonic()


class KafkaIntake:
    """The `Intake` of one ingest slot, or of what people do and the service knows.

    Args:
        topic: where payloads go, of that many partitions.
        slot: who accepts: `<instance>/<slot>`.
        door: says whether anything is taken; closed with this. None: there is no cluster that moves.
    """

    def __init__(
        self,
        sender: Sender,
        account: Account,
        topic: str,
        partitions: int,
        slot: str,
        limits: JournalLimits,
        room: Room,
        on_fatal: Callable[[StorageError], None],
        door: Door | None = None,
    ) -> None:
        self.last_beat = self._started = time.monotonic()
        self._sender = sender
        self._account = account
        self._topic = topic
        self._partitions = partitions
        self._slot = slot.encode()
        self._limits = limits
        self._room = room
        self._on_fatal = on_fatal
        self._door = door
        if door is not None:
            door.under_way = self._under_way
        self._lock = threading.Lock()
        self._closed = ""
        self._requests = self._bytes = 0
        self._news = News()
        self._totals: Counter[str] = Counter()
        self._waited_secs = 0.0
        self._placed: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="account", daemon=True)
        self._thread.start()

    # --- any thread

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """See `Sink.append`. `done` is called from the sender's thread, from that of the account, or from this one when it is refused
        at once."""
        if not payloads:
            done(None)
            return
        request = _Request(payloads, done)
        if (refusal := self._enter(request)) is not None:
            done(refusal)
            return
        for payload in payloads:
            record = record_of(payload, self._topic, self._partitions, self._slot)
            self._sender.send(record, lambda refused, _, request=request: self._ended(request, refused))  # type: ignore[misc]

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """See `Sink.positions`."""
        return self._account.positions(receiver)

    def count_refused(self, domain: str, receiver: str, records: int, outcome: str = Outcome.REFUSED) -> None:
        """See `Intake.count_refused`; on disk within a second."""
        key = (domain, f"receiver/{receiver}", outcome)
        with self._lock:
            counted = self._news.counted
            if key not in counted and len(counted) >= _MAX_REFUSED_KEYS:
                key = ("", *key[1:])
            counted[key] += records

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """See `Intake.totals`."""
        return self._account.totals()

    def statistics(self) -> JournalStatistics:
        """See `Intake.statistics`. What waits is of all partitions together, as their owners told last."""
        waiting, budget = self._room.waiting
        with self._lock:
            totals, requests, queued = Counter(self._totals), self._requests, self._bytes
        return JournalStatistics(
            queued_requests=requests, queued_bytes=queued, max_queue_bytes=self._limits.max_queue_bytes,
            budget_bytes=budget, bytes_in_use=waiting, domains=len(self._account.totals()), entries=0, records=0,
            payload_bytes=waiting, oldest_age_secs=self._room.oldest_age_secs, commits=totals["committed_requests"],
            commit_errors=totals["refused_late"], commit_secs=self._waited_secs,
            committed_requests=totals["committed_requests"], refused_full=totals["refused_full"],
            refused_share=totals["refused_share"], refused_queue=totals["refused_queue"], trimmed_entries=0,
            shut=self._shut, generation=0 if self._door is None else self._door.generation,
        )  # fmt: skip

    def close(self, deadline_secs: float) -> bool:
        """See `Intake.close`."""
        until = time.monotonic() + deadline_secs
        with self._lock:
            self._closed = self._closed or "the collector is stopping"
        in_time = self._sender.close(deadline_secs)
        if self._door is not None:
            self._door.close()  # while the slot is ours: it says last that it has closed, and a successor's door may tell from then on
        self._placed.put(None)
        self._thread.join(max(0.5, until - time.monotonic()))
        self._room.close()
        return in_time and not self._thread.is_alive()

    def _under_way(self) -> int:
        """Requests without an answer; who entered before the door was shut is one of them."""
        with self._lock:
            return self._requests

    @property
    def _shut(self) -> str:
        return "" if self._door is None else self._door.refusal

    def _enter(self, request: _Request) -> Refusal | None:
        """Count it in, or say why not."""
        no_room = self._room.refusal(request.payloads)
        with self._lock:
            if self._closed or (shut := self._shut):
                return Unavailable(self._closed or shut)
            if self._bytes and self._bytes + request.size > self._limits.max_queue_bytes:
                self._totals["refused_queue"] += 1
                return Unavailable("too many requests wait for the brokers")
            if no_room is not None:
                self._totals["refused_full" if isinstance(no_room, Unavailable) else "refused_share"] += 1
                return no_room
            self._bytes += request.size
            self._requests += 1
        return None

    # --- whichever thread the sender tells it from

    def _ended(self, request: _Request, refused: Refused | None) -> None:
        with self._lock:
            request.refused = request.refused or refused
            request.left -= 1
            if request.left:
                return
        if request.refused is not None:
            self._finish(request, _refusal(request.refused), "refused_late")
            return
        if self._door is not None and self._door.is_deaf:  # what stands in the topic may stand behind its end
            self._finish(request, Unavailable(self._door.refusal), "refused_late")
            return
        self._room.took(request.payloads)
        if any(payload.position is not None for payload in request.payloads):
            self._placed.put(request)
            return
        with self._lock:
            self._news.take(request.payloads)
        self._finish(request, None, "committed_requests")

    def _finish(self, request: _Request, refusal: Refusal | None, total: str) -> None:
        with self._lock:
            self._bytes -= request.size
            self._requests -= 1
            self._totals[total] += 1
            self._waited_secs += time.monotonic() - request.began
        try:
            request.done(refusal)
        except Exception:  # noqa: BLE001 - one receiver's defect must not stop the others' answers
            _log.exception("intake: a receiver failed to take its answer")

    # --- the account's thread

    def _run(self) -> None:
        written_at, closing = time.monotonic(), False
        try:
            while not closing:
                group, closing = self._next_group()
                self.last_beat = time.monotonic()
                if group or closing or self.last_beat - written_at >= _COUNT_SECS:
                    written_at = self.last_beat
                    self._write(group)
        except Exception as error:  # noqa: BLE001 - whatever ends the thread, the process must know
            _log.exception("intake: the account's thread ends")
            self._fail(error if isinstance(error, StorageError) else StorageError(f"the account's thread: {error!r}"))
        finally:
            self._account.close()

    def _next_group(self) -> tuple[list[_Request], bool]:
        group: list[_Request] = []
        try:
            request = self._placed.get(timeout=_TICK_SECS)
            while request is not None:
                group.append(request)
                request = self._placed.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _write(self, group: Sequence[_Request]) -> None:
        with self._lock:
            news, self._news = self._news, News()
        for request in group:
            news.take(request.payloads)
        if not news:
            return
        try:
            self._account.commit(news)
        except LogboomError as error:
            self._give_up(group, news, error)
        else:
            for request in group:
                self._finish(request, None, "committed_requests")

    def _give_up(self, group: Sequence[_Request], news: News, error: LogboomError) -> None:
        """What stands in Kafka does stand there; who has read it reads it again."""
        _log.error("intake: counts and positions wait to be written: %s", error)
        with self._lock:
            news.put_before(self._news)
        for request in group:
            self._finish(request, Unavailable(_FAILED), "refused_late")
        if isinstance(error, CommitError | Replaced) and error.fatal:
            self._fail(error)

    def _fail(self, error: StorageError) -> None:
        with self._lock:
            was_closed, self._closed = self._closed, self._closed or _FAILED
        if not was_closed:
            self._on_fatal(error)


def _refusal(refused: Refused) -> Refusal:
    """What a sender is told. The brokers' own words stay in the log: they name what is none of a sender's business."""
    if refused.permanent:
        _log.error("intake: a payload was refused: %s", refused)
        return TooLarge("it is larger than the brokers take")
    _log.debug("intake: a payload was refused: %s", refused)
    return Unavailable(_LATE)
