"""`logboom run --in-process`: ingest and worker as threads of one process, for tests and small installs.

Nothing watches over it: a crash of one thread ends it, and whoever started it starts it again. The durability is the
same. There is one of each, whatever `service.processes` says; SIGHUP is not answered by a reload.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from dataclasses import replace

from collector.backend.data_dir import DataDir
from collector.console.service_state import ServiceState
from collector.control.reporter import nobody
from collector.errors import LogboomError
from collector.service.channel import Report, Start
from collector.service.native_lines import NativeLines
from collector.service.roles import ROLES, Place, Role, Shows, make_role, places
from collector.service.service_manager import tell
from collector.settings.model import Settings

log = logging.getLogger("logboom.supervisor")

START_SECS = 30.0
_LOOK_SECS = 0.2


class LocalChild:
    """A role on a thread, with the face of a child process."""

    pid = 0

    def __init__(self, start: Start) -> None:
        self.start = start
        self.name = f"{start.role} {start.index}"
        self.error = ""
        self.native_lines = NativeLines(self.name)  # nobody reads our own stderr
        self.role: Role = make_role(start)
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def show(self, state: ServiceState) -> None:
        """What is seen of the service, if its role shows that."""
        if isinstance(self.role, Shows):
            self.role.show(state)

    def _run(self) -> None:
        try:
            self.role.run()
        except LogboomError as error:
            self.error = f"{self.name}: {error}"
        except Exception as error:
            log.exception("%s fails", self.name)
            self.error = f"{self.name}: {type(error).__name__}: {error}"

    @property
    def last_report(self) -> Report:
        """What the role says now."""
        return Report("failed", error=self.error) if self.error else self.role.report() or Report("starting")

    @property
    def ready(self) -> bool:
        """It serves."""
        return self.thread.is_alive() and self.last_report.phase == "ready"


class InProcess:
    """Stands in for the supervisor."""

    def __init__(self, settings: Settings, data_dir: DataDir) -> None:
        self.settings = _one_of_each(settings)
        self.children: dict[Place, LocalChild] = {}
        self.hopeless: list[str] = []
        self.deaths: dict[str, int] = {}
        self.restarts = 0
        self.started = self.stopping = self.handing_over = False
        self.started_unix = time.time()
        self.reporter = nobody()
        self._data_dir = data_dir
        self._stop = asyncio.Event()

    async def start(self) -> bool:
        """Start the threads and wait until they serve; False when it was told to stop meanwhile.

        Raises:
            LogboomError: one of them can't; the other is stopped again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(
            signal.SIGHUP, log.warning, "SIGHUP is ignored: --in-process reads its configuration at the start only"
        )
        for place in places(self.settings):
            child = LocalChild(Start(*place, self.settings, self._data_dir.root))
            self.children[place] = child
            child.thread.start()
        deadline = time.monotonic() + START_SECS
        while not all(child.ready for child in self._vital()):
            failed = self._failed()
            if failed or self._stop.is_set() or time.monotonic() > deadline:
                await self._end()
                if self._stop.is_set():
                    return False
                raise LogboomError(failed or f"not ready within {START_SECS:.0f} s")
            await asyncio.sleep(0.01)
        self.started = True
        return True

    async def run(self) -> None:
        """Until SIGTERM or SIGINT.

        Raises:
            LogboomError: a thread ended by itself; the other was stopped.
        """
        while not self._stop.is_set() and all(child.thread.is_alive() for child in self._vital()):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _LOOK_SECS)
        unasked = not self._stop.is_set()
        self.stopping = True
        tell("STOPPING=1")
        await self._end()
        if unasked:
            raise LogboomError(self._failed() or "a thread ended by itself")

    def _vital(self) -> list[LocalChild]:
        return [child for child in self.children.values() if ROLES[child.start.role].vital]

    def _failed(self) -> str:
        return "; ".join(child.error for child in self._vital() if child.error)

    async def _end(self) -> None:
        deadline_secs = self.settings.service.processes.shutdown_timeout
        for child in self.children.values():  # in the order of the table of roles
            child.role.stop(deadline_secs)
            await asyncio.to_thread(child.thread.join, deadline_secs + 2.0)


def _one_of_each(settings: Settings) -> Settings:
    processes = settings.service.processes.model_copy(update={"ingest": 1, "workers": 1})
    return replace(settings, service=settings.service.model_copy(update={"processes": processes}))
