"""What the owner of a partition tells of it, once a second: to all doors of the cluster by the topic `status`, to the processes beside it by a
file (`told`). And who owns the rest: what others tell there.

    status/n, key n = {"owner", "worker", "address", "at_unix_ms", "lag": {pipeline: {"entries", "records", "bytes", "oldest_unix_ms"}},
                       "since_unix_ms", "waiting_bytes", "domains": {the 20 largest: bytes}, "queues": {exporter: {"records", "bytes"}}}
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from collector.cluster.accepted import Accepted
from collector.cluster.changelog import Changelog
from collector.cluster.poison import marks_of, record
from collector.cluster.positions import NOTE_SECS, positions
from collector.cluster.told import Heard, Told, tell
from collector.cluster.waiting import Waiting, waiting
from collector.cluster.whole import read_whole
from collector.errors import LogboomError
from collector.kafka.wire import Admin, AtEnd, NewRecord, OutOfRange, Place, Reader, Refused, Sender, Unreachable, Wire
from collector.ledger.reader import PartitionReader

_log = logging.getLogger("logboom.cluster")
TELL_SECS = 1.0
TRIM_SECS = 30.0
_DOMAINS = 20
_AT_ONCE, _JOIN_SECS = 500, 10.0
OWNERLESS_SECS = 5.0
"""So long after a session's end, at least, a partition that nobody tells of is taken for nobody's: by then whoever was to have it does."""
_SPREAD_SECS = 2.0
_LONGEST_PATIENCE_SECS = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """A partition of this process."""

    number: int
    place: Path
    reader: PartitionReader
    changelog: Changelog
    since_unix_ms: int = 0


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: this machine's name in the cluster, the worker, and where it is asked for more."""

    root: Path
    instance: str
    worker: int
    address: str = ""


