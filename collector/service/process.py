"""One child as the supervisor sees it: started by exec in its own session, watched by its reports."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from multiprocessing.connection import Connection

from collector.service.channel import Report, Start, Stop, pair

SILENCE_SECS = 10.0
START_SECS = 60.0

CHILD_ENVIRONMENT = {"POLARS_MAX_THREADS": os.environ.get("POLARS_MAX_THREADS", "1")}
"""A second thread makes a batch of some thousand rows no faster and costs a third more CPU; workers scale out instead."""

log = logging.getLogger("logboom.supervisor")


class ChildProcess:
    """A running child. `changed` is set at each report and at the end of the process."""

    def __init__(self, start: Start, keep_open: tuple[int, ...] = ()) -> None:
        self.start = start
        self.name = f"{start.role} {start.index}"
        self.changed = asyncio.Event()
        self.last_report = Report("starting")
        self.stopping = False
        self.exit_code: int | None = None
        self._seen = time.monotonic()
        self._keep_open = keep_open
        self._channel: Connection | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before it was started."""
        return self._process.pid if self._process else 0

    @property
    def ready(self) -> bool:
        """It serves."""
        return self.exit_code is None and self.last_report.phase == "ready" and not self.stopping

    async def spawn(self) -> None:
        """Start the process and give it its orders."""
        self._channel, theirs = pair()
        descriptor = theirs.fileno()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "collector.service.child", str(descriptor),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(descriptor, *self._keep_open),
            start_new_session=True,
            env={**os.environ, **CHILD_ENVIRONMENT},
        )  # fmt: skip
        theirs.close()
        self._channel.send(self.start)
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._take_report)

    def _take_report(self) -> None:
        assert self._channel is not None
        try:
            report = self._channel.recv()
        except (EOFError, OSError):
            self._close_channel()
            return
        if isinstance(report, Report):
            self.last_report = report
            self._seen = time.monotonic()
            self.changed.set()

    def hangs(self, busy_limit_secs: float) -> str:
        """Why the child must be killed, or an empty string."""
        silent = time.monotonic() - self._seen
        if silent > (SILENCE_SECS if self.last_report.phase == "ready" else START_SECS):
            return f"no heartbeat for {silent:.0f} s"
        if self.last_report.busy_secs > busy_limit_secs:
            return f"one batch has taken {self.last_report.busy_secs:.0f} s"
        return ""

    def stop(self, deadline_secs: float) -> None:
        """Ask it to finish."""
        self.stopping = True
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send(Stop(deadline_secs))

    def kill(self) -> None:
        """End it now; what it acknowledged is on disk."""
        if self.exit_code is None and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Until it has ended; its exit code (negative: the signal)."""
        assert self._process is not None
        self.exit_code = await self._process.wait()
        while self._channel is not None and self._channel.poll(0):  # its last words may still be unread
            self._take_report()
        self._close_channel()
        self.changed.set()
        return self.exit_code

    def _close_channel(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._channel.close()
            self._channel = None
