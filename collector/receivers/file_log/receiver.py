"""The `file_log` receiver: a thread that follows files, and hands what it reads to admission."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from functools import partial

from collector.admission.admission import Admission, Notice
from collector.admission.nobody import Nobody
from collector.admission.steps import Arrival
from collector.component import Context
from collector.errors import Refusal
from collector.receivers.file_log.config import FileLogConfig
from collector.receivers.file_log.handed import Handed, Heading
from collector.receivers.file_log.tailer import Tailer
from otlp_wire import Received, Repairs

_log = logging.getLogger(__name__)
_FAILED_SECS = 5.0
_RETRY_SECS = 1.0


class FileLogReceiver:
    """Started in one ingest process, when nobody else has its journal."""

    per_process = False

    def __init__(self, config: FileLogConfig, context: Context) -> None:
        self._config = config
        self._id = context.id
        self._facts = Nobody(config.domain)
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._beat = 0.0
        self._admission: Admission | None = None
        self._tailer: Tailer | None = None
        self._thread = threading.Thread(target=self._run, name=f"files of {context.id}", daemon=True)

    def start(self, admission: Admission, *, share_port: bool = False) -> None:  # noqa: ARG002
        """Go on where what is durable ends. Raises `Unavailable` while there is no journal."""
        self._admission = admission
        self._tailer = Tailer(self._config, admission.positions(self._id), self._hand, self._heading())
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

    def _heading(self) -> Heading | None:
        if self._config.header is None:
            return None
        from collector.receivers.file_log.header import Headings  # loads polars

        return Headings(self._config.header, self._config.encoding)

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
        text = handed.piece.text
        received = Received(text.body(), handed.piece.records, 1, Repairs())
        arrival = Arrival(
            self._id, self._facts, text.text, read=lambda _: received, text=True,
            digest=handed.digest(self._id), position=handed.position(), besides=[position for _, position in handed.besides],
        )  # fmt: skip
        self._admission.submit(arrival, partial(self._answered, handed))

    def _answered(self, handed: Handed, answer: Refusal | Notice | None) -> None:
        assert self._tailer is not None
        retry = None
        if isinstance(answer, Refusal):
            retry = answer.retry_after_secs or _RETRY_SECS
        self._tailer.answered(handed, retry)
        self._woken.set()
