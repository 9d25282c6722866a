"""What people ask about dead letters, wherever they ask: the owner of the partition hands it to its ledger.

    requests/n ──► `<partition>/requests/*.json` (collector/ledger/deadletters.py) ──► carried out ──► deleted from the topic

Who dies in between reads it again: a letter that is gone by then is passed over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from collector.cluster.status import Owned
from collector.errors import LogboomError, StorageError
from collector.kafka.wire import Admin, AtEnd, Message, OutOfRange, Place, Reader, Wire
from collector.ledger.deadletters import asked, request

_log = logging.getLogger("logboom.cluster")
_LOOK_SECS, _JOIN_SECS = 0.5, 10.0
_AT_ONCE = 100


class Requests:
    """A thread that follows what is asked of the partitions that this process owns.

    Args:
        owned: those, now. Called from the thread.
        place: the directory of a partition.
    """

    def __init__(
        self, wire: Wire, topic: str, owned: Callable[[], Mapping[int, Owned]], place: Callable[[int], Path]
    ) -> None:
        self._wire, self._topic = wire, topic
        self._owned, self._place = owned, place
        self._followed: dict[int, Owned] = {}
        self._handed: dict[int, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="requests", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; safe twice."""
        self._closing.set()
        self._thread.join(_JOIN_SECS)

    def _run(self) -> None:
        reader, admin = self._wire.reader("requests"), self._wire.admin()
        try:
            while not self._closing.wait(0.05 if self._followed else _LOOK_SECS):
                with suppress(LogboomError):  # no broker answers, or a disk is full: again
                    self._look(reader, admin)
        except Exception:  # noqa: BLE001  the rest of the worker goes on
            _log.exception("nobody carries out any more what is asked of the dead letters of this worker")
        finally:
            reader.close()
            admin.close()

    def _look(self, reader: Reader, admin: Admin) -> None:
        self._follow(reader, admin)
        try:
            for each in reader.read(_AT_ONCE, _LOOK_SECS) if self._followed else ():
                if not isinstance(each, AtEnd) and each.place.partition in self._followed:
                    self._hand_in(each)
        except OutOfRange as gone:
            reader.follow({gone.place: gone.begins})
        done = {number: upto for number, upto in self._handed.items() if not asked(self._place(number))}
        if done:
            admin.delete_before({Place(self._topic, number): upto for number, upto in done.items()})
            self._handed = {number: upto for number, upto in self._handed.items() if number not in done}

    def _follow(self, reader: Reader, admin: Admin) -> None:
        owned = dict(self._owned())
        if gone := [number for number, each in self._followed.items() if owned.get(number) is not each]:
            reader.leave([Place(self._topic, number) for number in gone])
            for number in gone:
                del self._followed[number]
                self._handed.pop(number, None)
        if new := [Place(self._topic, number) for number in owned if number not in self._followed]:
            bounds = admin.bounds(new)
            reader.follow({place: bounds[place][0] for place in new})
            self._followed |= {place.partition: owned[place.partition] for place in new}

    def _hand_in(self, each: Message) -> None:
        number = each.place.partition
        try:
            wanted = orjson.loads(each.value or b"{}")
            action, ids = wanted["action"], [int(ident) for ident in wanted["ids"]]
            if action not in ("replay", "delete"):
                raise ValueError(action)
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("%s/%d holds a request that makes no sense: %s", *each.place, error)
        else:
            try:
                request(self._place(number), action, ids)
            except StorageError as error:
                _log.warning("a request about dead letters of partition %d can't be handed in: %s", number, error)
        self._handed[number] = each.offset + 1
