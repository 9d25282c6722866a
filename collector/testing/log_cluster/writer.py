"""The simulated `Writer`: transactions, fencing by epochs, and ends that nobody is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.kafka.wire import Fenced, NewRecord, Place, Refused, Unreachable, Unresolved
from collector.testing.log_cluster.ends import CommitEnd
from collector.testing.log_cluster.log import State, Transaction

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster


class SimulatedWriter:
    """See `collector.kafka.wire.Writer`. Failpoints: `writer:claim`, `writer:begin`, `writer:put`, `writer:end`."""

    def __init__(self, cluster: LogCluster, key: tuple[str, int | str]) -> None:
        self._cluster = cluster
        self._key = key
        self._epoch: int | None = None

    def claim(self, deadline_secs: float) -> None:
        """See `Writer.claim`."""
        cluster = self._cluster
        cluster.at("writer:claim")
        if cluster.paused:
            cluster.advance(0.0 if cluster.real_time else deadline_secs)
            raise Unreachable("no broker answered")
        with cluster.changed:
            self._epoch = cluster.epochs.get(self._key, 0) + 1
            cluster.epochs[self._key] = self._epoch
            cluster.end(self._key, State.ABORTED)

    def commit(self, records: Sequence[NewRecord], deadline_secs: float) -> dict[Place, int]:
        """See `Writer.commit`."""
        assert self._epoch is not None, "nobody is a writer's owner before it has claimed"
        self._cluster.at("writer:begin")
        self._check(records)
        if self._cluster.paused:
            self._cluster.advance(0.0 if self._cluster.real_time else deadline_secs)
            raise Unresolved("no broker answered")
        end = self._cluster.commits.popleft() if self._cluster.commits else CommitEnd.DONE
        if end is CommitEnd.PERMANENT:
            raise Refused("refused for good", permanent=True)
        behind = self._put(records)
        self._cluster.at("writer:put")
        self._end(end)
        self._cluster.at("writer:end")
        if end is CommitEnd.REFUSED:
            raise Refused("aborted")
        if end is not CommitEnd.DONE:
            raise Unresolved("nobody knows whether it was committed")
        return behind

    def _check(self, records: Sequence[NewRecord]) -> None:
        self._still_owner()
        for record in records:
            if record.size_bytes > self._cluster.max_message_bytes:
                raise Refused(f"a record of {record.size_bytes} bytes is too large", permanent=True)
            self._cluster.log(record.place)

    def _still_owner(self) -> None:
        if self._cluster.epochs[self._key] != self._epoch:
            raise Fenced(f"writer {self._key[1]} has another owner")

    def _put(self, records: Sequence[NewRecord]) -> dict[Place, int]:
        cluster, behind = self._cluster, {}
        with cluster.changed:
            self._still_owner()
            assert self._epoch is not None
            doubtful = self._key in cluster.open
            transaction = cluster.open.setdefault(self._key, Transaction(self._key[1], self._epoch, cluster.now))
            for number, record in enumerate(records):
                if doubtful and number == len(records) // 2:
                    transaction = self._struck()
                behind[record.place] = cluster.log(record.place).put(record, cluster.unix_ms, transaction) + 1
        return behind

    def _struck(self) -> Transaction:
        """Whoever goes on after `Unresolved`: the request to end the last transaction, thought lost, ends this one in its middle
        (librdkafka #5423)."""
        self._cluster.end(self._key, State.COMMITTED)
        assert self._epoch is not None
        fresh = Transaction(self._key[1], self._epoch, self._cluster.now)
        self._cluster.open[self._key] = fresh
        return fresh

    def _end(self, end: CommitEnd) -> None:
        with self._cluster.changed:
            self._still_owner()
            if end is CommitEnd.LATE:
                self._cluster.open[self._key].late = True
            elif end is not CommitEnd.BEFORE:
                self._cluster.end(self._key, State.ABORTED if end is CommitEnd.REFUSED else State.COMMITTED)

    def close(self) -> None:
        """See `Writer.close`."""
