"""The `journald` receiver: a thread that reads what journalctl writes, and hands it to admission.

    begin ──► stored entries ──► follow ──► a piece ──► hand over ──► on disk: go on behind it
                   └──────────────◄─ journalctl ended          └─ refused: wait, and hand it over again

One piece is under way at a time, so no refusal is passed over; meanwhile nothing is read, and journalctl waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import xxhash

from collector.admission.admission import Admission
from collector.component import Context
from collector.receivers.journald import command
from collector.receivers.journald.config import JournaldConfig
from collector.receivers.journald.entries import EntryShape, read
from collector.receivers.journald.handing import EntryHanding
from collector.receivers.journald.journalctl import Journalctl
from collector.receivers.journald.pieces import Pieces
from otlp_wire import Received, Repairs

_log = logging.getLogger(__name__)
_LOOK_SECS = 1.0
_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 30.0
_LONGEST_SENTENCE = 500


class JournaldReceiver:
    """Started in one ingest process, when nobody else has its journal."""

    per_process = False

    def __init__(self, config: JournaldConfig, context: Context) -> None:
        self._config = config
        self._shape = EntryShape(
            config.convert_message_bytes, config.include_log_record_original, config.convert_to_semantic_conventions,
            config.attributes, config.resource,
        )  # fmt: skip
        self._handing = EntryHanding(context.id, _source_of(config), config.domain)
        self._cursor: str | None = None
        self._child: Journalctl | None = None
        self._thread = threading.Thread(target=self._run, name=f"journal of {context.id}", daemon=True)

    def start(self, admission: Admission, *, share_port: bool = False) -> None:  # noqa: ARG002
        """Go on where what is durable ends. Raises `Unavailable` while there is no journal."""
        self._cursor = self._handing.start(admission)
        self._thread.start()

    def stop_intake(self) -> None:
        """Read nothing any more; what is under way gets its answer."""
        self._handing.stop()
        if (child := self._child) is not None:
            child.kill()

    def shutdown(self, deadline_secs: float) -> None:
        """Let go of journalctl; safe twice."""
        self.stop_intake()
        if self._thread.is_alive():
            self._thread.join(deadline_secs)

    def endpoints(self) -> Mapping[str, str]:
        """It does not listen."""
        return {}

    def gauges(self) -> Mapping[str, Mapping[str, int]]:
        """It has no listener."""
        return {}

    def silent_secs(self) -> float:
        """Since its thread last went round."""
        return time.monotonic() - self._handing.beat if self._thread.is_alive() else 0.0

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECS
        while not self._handing.stopped:
            began = time.monotonic()
            try:
                self._begin()
                if self._read(command.stored):
                    self._read(command.follow)
            except OSError as error:
                self._handing.say(
                    f"journalctl does not start: {error.strerror or error} ({error.filename or 'journalctl'})"
                )
            except Exception:  # noqa: BLE001 - one defect must not end the reading for good
                _log.exception("reading the journal failed, and is tried again")
            if time.monotonic() - began > _LONGEST_PAUSE_SECS:
                pause = _FIRST_PAUSE_SECS
            self._handing.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECS)

    def _begin(self) -> None:
        """The first start ever. Where the newest entry is, `end` begins; that is kept before anything else is read."""
        if self._cursor is None and self._config.start_at == "beginning":
            self._cursor = command.BEGINNING
        if self._cursor is not None:
            return
        found: list[bytes] = []
        if self._output(command.last(self._config), found.extend):
            cursor = read(found, self._shape, "", 0).cursor or command.BEGINNING
            if self._handing.keep(Received(b"", 0, 0, Repairs()), b"", cursor):
                self._cursor = cursor

    def _read(self, how: Callable[[JournaldConfig, str], Sequence[str]]) -> bool:
        """One run; whether it ended by itself and well."""
        if self._cursor is None:
            return False
        behind = [self._cursor]
        return self._output(
            how(self._config, self._cursor), lambda lines: self._take(lines, behind.pop() if behind else "")
        )

    def _output(self, argv: Sequence[str], take: Callable[[list[bytes]], None]) -> bool:
        """Lines of one run, as they come; whether it ended by itself and well."""
        self._child = child = Journalctl(argv)
        pieces, ended = Pieces(), False
        try:
            while not ended and not self._handing.stopped:
                ended = pieces.fill(child, _LOOK_SECS)
                if lines := pieces.lines():
                    take(lines)
                self._heard(child, pieces)
        finally:
            self._child = None
            status = child.status() if ended else child.end()
            self._heard(child, pieces)
        if ended and status and not self._handing.stopped:
            self._handing.say(f"journalctl ended with status {status}, and is started again")
        return ended and not status

    def _heard(self, child: Journalctl, pieces: Pieces) -> None:
        for line in child.heard().splitlines():
            self._handing.say(f"journalctl: {line[:_LONGEST_SENTENCE]}")
        if left_out := pieces.left_out():
            self._handing.refused(f"entries of more than {pieces.most_bytes >> 20} MiB are left out", left_out)

    def _take(self, lines: Sequence[bytes], behind: str) -> None:
        received, cursor = read(lines, self._shape, behind, time.time_ns())
        if cursor is None or not received.records:
            if received.repairs:
                self._handing.refused(received.repairs.first, received.repairs.rejected)
            return
        if received.repairs:
            self._handing.say(received.repairs.first)
        if self._handing.keep(received, b"\n".join(lines), cursor):
            self._cursor = cursor


def _source_of(config: JournaldConfig) -> bytes:
    """Which journal it is; another one begins by itself. Filters may change: what fits is read on from where it was."""
    files = () if config.directory else config.files
    parts = (config.root_path, config.directory, *files, "\n", config.namespace)
    return xxhash.xxh3_128_digest("\0".join(parts).encode(errors="surrogateescape"))
