"""The process that serves the console: without grpc and polars, at a lower priority, and nothing waits for it. What it dies of touches
neither intake nor delivery."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from collector.console.service_state import LastState, ServiceState
from collector.extensions.console.config import ConsoleConfig
from collector.service.channel import Report
from collector.service.plan import extension
from collector.service.reporting import Reporting, operator_domain
from collector.settings.model import Settings

if TYPE_CHECKING:
    from collector.console.reads import Reads
    from collector.transport.serving.http_server import HttpListener

log = logging.getLogger("logboom.console")

_NICE = 10
_HANGS_SECS = 8.0
_GRACE_SECS = 1.0


class ConsoleRole:
    """The role `console`."""

    def __init__(self, settings: Settings, root: Path) -> None:
        options = extension(settings, ConsoleConfig)
        assert options is not None, "the role has no place without its extension"
        self._options = options
        self._settings = settings
        self._root = root
        self._phase = "starting"
        self._address = ""
        self._stop = threading.Event()
        self._state = LastState()
        self._reporting = Reporting(root, "console 0", lambda: settings)
        self._listener: HttpListener | None = None

    def run(self) -> None:
        """Until `stop`. Raises LogboomError: it can't listen."""
        with contextlib.suppress(OSError):
            os.nice(_NICE)  # before anything is loaded: the others come first, at the start, too
        from collector.console.opening import opened
        from collector.service.console_logins import announce, asking

        self._reporting.start()
        reporter = self._reporting.reporter
        reads = self._reads()
        with (
            asking(self._options, self._settings, self._root, reporter) as logins,
            opened(self._options, self._settings, self._root, self._state, reporter, logins, reads) as serving,
        ):
            self._listener, self._address = serving
            announce(self._options, self._root, self._address)
            self._phase = "ready"
            self._stop.wait()
            self._listener.shutdown(_GRACE_SECS)
        if reads is not None:
            reads.close()
        self._reporting.close()

    def _reads(self) -> Reads | None:
        audit = self._settings.service.audit
        if not audit.enabled or not audit.reads:
            return None
        from collector.console.reads import Reads

        reads = Reads(self._root, "console 0", lambda: operator_domain(self._settings))
        reads.start()
        return reads

    def stop(self, deadline_secs: float, drain: bool = True) -> None:  # noqa: ARG002 - it has nothing to finish
        """Let go of the port."""
        self._stop.set()

    def show(self, state: ServiceState) -> None:
        """What the supervisor sees now."""
        self._state.now = state

    def report(self) -> Report | None:
        """The heartbeat; none while the event loop hangs."""
        if self._listener is not None and not self._stop.is_set() and self._listener.silent_secs() > _HANGS_SECS:
            return None
        endpoints = {"console": f"http{'s' if self._options.tls else ''}://{self._address}"} if self._address else {}
        return Report(self._phase, 0.0, {"endpoints": endpoints})
