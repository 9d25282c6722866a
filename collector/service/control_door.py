"""The control journal of ingest slot 0 with the socket before it: opened when the predecessor has let go of both."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self

from collector.backend.interface import Backend
from collector.control.record import ControlRecord
from collector.control.server import ControlServer
from collector.errors import Locked
from collector.journal.entry import Intake
from collector.reserved import APPLIED, COMMANDS, REFUSED

log = logging.getLogger("logboom.control")

_POLL_SECS = 0.02


class ControlDoor:
    """Both, while they are open."""

    def __init__(self, journal: Intake, server: ControlServer) -> None:
        self._journal = journal
        self._server = server

    @classmethod
    def open(
        cls,
        backend: Backend,
        root: Path,
        stop: threading.Event,
        owners: Mapping[str, Sequence[str]],
        knows: Callable[[str], bool],
    ) -> Self | None:
        """None when told to stop meanwhile.

        Args:
            owners: name of a command → who takes it.
            knows: whether a domain is known.

        Raises:
            StorageError: the journal can't be used.
            OSError: the socket can't be made.
        """
        while not stop.is_set():
            try:
                journal = backend.open_control(_exit)
            except Locked:
                time.sleep(_POLL_SECS)
                continue
            server = ControlServer(root, journal, partial(_admits, owners, knows), owners)
            server.start()
            return cls(journal, server)
        return None

    def silent_secs(self) -> float:
        """How long the journal's thread has given no sign of life."""
        return time.monotonic() - self._journal.last_beat

    def close(self, deadline_secs: float) -> None:
        """Take nothing more, answer what is under way."""
        self._server.stop_intake()
        self._journal.close(deadline_secs)
        self._server.shutdown()


def _admits(owners: Mapping[str, Sequence[str]], knows: Callable[[str], bool], record: ControlRecord) -> str:
    """Why a record is not taken. Only known domains take commands, and only of those who are there."""
    if not record.name.startswith(COMMANDS):
        return ""
    if record.name in (APPLIED, REFUSED):
        return f"{record.name} is what owners of commands say"
    if record.name not in owners:
        return f"nobody takes {record.name}: there are {', '.join(sorted(owners)) or 'no commands'}"
    return "" if knows(record.domain) else f"the domain {record.domain} is not known here"


def _exit(error: Exception) -> None:
    """As with the journal of what is sent: it can't be trusted after an I/O error."""
    log.critical("the control journal failed: %s", error)
    os._exit(70)
