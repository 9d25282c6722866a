"""The end of the control socket in ingest slot 0: records go into the control journal, once each, and are answered when on disk.

    {"record": {…}}             ► {"id": …, "ok": true}, or {"id": …, "refused": "…", "again": true | false}
    {"record": {…}, "wait": 10}  ► the same, then {"id": …, "settled": [{…}]} or {"id": …, "queued": n}        of a command
    {"answers": [{…}]}          ► nothing                                                  what owners made of commands

`again`: our own state does not allow it now; whoever sent it keeps it. A record whose id is on disk already is answered and not
written again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import xxhash

from collector.control import wire
from collector.control.asking import MOST_WAIT_SECS
from collector.control.record import ControlRecord, Unfit
from collector.control.remembered import Remembered
from collector.control.waiting import Say, Waiting
from collector.errors import Refusal
from collector.journal.entry import Intake, Payload
from collector.journal.positions import Position
from collector.reserved import RECEIVER
from otlp_wire import receive_json

log = logging.getLogger("logboom.control")

MOST_CONNECTIONS = 64
Admits = Callable[[ControlRecord], str]
"""Why a record is not taken, or an empty text."""


class ControlServer:
    """Serves the socket on a thread of its own.

    Args:
        root: the data directory.
        intake: the control journal.
        admits: whether a record may come in at all.
        owners: name of a command → who takes it.
    """

    def __init__(
        self,
        root: Path,
        intake: Intake,
        admits: Admits = lambda _: "",
        owners: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._root = root
        self._intake = intake
        self._admits = admits
        self._remembered = Remembered(intake.positions(RECEIVER))
        self._waiting = Waiting(owners)
        self._under_way: dict[str, list[Say]] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Take the place of whoever listened before. Raises `OSError`."""
        listener = wire.listen(self._root)
        self._server = self._loop.run_until_complete(
            asyncio.start_unix_server(self._converse, sock=listener, limit=wire.MOST_LINE_BYTES)
        )
        self._thread.start()

    def stop_intake(self) -> None:
        """Take nothing more; what is under way is still answered."""
        self._closing = True

    def shutdown(self) -> None:
        """Let go, after the journal has answered; safe twice and without `start`."""
        self._closing = True
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join(5.0)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(asyncio.sleep(0))  # what was said leaves
        finally:
            self._loop.close()

    def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        self._loop.call_later(0.05, self._loop.stop)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        if wire.peer_user(connection) != os.geteuid() or len(self._writers) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._writers.add(writer)
        say = partial(_say, writer)
        try:
            while text := await reader.readline():
                self._hear(text, say)
                await writer.drain()
        except (ValueError, ConnectionError):  # too long a line, no JSON, or gone
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _hear(self, text: bytes, say: Say) -> None:
        """Raises `ValueError`: it speaks another language, and is cut off."""
        message = wire.parsed(text)
        if "answers" in message:
            for answer in message["answers"]:
                self._waiting.answered(answer)
            return
        secs = message.get("wait") or 0
        self._take(message, partial(self._then_wait, say, min(float(secs), MOST_WAIT_SECS)) if secs else say)

    def _then_wait(self, say: Say, secs: float, answer: dict[str, Any]) -> None:
        """Say that it is on disk, and later what became of it."""
        say(answer)
        if answer.get("ok") and not self._waiting.wait(answer["id"], say):
            self._loop.call_later(secs, self._waiting.late, answer["id"])

    def _take(self, message: dict[str, Any], say: Say) -> None:
        try:
            record = ControlRecord.parse(message.get("record"))
        except Unfit as unfit:
            say({"id": _id_of(message), "refused": str(unfit), "again": False})
            return
        if record.id in self._remembered:
            say({"id": record.id, "ok": True})
        elif record.id in self._under_way:
            self._under_way[record.id].append(say)
        elif self._closing:
            say({"id": record.id, "refused": "logboom is stopping", "again": True})
        elif reason := self._admits(record):
            say({"id": record.id, "refused": reason, "again": False})
        else:
            self._write(record, say)

    def _write(self, record: ControlRecord, say: Say) -> None:
        self._under_way[record.id] = [say]
        position = self._remembered.position(record.id)

        def done(refusal: Refusal | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the answer is lost, and asked for again
                self._loop.call_soon_threadsafe(self._settle, record, position, refusal)

        self._intake.append([payload_of(record, position)], done)

    def _settle(self, record: ControlRecord, position: Position, refusal: Refusal | None) -> None:
        answer: dict[str, Any] = {"id": record.id, "ok": True}
        if refusal is None:
            self._remembered.keep(record.id, position)
            self._waiting.accepted(record.id, record.name)
        else:
            answer = {"id": record.id, "refused": refusal.reason, "again": refusal.retry_after_secs is not None}
        for say in self._under_way.pop(record.id, ()):
            say(answer)


def payload_of(record: ControlRecord, position: Position) -> Payload:
    """A record as it stands in the control journal."""
    received = receive_json(record.otlp_json())
    digest = xxhash.xxh3_128_digest(record.id.encode())  # two that say the same are not one
    now_ms = time.time_ns() // 1_000_000
    return Payload(record.domain, RECEIVER, received.body, received.records, now_ms, digest, position=position)


def _say(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(wire.line(answer))


def _id_of(message: dict[str, Any]) -> str:
    record = message.get("record")
    return str(record.get("id", ""))[:64] if isinstance(record, dict) else ""
