"""The simulated `Reader`, of what is committed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from collector.errors import StorageError
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Unreachable

if TYPE_CHECKING:
    from collector.testing.log_cluster.cluster import LogCluster

_BEARS_SECS = 10.0


@dataclass(slots=True)
class _Followed:
    """`told_end`: the end of which `AtEnd` told last. `lost`: it was out of range, and rests until it is followed again."""

    topic_id: str
    offset: int
    told_end: int = -1
    lost: bool = False


class SimulatedReader:
    """See `collector.kafka.wire.Reader`. Places take turns. Failpoint: `reader:read`."""

    def __init__(self, cluster: LogCluster, name: str) -> None:
        self.name = name
        self._cluster = cluster
        self._places: dict[Place, _Followed] = {}
        self._paused: set[Place] = set()
        self._turn = 0
        self._woken = False
        self._silent_since: float | None = None

    def follow(self, places: Mapping[Place, int]) -> None:
        """See `Reader.follow`."""
        with self._cluster.changed:
            for place, offset in places.items():
                topic = self._cluster.topics.get(place.topic)
                self._places[place] = _Followed("" if topic is None else topic.state.id, offset)

    def leave(self, places: Sequence[Place]) -> None:
        """See `Reader.leave`."""
        for place in places:
            self._places.pop(place, None)
            self._paused.discard(place)

    def pause(self, places: Sequence[Place]) -> None:
        """See `Reader.pause`."""
        self._paused.update(places)

    def resume(self, places: Sequence[Place]) -> None:
        """See `Reader.resume`."""
        self._paused.difference_update(places)

    def read(self, most: int, secs: float) -> list[Message | AtEnd]:
        """See `Reader.read`."""
        cluster = self._cluster
        cluster.at("reader:read")
        until = time.monotonic() + (secs if cluster.patient else 0.0)
        with cluster.changed:
            while not (found := self._look(most)) and not self._woken:
                if (left := until - time.monotonic()) <= 0:
                    break
                cluster.changed.wait(left)
            self._woken = False
        if not found and cluster.paused and not cluster.patient:
            cluster.advance(secs)
        return found

    def _look(self, most: int) -> list[Message | AtEnd]:
        if self._cluster.paused:
            self._bear()
            return []
        self._silent_since = None
        found: list[Message | AtEnd] = []
        order = [place for place in self._places if place not in self._paused]
        self._turn += 1
        start = self._turn % max(1, len(order))
        for place in order[start:] + order[:start]:
            found += self._of(place, most - len(found), bool(found))
        return found

    def _bear(self) -> None:
        now = self._cluster.now
        if self._silent_since is None:
            self._silent_since = now
        if now - self._silent_since >= _BEARS_SECS:
            self._silent_since = now
            raise Unreachable("no broker answers")

    def _of(self, place: Place, most: int, has_others: bool) -> list[Message | AtEnd]:
        followed = self._places[place]
        if most <= 0 or followed.lost:
            return []
        topic = self._cluster.topics.get(place.topic)
        if topic is None or topic.state.id != followed.topic_id:
            raise StorageError(f"topic {place.topic} is gone, or another one")
        log = self._cluster.log(place)
        if not log.begins <= followed.offset <= log.ends:
            if has_others:
                return []  # what was found of others comes first
            followed.lost = True
            raise OutOfRange(place, followed.offset, log.begins)
        found: list[Message | AtEnd] = list(islice(log.readable(followed.offset), most))
        if found:
            followed.offset = found[-1].offset + 1
        if len(found) < most and next(log.readable(followed.offset), None) is None:
            followed.offset = max(followed.offset, log.stable)
            if followed.told_end != followed.offset:
                followed.told_end = followed.offset
                found.append(AtEnd(place, followed.offset))
        return found

    def wake(self) -> None:
        """See `Reader.wake`."""
        with self._cluster.changed:
            self._woken = True
            self._cluster.changed.notify_all()

    def close(self) -> None:
        """See `Reader.close`."""
        self._places.clear()
