"""The simulated `Sender`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from collector.kafka.wire import Done, NewRecord, Refused
from collector.testing.log_cluster.ends import SendEnd

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster


class _Sent(NamedTuple):
    record: NewRecord
    done: Done
    since: float


class SimulatedSender:
    """See `collector.kafka.wire.Sender`. `done` is called by whoever sends, or by whoever makes the cluster `deliver`."""

    def __init__(self, cluster: LogCluster, name: str) -> None:
        self.name = name
        self._cluster = cluster
        self._waiting: deque[_Sent] = deque()
        self._bytes = 0
        self._closed = False
        with cluster.changed:
            cluster.senders.append(self)

    @property
    def waiting_bytes(self) -> int:
        """See `Sender.waiting_bytes`."""
        return self._bytes

    def send(self, record: NewRecord, done: Done) -> None:
        """See `Sender.send`."""
        with self._cluster.changed:
            refused = self._refused(record)
            if refused is None:
                self._waiting.append(_Sent(record, done, self._cluster.now))
                self._bytes += record.size_bytes
        if refused is not None:
            done(refused, -1)
        elif not self._cluster.holding:
            self.put_waiting()

    def _refused(self, record: NewRecord) -> Refused | None:
        if self._closed:
            return Refused("this sender is closed")
        if record.size_bytes > self._cluster.max_message_bytes:
            return Refused(f"a record of {record.size_bytes} bytes is too large", permanent=True)
        if self._bytes + record.size_bytes > self._cluster.max_waiting_bytes:
            return Refused("no room for what waits")
        return None

    def put_waiting(self, most: int | None = None) -> int:
        """Put what waits, or tell what has waited for too long; how many were told."""
        told = 0
        while most is None or told < most:
            with self._cluster.changed:
                ended = self._next()
            if ended is None:
                break
            told += 1
            ended[0](*ended[1:])
        return told

    def _next(self) -> tuple[Done, Refused | None, int] | None:
        cluster = self._cluster
        if not self._waiting:
            return None
        late = cluster.now - self._waiting[0].since >= cluster.message_secs
        if cluster.paused and not late:
            return None
        sent = self._waiting.popleft()
        self._bytes -= sent.record.size_bytes
        end = cluster.sends.popleft() if cluster.sends else SendEnd.DONE
        if cluster.paused and end is SendEnd.DONE:
            end = SendEnd.LOST
        return self._put(sent, end)

    def _put(self, sent: _Sent, end: SendEnd) -> tuple[Done, Refused | None, int]:
        if end is SendEnd.LOST:
            return sent.done, Refused("not put in time"), -1
        topic = self._cluster.topics.get(sent.record.place.topic)
        if topic is None:
            return sent.done, Refused(f"there is no topic {sent.record.place.topic}"), -1
        offset = self._cluster.log(sent.record.place).put(sent.record, self._cluster.unix_ms)
        self._cluster.changed.notify_all()
        if end is SendEnd.LANDED:
            return sent.done, Refused("not put in time"), -1
        return sent.done, None, offset

    def close(self, deadline_secs: float) -> bool:
        """See `Sender.close`."""
        with self._cluster.changed:
            if self._closed:
                return True
            self._closed = True
        self.put_waiting()
        if self._waiting and not self._cluster.real_time:
            self._cluster.advance(deadline_secs)
        in_time = not self._waiting
        self._give_up()
        return in_time

    def abandon(self, landed: int = 0) -> None:
        """Its process is dead, and nobody is told anything; so many of what waits were on their way, and stand in the log."""
        with self._cluster.changed:
            for _, sent in zip(range(landed), self._waiting, strict=False):
                self._put(sent, SendEnd.LANDED)
            self._waiting.clear()
            self._bytes = 0
            if not self._closed:
                self._closed = True
                self._cluster.senders.remove(self)

    def _give_up(self) -> None:
        with self._cluster.changed:
            left = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            self._cluster.senders.remove(self)
        for sent in left:
            sent.done(Refused("the sender was closed"), -1)
