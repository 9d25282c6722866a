"""A receiver that follows files: a thread that reads them, and hands what it reads to admission."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial

from collector.admission.admission import Admission, Notice
from collector.admission.nobody import Nobody
from collector.admission.steps import Arrival
from collector.errors import Refusal
from collector.ingress.files.handed import Handed, Heading
from collector.ingress.files.options import FilesConfig
from collector.ingress.files.source import NOTHING, Fixed
from collector.ingress.files.tailer import Tailer

_log = logging.getLogger(__name__)
_FAILED_SECS = 5.0
_RETRY_SECS = 1.0


class FilesReceiver(ABC):
    """Started in one ingest process, when nobody else has its journal.

    Args:
        receiver: its id.
        domain: whose records these are; empty: the default.
        fixed: what is set on all records.
        again: a file that was read to its end is read again.
    """

    per_process = False

    def __init__(
        self, config: FilesConfig, receiver: str, domain: str, fixed: Fixed = NOTHING, *, again: bool = False
    ) -> None:
        self._config = config
        self._id = receiver
        self._facts = Nobody(domain)
        self._fixed, self._again = fixed, again
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._beat = 0.0
        self._admission: Admission | None = None
        self._tailer: Tailer | None = None
        self._thread = threading.Thread(target=self._run, name=f"files of {receiver}", daemon=True)

    @abstractmethod
    def arrival(self, handed: Handed) -> Arrival:
        """What becomes durable of a piece, with its place."""

    def heading(self) -> Heading | None:
        """What reads headers; None: files have none."""
        return None

    def say(self, what: str, sentence: str) -> None:
        """In the log, once a minute."""
        assert self._tailer is not None
        self._tailer.followed.say(what, sentence)

    def start(self, admission: Admission, *, share_port: bool = False) -> None:  # noqa: ARG002
        """Go on where what is durable ends. Raises `Unavailable` while there is no journal."""
        self._admission = admission
        self._tailer = Tailer(
            self._config,
            admission.positions(self._id),
            self._hand,
            self.heading(),
            fixed=self._fixed,
            again=self._again,
        )
        self._beat = time.monotonic()
        self._thread.start()

    def stop_intake(self) -> None:
        """Read nothing any more; what is under way gets its answer."""
        self._stop.set()
        self._woken.set()

    def shutdown(self, deadline_secs: float) -> None:
        """Let go of the files; safe twice."""
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
        return time.monotonic() - self._beat if self._thread.is_alive() else 0.0

    def _run(self) -> None:
        tailer = self._tailer
        assert tailer is not None
        while not self._stop.is_set():
            self._beat = time.monotonic()
            try:
                wait = tailer.turn()
            except Exception:  # noqa: BLE001 - one defect must not end the following of all files
                _log.exception("%s: following files failed, and is tried again", self._id)
                wait = _FAILED_SECS
            if wait:
                self._woken.wait(wait)
            self._woken.clear()
        tailer.close()

    def _hand(self, handed: Handed) -> None:
        assert self._admission is not None
        self._admission.submit(self.arrival(handed), partial(self._answered, handed))

    def _answered(self, handed: Handed, answer: Refusal | Notice | None) -> None:
        assert self._tailer is not None
        retry = None
        if isinstance(answer, Refusal):
            retry = answer.retry_after_secs or _RETRY_SECS
        self._tailer.answered(handed, retry)
        self._woken.set()
