"""The brokers: topics, epochs, open transactions, the clock, and what may go wrong."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.errors import StorageError
from collector.kafka.wire import Place, TopicSpec, TopicState, Unreachable
from collector.testing.log_cluster.ends import CommitEnd, SendEnd
from collector.testing.log_cluster.log import PlaceLog, State, Transaction

if TYPE_CHECKING:
    from collector.testing.log_cluster.coordinator import Coordinator
    from collector.testing.log_cluster.sender import SimulatedSender
    from collector.testing.log_cluster.wire import SimulatedWire

_BEGAN_UNIX_MS = 1_700_000_000_000


def nowhere(_: str) -> None:
    """Nothing happens meanwhile."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: how it is, and its logs by partition."""

    state: TopicState
    logs: list[PlaceLog]


class LogCluster:
    """See the package.

    Args:
        cluster_id: what it calls itself.
        real_time: the clock is the machine's, and whoever reads waits for what comes.
        patient: who reads waits for what comes, whatever the clock says: for code with threads of its own.
        holding: what is sent waits for `deliver`.
        max_message_bytes: of a record.
        transaction_secs: what stays open for longer is aborted.
        session_secs: members that were not heard of for longer have lost their numbers.
        message_secs: what could not be put for so long is refused.
        max_waiting_bytes: of what one sender was given and has not put.

    Attributes:
        at: told of each point at which something may happen meanwhile.
        sends, commits: how the next ones end; when empty: well.
    """

    def __init__(
        self,
        cluster_id: str = "simulated",
        *,
        real_time: bool = False,
        patient: bool = False,
        holding: bool = False,
        max_message_bytes: int = 8 << 20,
        transaction_secs: float = 30.0,
        session_secs: float = 10.0,
        message_secs: float = 8.0,
        max_waiting_bytes: int = 64 << 20,
    ) -> None:
        self.id, self.real_time, self.holding = cluster_id, real_time, holding
        self.patient = patient or real_time
        self.max_message_bytes, self.max_waiting_bytes = max_message_bytes, max_waiting_bytes
        self.transaction_secs, self.session_secs, self.message_secs = transaction_secs, session_secs, message_secs
        self.at: Callable[[str], None] = nowhere
        self.sends: deque[SendEnd] = deque()
        self.commits: deque[CommitEnd] = deque()
        self.changed = threading.Condition(threading.RLock())
        self.topics: dict[str, Topic] = {}
        self.epochs: dict[tuple[str, int | str], int] = {}
        self.open: dict[tuple[str, int | str], Transaction] = {}
        self.coordinators: dict[tuple[str, str], Coordinator] = {}
        self.senders: list[SimulatedSender] = []
        self.paused = False
        self._passed = 0.0
        self._made = 0

    def wire(self, prefix: str = "logboom") -> SimulatedWire:
        """Of clients under one prefix; each call is another process."""
        from collector.testing.log_cluster.wire import SimulatedWire

        return SimulatedWire(self, prefix)

    # --- time ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._passed + (time.monotonic() if self.real_time else 0.0)

    @property
    def unix_ms(self) -> int:
        """Milliseconds since the epoch."""
        began = time.time_ns() // 1_000_000 if self.real_time else _BEGAN_UNIX_MS
        return began + int(self._passed * 1000)

    def advance(self, secs: float) -> None:
        """Time passes: what was on its way arrives, what is open for too long is aborted, members that are silent are given up."""
        with self.changed:
            self._passed += secs
            for coordinator in self.coordinators.values():
                coordinator.beat()
            if not self.paused:
                self.settle()
            self.changed.notify_all()
        self.deliver()

    def settle(self) -> None:
        """End the transactions whose end was on its way, and those that are open for too long."""
        with self.changed:
            for key, transaction in list(self.open.items()):
                if transaction.late:
                    self.end(key, State.COMMITTED)
                elif self.now - transaction.began >= self.transaction_secs:
                    self.epochs[key] = self.epochs.get(key, 0) + 1
                    self.end(key, State.ABORTED)

    def end(self, key: tuple[str, int | str], state: State) -> None:
        """End what is open under a writer's name."""
        with self.changed:
            transaction = self.open.pop(key, None)
            if transaction is not None:
                transaction.end(state)
                self.changed.notify_all()

    # --- what goes wrong ----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """No broker answers."""
        with self.changed:
            self.paused = True

    def resume(self) -> None:
        """They answer again; nothing that they had taken is lost."""
        with self.changed:
            self.paused = False
            self.changed.notify_all()
        self.deliver()

    def stop(self, member: str) -> None:
        """A member of a group is heard of no more: its process was killed or stopped."""
        with self.changed:
            for coordinator in self.coordinators.values():
                coordinator.stop(member, True)

    def go_on(self, member: str) -> None:
        """The process was only stopped."""
        with self.changed:
            for coordinator in self.coordinators.values():
                coordinator.stop(member, False)

    def need(self) -> None:
        """Raises `Unreachable` while it is paused."""
        if self.paused:
            raise Unreachable("no broker answers")

    def deliver(self, most: int | None = None) -> int:
        """Put what was sent (at most so many), or refuse what has waited for too long; how many were told."""
        with self.changed:
            senders = list(self.senders)
        told = 0
        for sender in senders:
            told += sender.put_waiting(None if most is None else most - told)
        return told

    # --- topics -------------------------------------------------------------------------------------------------

    def create(self, spec: TopicSpec, replication: int) -> None:
        """Make a topic, if there is none of that name."""
        with self.changed:
            if spec.name in self.topics:
                return
            self._made += 1
            seed = f"{self.id}/{spec.name}/{self._made}".encode()
            made = hashlib.blake2b(seed, digest_size=11).hexdigest()
            state = TopicState(spec.name, made, spec.partitions, replication, dict(spec.config))
            self.topics[spec.name] = Topic(
                state, [PlaceLog(Place(spec.name, number)) for number in range(spec.partitions)]
            )

    def delete(self, topic: str) -> None:
        """It is gone, with all that stood in it."""
        with self.changed:
            del self.topics[topic]
            self.changed.notify_all()

    def log(self, place: Place) -> PlaceLog:
        """The log of a place. Raises `StorageError`: there is none."""
        topic = self.topics.get(place.topic)
        if topic is None or not 0 <= place.partition < len(topic.logs):
            raise StorageError(f"there is no {place.topic}/{place.partition}")
        return topic.logs[place.partition]

    def clean(self, topics: Iterable[str] | None = None, *, deletions: bool = False, upto: int | None = None) -> None:
        """What brokers do in the background: compaction, and retention by `retention.ms`. See `PlaceLog.compact`."""
        with self.changed:
            for name in self.topics if topics is None else topics:
                config = self.topics[name].state.config
                for log in self.topics[name].logs:
                    if "compact" in config.get("cleanup.policy", ""):
                        log.compact(deletions=deletions, upto=upto)
                    elif int(config.get("retention.ms", -1)) >= 0:
                        log.expire(self.unix_ms - int(config["retention.ms"]))
