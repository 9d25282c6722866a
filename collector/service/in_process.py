"""`logboom run --in-process`: ingest and worker as threads of one process, for tests and small installs.

Nothing watches over it: a crash ends it, and whoever started it starts it again. The durability is the same.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time

from collector.errors import LogboomError
from collector.service.channel import Report, Start
from collector.service.child import Role, make_role
from collector.service.datadir import DataDir
from collector.settings.model import Settings

START_SECS = 30.0


class LocalChild:
    """A role on a thread, with the face of a child process."""

    pid = 0

    def __init__(self, start: Start) -> None:
        self.start = start
        self.name = f"{start.role} {start.index}"
        self.error = ""
        self.role: Role = make_role(start)
        self.thread = threading.Thread(target=self._run, name=self.name)

    def _run(self) -> None:
        try:
            self.role.run()
        except Exception as error:  # noqa: BLE001 - the thread's end is reported by `last_report`
            self.error = f"{self.name}: {error}"

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
        self.settings = settings
        self.children: dict[tuple[str, int], LocalChild] = {}
        self.failures: dict[tuple[str, int], int] = {}
        self.restarts = 0
        self.stopping = False
        self.started_unix = time.time()
        self._data_dir = data_dir
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """Start the threads and wait until they serve."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        for role in ("ingest", "worker"):
            child = LocalChild(Start(role, 0, self.settings, self._data_dir.root))
            self.children[role, 0] = child
            child.thread.start()
        deadline = time.monotonic() + START_SECS
        while not all(child.ready for child in self.children.values()):
            failed = [child.error for child in self.children.values() if child.error]
            if failed or time.monotonic() > deadline:
                await self._end()
                raise LogboomError("; ".join(failed) or f"not ready within {START_SECS:.0f} s")
            await asyncio.sleep(0.01)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        await self._stop.wait()
        self.stopping = True
        await self._end()

    async def _end(self) -> None:
        deadline_secs = self.settings.service.processes.shutdown_timeout
        for role in ("ingest", "worker"):
            child = self.children.get((role, 0))
            if child is not None:
                child.role.stop(deadline_secs)
                await asyncio.to_thread(child.thread.join, deadline_secs + 2.0)
