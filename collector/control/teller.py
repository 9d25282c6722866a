"""What a process of the service has to tell: kept while nobody listens, sent until it is on disk, once."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from collector.control import wire
from collector.control.record import ControlRecord

log = logging.getLogger("logboom.control")

MOST_KEPT = 1000
_AT_ONCE = 64
_MOST_ANSWERS = 1000
_PATIENCE_SECS = 10.0
_PAUSE_SECS, _LONGEST_PAUSE_SECS = 0.1, 2.0
_BURST, _A_SECOND = 240, 2.0  # records: whatever goes mad, the journal is not its victim


class Teller:
    """Hands records to slot 0, in order, from a thread of its own.

    Args:
        root: the data directory.
        most: records that are kept; beyond them the oldest is lost, and counted.
        lost: makes a record of how many were lost, told when somebody listens again.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        root: Path,
        lost: Callable[[int], ControlRecord | None] = lambda _: None,
        most: int = MOST_KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lost_records = 0
        """Since this process began."""
        self._root = root
        self._lost = lost
        self._most = most
        self._clock = clock
        self._untold_losses = 0
        self._credit, self._credited_at = float(_BURST), clock()
        self._kept: dict[str, ControlRecord] = {}
        self._answers: deque[dict[str, Any]] = deque(maxlen=_MOST_ANSWERS)
        self._changed = threading.Condition()
        self._closed = False
        self._connection: tuple[socket.socket, BinaryIO] | None = None
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to send; what was told before waits."""
        self._thread.start()

    def tell(self, record: ControlRecord) -> None:
        """From any thread; never waits, never raises."""
        with self._changed:
            if not self._affords():
                self._lose()
                return
            while len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
                self._lose()
            self._kept[record.id] = record
            self._changed.notify_all()

    def answer(self, answer: Mapping[str, Any]) -> None:
        """What became of a command, for whoever waits: told once, at once or not at all. From any thread; never waits."""
        with self._changed:
            self._answers.append(dict(answer))
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """Records that are not on disk yet."""
        return len(self._kept)

    def close(self, deadline_secs: float) -> None:
        """Send what is kept, as far as the deadline and whoever listens allow; safe twice and without `start`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._kept or not self._thread.is_alive(), deadline_secs)
            self._closed = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _affords(self) -> bool:
        now = self._clock()
        self._credit = min(_BURST, self._credit + (now - self._credited_at) * _A_SECOND)
        self._credited_at = now
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def _lose(self) -> None:
        self.lost_records += 1
        self._untold_losses += 1

    def _run(self) -> None:
        pause = _PAUSE_SECS
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._kept or self._answers)
                if self._closed:
                    break
                batch = list(self._kept.values())[:_AT_ONCE]
            if self._send(batch):
                pause = _PAUSE_SECS
                self._tell_losses()
            else:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECS)
        self._hang_up()

    def _send(self, batch: list[ControlRecord]) -> bool:
        """False when something of it has to be sent again."""
        try:
            answers = self._exchange(batch)
        except (OSError, ValueError):
            self._hang_up()
            return False
        for record, answer in zip(batch, answers, strict=True):
            if answer.get("again"):
                return False
            if "refused" in answer:
                log.warning("%s is not taken: %s", record.name, answer["refused"])
            with self._changed:
                self._kept.pop(record.id, None)
                self._changed.notify_all()
        return True

    def _exchange(self, batch: list[ControlRecord]) -> list[dict[str, Any]]:
        """The answers, in the order of the records."""
        if self._connection is None:
            client = wire.connect(self._root, _PATIENCE_SECS)
            self._connection = (client, client.makefile("rb"))
        client, answers = self._connection
        settled = [self._answers.popleft() for _ in range(len(self._answers))]
        said = [{"answers": settled}] if settled else []
        lines = [*map(wire.line, said), *(wire.line({"record": record.to_json()}) for record in batch)]
        client.sendall(b"".join(lines))
        found: dict[str, dict[str, Any]] = {}
        while len(found) < len(batch):
            answer = wire.parsed(answers.readline(wire.MOST_LINE_BYTES))  # nothing: it hung up, and that is no JSON
            found[str(answer.get("id"))] = answer
        if found.keys() != {record.id for record in batch}:
            raise ValueError("answers to something else")
        return [found[record.id] for record in batch]

    def _tell_losses(self) -> None:
        with self._changed:
            losses, self._untold_losses = self._untold_losses, 0
            self._credit = max(self._credit, 1.0) if losses else self._credit
        if losses and (record := self._lost(losses)) is not None:
            self.tell(record)

    def _hang_up(self) -> None:
        if self._connection is not None:
            for end in reversed(self._connection):
                with contextlib.suppress(OSError):
                    end.close()
        self._connection = None
