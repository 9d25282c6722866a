"""One child as the supervisor sees it: started by exec in its own session, watched by its reports."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from collector.console.service_state import ServiceState
from collector.service.channel import Report, Start, Stop, pair
from collector.service.forerunners import ENVIRONMENT, Forerunner, Forerunners, outlets
from collector.service.forked import Forked
from collector.service.native_lines import NativeLines
from collector.service.roles import ROLES
from collector.service.showing import Showing

SILENCE_SECS = 10.0
_WORDS_BYTES = 64 << 10
START_SECS = 60.0

log = logging.getLogger("logboom.supervisor")


class Begun:
    """A process that was started before the event loop was, as one of asyncio's."""

    def __init__(self, process: subprocess.Popen[bytes] | Forked) -> None:
        self.pid = process.pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        threading.Thread(target=self._await, args=(process, self._ended.get_loop()), name="waits", daemon=True).start()

    async def wait(self) -> int:
        """Until it has ended; its exit code (negative: the signal)."""
        return await asyncio.shield(self._ended)

    def _await(self, process: subprocess.Popen[bytes] | Forked, loop: asyncio.AbstractEventLoop) -> None:
        code = process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._tell, code)

    def _tell(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)


class ChildProcess:
    """A running child. `changed` is set at each report and at the end of the process."""

    def __init__(self, start: Start, keep_open: tuple[int, ...] = (), forerunners: Forerunners | None = None) -> None:
        self.start = start
        self._forerunner = forerunners.take(start.role) if forerunners else None
        self.name = f"{start.role} {start.index}"
        self.changed = asyncio.Event()
        self.last_report = Report("starting")
        self.stopping = False
        self.exit_code: int | None = None
        self._seen = self._started = time.monotonic()
        self._ready_at: float | None = None
        self._ended_at: float | None = None
        self._keep_open = keep_open
        self._channel: Connection | None = None
        self._process: asyncio.subprocess.Process | Begun | None = None
        self.native_lines = NativeLines(self.name)
        self._words = -1
        self._showing: Showing | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before it was started."""
        return self._process.pid if self._process else 0

    @property
    def ready(self) -> bool:
        """It serves."""
        return self.exit_code is None and self.last_report.phase == "ready" and not self.stopping

    @property
    def served_secs(self) -> float | None:
        """How long it was or has been ready; None when it never was."""
        if self._ready_at is None:
            return None
        return (time.monotonic() if self._ended_at is None else self._ended_at) - self._ready_at

    async def spawn(self) -> None:
        """Start the process and give it its orders.

        Raises:
            OSError: the system has no room for another process.
        """
        if self._forerunner is None or not self._go_on(self._forerunner):
            await self._exec()
        assert self._channel is not None
        with contextlib.suppress(OSError):  # it is dead already: `wait` tells
            self._channel.send(self.start)
        asyncio.get_running_loop().add_reader(self._channel.fileno(), self._take_report)
        asyncio.get_running_loop().add_reader(self._words, self._take_words)

    def _go_on(self, forerunner: Forerunner) -> bool:
        """With a process that loads already; False where that has ended."""
        channel = forerunner.begin(self._keep_open)
        if channel is None:
            return False
        self._channel = Connection(channel.detach())
        self._words = forerunner.heard
        self._process = Begun(forerunner.process)
        return True

    async def _exec(self) -> None:
        self._channel, theirs = pair()
        try:
            with theirs, contextlib.ExitStack() as inherited:
                own, words = self._outlets(inherited)
                shown = self._shown(inherited)
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "collector.service.child", str(theirs.fileno()), str(own), *map(str, shown),
                    stdin=asyncio.subprocess.DEVNULL,
                    stderr=words,
                    pass_fds=(theirs.fileno(), own, *shown, *self._keep_open),
                    start_new_session=True,
                    env={**os.environ, **ENVIRONMENT},
                )  # fmt: skip
        except OSError:
            self._channel.close()
            self._close_words()
            self._close_showing()
            raise

    def show(self, state: ServiceState) -> None:
        """Tell it what the supervisor sees, if it shows that."""
        if self._showing is not None and self.ready:
            self._showing.show(state)

    def _shown(self, inherited: contextlib.ExitStack) -> Sequence[int]:
        """The descriptor on which it hears what there is to show; none for who shows nothing."""
        if not ROLES[self.start.role].shows:
            return ()
        self._showing = Showing()
        inherited.callback(self._showing.theirs.close)
        return (self._showing.theirs.fileno(),)

    def _outlets(self, inherited: contextlib.ExitStack) -> tuple[int, int]:
        own, words, self._words = outlets()
        inherited.callback(os.close, own)
        inherited.callback(os.close, words)
        return own, words

    def _take_report(self) -> None:
        assert self._channel is not None
        try:
            report = self._channel.recv()
        except (EOFError, OSError):
            self._close_channel()
            return
        if not isinstance(report, Report):
            return
        self._seen = time.monotonic()
        if report.phase == "ready" and self._ready_at is None:
            self._ready_at = self._seen
        if self.last_report.phase != "failed":  # a heartbeat on its way must not hide why it fails
            self.last_report = report
        self.changed.set()

    def _take_words(self) -> bool:
        """Read once what native code wrote; False at the end, or when there is nothing yet."""
        try:
            data = os.read(self._words, _WORDS_BYTES)
        except BlockingIOError:
            return False
        self.native_lines.feed(data)
        if not data:
            asyncio.get_running_loop().remove_reader(self._words)
        return bool(data)

    def hangs(self, busy_limit_secs: float) -> str:
        """Why the child must be killed, or an empty string."""
        now = time.monotonic()
        silent, phase = now - self._seen, self.last_report.phase
        if silent > (SILENCE_SECS if phase == "ready" else START_SECS):
            return f"no heartbeat for {silent:.0f} s"
        if phase == "starting" and now - self._started > START_SECS:
            return f"not ready {now - self._started:.0f} s after its start"
        if self.last_report.busy_secs > busy_limit_secs:
            return f"one batch has taken {self.last_report.busy_secs:.0f} s"
        return ""

    def forgive(self, secs: float) -> None:
        """The supervisor itself stood still so long: what the child said meanwhile is not read yet."""
        self._seen += secs
        self._started += secs

    def stop(self, deadline_secs: float, drain: bool = True) -> None:
        """Ask it to finish; without `drain` at its next commit, for a successor waits."""
        self.stopping = True
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send(Stop(deadline_secs, drain))

    def kill(self) -> None:
        """End it now; what it acknowledged is on disk."""
        if self.exit_code is None and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Until it has ended; its exit code (negative: the signal)."""
        assert self._process is not None
        self.exit_code = await self._process.wait()
        self._ended_at = self._ended_at or time.monotonic()
        while self._channel is not None and self._channel.poll(0):  # its last words may still be unread
            self._take_report()
        self._close_channel()
        self._close_words()
        self._close_showing()
        self.changed.set()
        return self.exit_code

    def _close_words(self) -> None:
        if self._words >= 0:
            while self._take_words():
                pass
            asyncio.get_running_loop().remove_reader(self._words)
            os.close(self._words)
            self._words = -1
            self.native_lines.end()

    def _close_showing(self) -> None:
        if self._showing is not None:
            self._showing.close()
            self._showing = None

    def _close_channel(self) -> None:
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            self._channel.close()
            self._channel = None
