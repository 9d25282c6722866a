"""How much waits in the partitions, as their owners tell in the topic `status`: Kafka never pushes back, so the door does.

    owner of partition n, once a second: status/n = {"at_unix_ms", "waiting_bytes", "domains": {name: bytes}, "lag": {pipeline: {"oldest_unix_ms"}}}
    door: that + what it put there itself since ── over `journal.max_bytes` ──► Unavailable
                                                └─ a domain over its share, while others send ──► Exhausted

What other doors put there since is not known for a second: the bound is one for each door and second over. Where nobody owns a partition,
nothing is read there, so what waited when it was told of last still does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from collector.errors import Exhausted, Refusal, StorageError, Unavailable
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.journal.price import price_from
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Reader, Unreachable, Wire
from collector.ledger.sources import partition_of

_log = logging.getLogger("logboom.cluster")
_READ_SECS, _REST_SECS, _JOIN_SECS = 0.5, 1.0, 5.0
_LATENESS_SECS = 1.0  # what was put so shortly before the owner looked may not be in what it tells
_ACTIVE_SECS = 60.0  # a domain is active this long after its last request
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What the owner of a partition told last: what waits there for its slowest pipeline, and of whom most of it is."""

    waiting_bytes: int = 0
    domains: Mapping[str, int] = field(default_factory=dict)
    oldest_unix_ms: int = 0
    at_unix_ms: int = 0

    @classmethod
    def parse(cls, text: bytes) -> Told:
        """Raises `ValueError`: it is none."""
        told = orjson.loads(text)
        if not isinstance(told, dict):
            raise ValueError("no status")
        oldest = [lag.get("oldest_unix_ms", 0) for lag in told.get("lag", {}).values()]
        return cls(
            int(told.get("waiting_bytes", 0)), told.get("domains", {}), min(filter(None, oldest), default=0),
            int(told.get("at_unix_ms", 0)),
        )  # fmt: skip


class _Partition:
    """What is known of one: what its owner told, and what was put here since."""

    def __init__(self) -> None:
        self.told = Told()
        self.put: deque[tuple[float, Counter[str]]] = deque()
        self.seen: dict[str, float] = {}

    def hear(self, told: Told, looked_at: float) -> None:
        self.told = told
        while self.put and self.put[0][0] < looked_at - _LATENESS_SECS:
            self.put.popleft()

    def add(self, domain: str, size: int, now: float) -> None:
        if not self.put or now - self.put[-1][0] > _LATENESS_SECS:
            self.put.append((now, Counter()))
        self.put[-1][1][domain] += size

    @property
    def waiting_bytes(self) -> int:
        return self.told.waiting_bytes + sum(since.total() for _, since in self.put)

    def of(self, domain: str) -> int:
        return self.told.domains.get(domain, 0) + sum(since[domain] for _, since in self.put)

    def others_active(self, domain: str, now: float) -> bool:
        return any(other != domain and now - at < _ACTIVE_SECS for other, at in self.seen.items())


