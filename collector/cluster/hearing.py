"""What machines tell while somebody listens: owners of what waits in partitions, doors of whether they are shut."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import orjson

from collector.cluster.door import DEAD_SECS, PREFIX, TELL_SECS, Told
from collector.cluster.generation import KEY, Generation
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.sources import KafkaSources
from collector.kafka.wire import AtEnd, Message, OutOfRange, Place, Unreachable, Wire

LISTEN_SECS = 2.5 * TELL_SECS
_READ_SECS, _AT_ONCE, _FIRST_SECS = 0.2, 2000, 60.0
STALE_SECS = 10.0
SKEW_SECS = KafkaSources.skew_ms / 1000
"""By so much the clock of a machine whose door lives may be behind: one that told since then is waited for until it is silent for long enough here."""


class Hearing:
    """For one thread. Ages are what this machine's clock says since it heard: those of other machines tell only what is old for sure.

    Args:
        options, partitions: of the generation that counts.
    """

    def __init__(
        self, wire: Wire, options: KafkaLedgerConfig, partitions: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.generation = Generation()
        self.statuses: dict[int, Mapping[str, Any]] = {}
        self.doors: dict[str, Told] = {}
        self._options, self._partitions, self._clock = options, partitions, clock
        self._root, self._topic = Place(options.root_topic, 0), options.topic("status")
        self._heard: dict[str | int, float] = {}
        self._generation_at = self._marked_at = clock()
        self._left = {self._root, *(Place(self._topic, number) for number in range(partitions))}
        self._reader = wire.reader("resharding", prompt=True)
        self._reader.follow(dict.fromkeys(self._left, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def listen(self, secs: float = LISTEN_SECS) -> None:
        """What was told until now, and what is told within so many seconds. Raises `Unreachable`."""
        until = self._clock() + _FIRST_SECS
        while self._left:
            self.look(_READ_SECS)
            if self._clock() > until:
                raise Unreachable(f"{self._topic} can't be read to the end")
        until = self._clock() + secs
        while (left := until - self._clock()) > 0:
            self.look(min(left, _READ_SECS))

    def look(self, secs: float) -> None:
        """What was told meanwhile."""
        try:
            for each in self._reader.read(_AT_ONCE, secs):
                if isinstance(each, AtEnd):
                    self._left.discard(each.place)
                else:
                    self._note(each)
        except OutOfRange as gone:
            self._reader.follow({gone.place: gone.begins})

    def mark_time(self) -> None:
        """What owners told before counts no more."""
        self._marked_at = self._clock()

    def problems(self) -> list[str]:
        """Why nobody should begin now."""
        now = time.time()
        owners = {
            str(status["owner"])
            for number, status in self.statuses.items()
            if number < self._partitions and now - status["at_unix_ms"] / 1000 < STALE_SECS
        }
        known = {name.rpartition("/")[0] for name in self.doors}
        old = [
            f"{name}: its version of logboom knows of no re-sharding, upgrade it first"
            for name in sorted(owners - known)
        ]
        if not owners:
            old.append("no machine tells that it owns a partition: start them first, for what waits must be worked off")
        return old

    def dead_doors(self) -> list[str]:
        """Those of which nothing was heard for so long that they answer nobody any more."""
        return sorted(name for name in self.doors if self._is_dead(name))

    def open_doors(self, generation: int) -> list[str]:
        """Those that live and are not shut for that generation."""
        return sorted(name for name, told in self.doors.items() if told.shut != generation and not self._is_dead(name))

    def waiting(self, number: int) -> list[str]:
        """What is on its way in a partition, as its owner told since the time was marked; of one that nobody owns nothing is told."""
        heard = self._heard.get(number, float("-inf"))
        if heard <= self._marked_at:
            silent = self._clock() - max(heard, self._marked_at)
            return ["its owner has not told yet"] if silent < STALE_SECS else []
        return on_its_way(self.statuses[number])

    def silent_secs(self, generation: Generation) -> float:
        """For how long whoever moves the cluster has not been heard of."""
        heard = self._clock() - self._generation_at
        move = generation.move
        return heard if move is None else max(heard, time.time() - move.renewed_unix_ms / 1000)

    def _is_dead(self, name: str) -> bool:
        return self._clock() - self._heard[name] > DEAD_SECS

    def _note(self, each: Message) -> None:
        key = each.key or b""
        age = max(0.0, time.time() - each.unix_ms / 1000) if each.place in self._left else 0.0
        if each.place.topic == self._topic and key == b"%d" % each.place.partition and each.value:
            self.statuses[each.place.partition] = orjson.loads(each.value)
            self._heard[each.place.partition] = self._clock() - age
        if each.place != self._root:
            return
        if key == KEY and each.value:
            self.generation, self._generation_at = Generation.parsed(each.value), self._clock() - age
        elif key.startswith(PREFIX):
            name = key.removeprefix(PREFIX).decode()
            if each.value is None:
                self.doors.pop(name, None)
            else:
                self.doors[name], self._heard[name] = Told.parsed(each.value), self._clock() - max(0.0, age - SKEW_SECS)


def on_its_way(status: Mapping[str, Any]) -> list[str]:
    """What a partition's owner tells of what waits there, for people."""
    lag = [
        f"pipeline {name}: {each['records']} records" for name, each in status.get("lag", {}).items() if each["entries"]
    ]
    return lag + [
        f"exporter {name}: {each['records']} records"
        for name, each in status.get("queues", {}).items()
        if each["records"]
    ]