class Status:
    """A thread that tells, and hears what others tell; and trims the outbox topics of what is owned.

    Args:
        topic: of what owners tell, of so many partitions.
        owned: what this process owns now. Called from the thread.
        ownerless: told when a partition seems to be nobody's; while it stays so, again after twice the time, up to a minute: it may be one
            that is being restored.
        patience_secs: how long that takes at first.
        taking: partitions that this process makes its own → since when.
        note: told each `NOTE_SECS` how far all that is owned has come.
    """

    def __init__(
        self,
        wire: Wire,
        topic: str,
        partitions: int,
        teller: Teller,
        accepted: Accepted,
        owned: Callable[[], Mapping[int, Owned]],
        ownerless: Callable[[], None] = lambda: None,
        patience_secs: float = OWNERLESS_SECS,
        note: Callable[[Mapping[Place, int]], None] = lambda _: None,
        taking: Callable[[], Mapping[int, int]] = dict,
    ) -> None:
        # Not all workers at once: the first one is enough.
        self._ownerless, self._patience_secs = ownerless, patience_secs + random.uniform(0, _SPREAD_SECS)  # noqa: S311
        self._heard_at = dict.fromkeys(range(partitions), time.monotonic())
        self._asked_at, self._rest_secs = 0.0, 0.0
        self._topic, self._partitions = topic, partitions
        self._teller = teller
        self._accepted = accepted
        self._owned = owned
        self._wire = wire
        self._others: dict[int, Heard] = {}
        self._suspected: dict[Owned, Mapping[str, bytes]] = {}
        self._tell_group, self._noted_at = note, 0.0
        self._taking = taking
        self._trimmed_at = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._thread.start()

    def owners(self) -> Mapping[int, str]:
        """Partition → the machine that told last that it owns it. From any thread."""
        return {number: owner for number, (owner, *_) in sorted(dict(self._others).items())}

    def close(self) -> None:
        """End the thread; safe twice."""
        self._closing.set()
        self._thread.join(_JOIN_SECS)

    def _run(self) -> None:
        sender, admin, reader = self._wire.sender("status"), self._wire.admin(), self._wire.reader("status")
        try:
            reader.follow({Place(self._topic, number): 0 for number in range(self._partitions)})
            while not self._closing.is_set():
                began = time.monotonic()
                try:
                    self._turn(sender, admin, reader, began)
                except Exception:  # noqa: BLE001  without this thread nothing is trimmed, and doors hear nothing
                    _log.exception("nothing is told for now of what waits in the partitions of this worker")
                self._closing.wait(max(0.05, TELL_SECS - (time.monotonic() - began)))
            tell(self._teller.root, self._teller.worker, Told(others=self._others))
        except Exception:  # noqa: BLE001  others go on, and what is told grows old
            _log.exception("nobody tells any more what waits in the partitions of this worker")
        finally:
            sender.close(1.0)
            reader.close()
            admin.close()

    def _turn(self, sender: Sender, admin: Admin, reader: Reader, began: float) -> None:
        with suppress(LogboomError):
            self._hear(reader)
        for number, status in self._tell().items():
            record = NewRecord(Place(self._topic, number), b"%d" % number, orjson.dumps(status))
            sender.send(record, _told)
        self._look_for_owners()
        for suspects in self._suspects():
            sender.send(suspects, _told)
        if began - self._trimmed_at >= TRIM_SECS:
            self._trimmed_at = began
            self._trim(admin)

    def _tell(self) -> Mapping[int, Mapping[str, Any]]:
        owned = dict(self._owned())
        ends: Mapping[Place, int] = {}
        places = [self._accepted.place(number, control)[0] for number in owned for control in (False, True)]
        places += [each.changelog.places.outbox for each in owned.values()]
        with suppress(LogboomError):
            ends = self._accepted.ends(places) if places else {}
        found: dict[int, Mapping[str, Any]] = {}
        beside: dict[int, Mapping[str, Any]] = {}
        for number, each in owned.items():
            with suppress(LogboomError):  # it was put down just now
                waits = waiting(self._accepted, number, ends)
                found[number] = self._of(each, waits)
                beside[number] = {**found[number], "unread": waits.unread}
        if time.monotonic() - self._noted_at >= NOTE_SECS:
            self._noted_at = time.monotonic()
            self._tell_group(positions(self._accepted, owned.values(), ends) if owned else {})
        now = time.time_ns() // 1_000_000
        tell(self._teller.root, self._teller.worker, Told(0, now, beside, self._others, dict(self._taking())))
        return found

    def _of(self, owned: Owned, waits: Waiting) -> Mapping[str, Any]:
        largest = sorted(waits.domains.items(), key=lambda each: -each[1])[:_DOMAINS]
        return {
            "owner": self._teller.instance, "worker": self._teller.worker, "address": self._teller.address,
            "at_unix_ms": time.time_ns() // 1_000_000, "since_unix_ms": owned.since_unix_ms,
            "lag": {
                pipeline: {"entries": each.entries, "records": each.records, "bytes": each.bytes, "oldest_unix_ms": each.oldest_unix_ms}
                for pipeline, each in waits.lag.items()
            },
            "waiting_bytes": waits.bytes, "domains": dict(largest),
            "queues": {
                exporter: {"records": state.records, "bytes": state.size_bytes}
                for exporter, state in owned.reader.queues().items()
            },
        }  # fmt: skip

    def _suspects(self) -> list[NewRecord]:
        """What is suspected in a partition, where that is not what was told last: at first always, for a predecessor may have told more."""
        owned = list(self._owned().values())
        now = {each: marks_of(each.place, died=False) for each in owned}
        told, self._suspected = self._suspected, now
        return [
            record(self._topic, each.number, self._teller.instance, marks)
            for each, marks in now.items()
            if told.get(each) != marks
        ]

    def _hear(self, reader: Reader) -> None:
        """What has been told since."""
        try:
            read = reader.read(_AT_ONCE, 0.0)
            while read:
                for each in read:
                    if not isinstance(each, AtEnd) and each.value and each.key == b"%d" % each.place.partition:
                        self._note(each.place.partition, each.value)
                if all(isinstance(each, AtEnd) for each in read):
                    return
                read = reader.read(_AT_ONCE, 0.0)
        except OutOfRange as gone:
            reader.follow({gone.place: gone.begins})

    def _look_for_owners(self) -> None:
        """Whoever hears of others hears of all: what nobody tells of, while others are told of, is nobody's, or is being restored."""
        now = time.monotonic()
        silent = sorted(number for number, at in self._heard_at.items() if now - at > self._patience_secs)
        heard = any(now - at < self._patience_secs / 2 for at in self._heard_at.values())
        if not silent:
            self._rest_secs = 0.0
        elif heard and now - self._asked_at > self._rest_secs:
            self._asked_at = now
            self._rest_secs = min(_LONGEST_PATIENCE_SECS, 2 * max(self._rest_secs, self._patience_secs))
            _log.warning("nobody tells of the partitions %s: the group is asked to share out anew", silent)
            self._ownerless()

    def _note(self, number: int, text: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            told = orjson.loads(text)
            self._heard_at[number] = time.monotonic()
            self._others[number] = Heard.of(told)

    def _trim(self, admin: Admin) -> None:
        for each in self._owned().values():
            try:
                each.changelog.trim(admin)
            except Unreachable as error:
                _log.debug("an outbox is not trimmed for now: %s", error)
            except LogboomError as error:
                _log.warning("an outbox is not trimmed for now: %s", error)


def _told(refused: Refused | None, offset: int) -> None:
    del offset
    if refused is not None:
        _log.debug("a status was not taken: %s", refused)


def read_all(wire: Wire, topic: str, partitions: int, secs: float = 15.0) -> Mapping[int, Mapping[str, Any]]:
    """Partition → what its owner told last, of those of which anybody ever told.

    Raises:
        Unreachable: no broker answers, or not in time.
    """
    places = [Place(topic, number) for number in range(partitions)]
    return {
        each.place.partition: orjson.loads(each.value)
        for each in read_whole(wire, "cluster-status", places, secs)
        if each.value and each.key == b"%d" % each.place.partition
    }