class Lag:
    """The `Room` of what senders send. One thread of its own reads what is told.

    Args:
        topic: of what owners tell.
        partitions: of all topics.
        limits: `max_bytes` that may wait in each partition, and the share of a domain.
        retention_secs: what is older is deleted unread; from half of it on nothing more is taken.
        on_fatal: told once when the topic can't be read any more.
    """

    def __init__(
        self,
        wire: Wire,
        topic: str,
        partitions: int,
        limits: JournalLimits,
        retention_secs: float,
        on_fatal: Callable[[StorageError], None],
    ) -> None:
        self._wire = wire
        self._topic = topic
        self._limits = limits
        self._retention_secs = retention_secs
        self._on_fatal = on_fatal
        self._lock = threading.Lock()
        self._partitions = [_Partition() for _ in range(partitions)]
        self._live: set[Place] = set()
        self._closing = threading.Event()
        self._reader: Reader | None = None
        self._thread = threading.Thread(target=self._run, name="lag", daemon=True)
        self._thread.start()

    # --- any thread

    def refusal(self, payloads: Sequence[Payload]) -> Refusal | None:
        """See `Room.refusal`."""
        now = time.monotonic()
        with self._lock:
            for payload in payloads:
                partition = self._of(payload)
                partition.seen[payload.domain] = now
                refusal = self._refusal(partition, payload.domain, _weight(payload), now)
                if refusal is not None:
                    return refusal
        return None

    def _refusal(self, partition: _Partition, domain: str, size: int, now: float) -> Refusal | None:
        if partition.waiting_bytes + size > self._limits.max_bytes:
            return Unavailable("too much waits to be processed")
        oldest = partition.told.oldest_unix_ms
        if oldest and time.time() - oldest / 1000 > self._retention_secs / 2:
            return Unavailable("what waits to be processed is near the end of its retention")
        share = self._limits.max_domain_share * self._limits.max_bytes
        if partition.of(domain) + size > share and partition.others_active(domain, now):
            return Exhausted(f"{domain} holds its share of what waits to be processed")
        return None

    def took(self, payloads: Sequence[Payload]) -> None:
        """See `Room.took`."""
        now = time.monotonic()
        with self._lock:
            for payload in payloads:
                self._of(payload).add(payload.domain, _weight(payload), now)

    @property
    def waiting(self) -> tuple[int, int]:
        """See `Room.waiting`."""
        with self._lock:
            waiting = sum(partition.waiting_bytes for partition in self._partitions)
        return waiting, self._limits.max_bytes * len(self._partitions)

    @property
    def oldest_age_secs(self) -> float:
        """See `Room.oldest_age_secs`."""
        oldest = [partition.told.oldest_unix_ms for partition in self._partitions if partition.told.oldest_unix_ms]
        return max(0.0, time.time() - min(oldest) / 1000) if oldest else 0.0

    def close(self) -> None:
        """End the thread; safe twice."""
        self._closing.set()
        with self._lock:
            if self._reader is not None:
                self._reader.wake()
        self._thread.join(_JOIN_SECS)

    def _of(self, payload: Payload) -> _Partition:
        return self._partitions[partition_of(payload.domain, len(self._partitions))]

    # --- its own

    def _run(self) -> None:
        reader = None
        try:
            reader = self._wire.reader("lag")
            with self._lock:
                self._reader = reader
            self._tail(reader)
        except Exception as error:  # noqa: BLE001 - nobody would know what waits
            _log.error("what waits in the partitions is not known any more: %s", error)
            self._on_fatal(error if isinstance(error, StorageError) else StorageError(f"status: {error!r}"))
        finally:
            with self._lock:
                self._reader = None
            if reader is not None:
                reader.close()

    def _tail(self, reader: Reader) -> None:
        reader.follow({Place(self._topic, number): 0 for number in range(len(self._partitions))})
        while not self._closing.is_set():
            try:
                for each in reader.read(_AT_ONCE, _READ_SECS):
                    self._hear(each)
            except OutOfRange as gone:
                reader.follow({gone.place: gone.begins})
            except Unreachable as error:
                _log.debug("no owner's status can be read: %s", error)
                self._closing.wait(_REST_SECS)

    def _hear(self, each: Message | AtEnd) -> None:
        """What is read behind the end that was found at the start was told just now; by which clock, doesn't matter."""
        if isinstance(each, AtEnd):
            self._live.add(each.place)
            return
        if each.key != b"%d" % each.place.partition:
            return  # of something else than the partition's state
        try:
            told = Told.parse(each.value or b"{}")
        except (ValueError, TypeError, AttributeError) as error:
            _log.warning("%s/%d has a status that makes no sense: %s", *each.place, error)
            return
        age_secs = 0.0 if each.place in self._live else max(0.0, time.time() - told.at_unix_ms / 1000)
        with self._lock:
            self._partitions[each.place.partition].hear(told, time.monotonic() - age_secs)


def _weight(payload: Payload) -> int:
    size = len(payload.body)
    return price_from(size, payload.dearness) if payload.dearness else size


class Boundless:
    """The `Room` of what people do and the service knows, which is little: it has its topic for itself."""

    waiting = (0, 1 << 40)
    oldest_age_secs = 0.0

    def refusal(self, _: Sequence[Payload]) -> Refusal | None:
        """There is always room."""
        return None

    def took(self, payloads: Sequence[Payload]) -> None:
        """Nothing is counted."""

    def close(self) -> None:
        """There is nothing to let go of."""
