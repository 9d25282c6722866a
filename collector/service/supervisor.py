"""The supervisor: starts the children, watches them, replaces the dead and the hung, reloads and stops.

It imports neither grpc nor polars, so that it stays small and nothing in it can hang. A child is restarted with a
growing pause; one that fails again and again before it was ready makes `/live` say so.

    SIGTERM, SIGINT   stop intake, drain within the deadline, exit 0
    SIGHUP            read the configuration again; on error keep the old one; else new children take over
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterable

from collector.errors import ConfigError, LogboomError
from collector.service.channel import Start
from collector.service.datadir import DataDir
from collector.service.process import ChildProcess
from collector.settings.model import Settings

log = logging.getLogger("logboom.supervisor")

MAX_PAUSE_SECS = 5.0
HOPELESS = 5  # starts in a row that never got ready
TAKEOVER_SECS = 30.0


class StartFailed(LogboomError):
    """A child could not start the first time: nothing runs."""


class Supervisor:
    """All children of one `logboom run`."""

    def __init__(
        self,
        settings: Settings,
        data_dir: DataDir,
        reload: Callable[[], Settings],
        keep_open: tuple[int, ...] = (),
    ) -> None:
        self.settings = settings
        self.children: dict[tuple[str, int], ChildProcess] = {}
        self.restarts = 0
        self.stopping = False
        self.started_unix = time.time()
        self.failures: dict[tuple[str, int], int] = {}
        self._data_dir = data_dir
        self._reload = reload
        self._keep_open = keep_open
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._reloading = asyncio.Lock()

    async def start(self) -> None:
        """Start every child and wait until all are ready.

        Raises:
            StartFailed: one could not; the others are stopped again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._keep(self.reload()))
        self.children = {key: await self._spawn(key, self.settings) for key in _places(self.settings)}
        problem = await _all_reach(self.children.values(), {"ready"}, self._stop)
        if problem:
            await self._end(self.children.values(), 1.0)
            raise StartFailed(problem)
        for key, child in self.children.items():
            self._keep(self._watch(key, child))

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; then stop all children within the deadline."""
        await self._stop.wait()
        self.stopping = True
        await self._end(self.children.values(), self.settings.service.processes.shutdown_timeout)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reload(self) -> None:
        """Take a new configuration over without losing a record; on any error the old one stays."""
        async with self._reloading:
            try:
                settings = await asyncio.to_thread(self._reload)
            except ConfigError as error:
                log.error("the new configuration is refused, the old one stays: %s", error)
                return
            successors = {key: await self._spawn(key, settings) for key in _places(settings)}
            problem = await _all_reach(successors.values(), {"ready", "standby"}, self._stop)
            if problem:
                log.error("the new configuration does not start, the old one stays: %s", problem)
                await self._end(successors.values(), 1.0)
                return
            await self._hand_over(settings, successors)

    async def _hand_over(self, settings: Settings, successors: dict[tuple[str, int], ChildProcess]) -> None:
        old, self.children, self.settings = self.children, successors, settings
        await self._end(old.values(), settings.service.processes.shutdown_timeout)
        for key, child in successors.items():
            self._keep(self._watch(key, child))
        problem = await _all_reach(successors.values(), {"ready"}, self._stop)
        log.info("configuration reloaded%s", f", but {problem}" if problem else "")

    async def _spawn(self, key: tuple[str, int], settings: Settings) -> ChildProcess:
        child = ChildProcess(Start(*key, settings, self._data_dir.root), self._keep_open)
        await child.spawn()
        log.debug("%s started as process %d", child.name, child.pid)
        return child

    async def _watch(self, key: tuple[str, int], child: ChildProcess) -> None:
        """Keep one place filled until the supervisor stops or the child was told to stop."""
        while True:
            code = await self._watch_one(child)
            if child.stopping or self.stopping:
                return
            self.restarts += 1
            self.failures[key] = 0 if child.last_report.phase == "ready" else self.failures.get(key, 0) + 1
            pause = min(0.1 * 2 ** self.failures[key], MAX_PAUSE_SECS)
            log.warning("%s ended with %s: a new one starts in %.1f s", child.name, _exit_words(code), pause)
            await asyncio.sleep(pause)
            if child.stopping or self.stopping:
                return
            child = await self._spawn(key, self.settings)
            self.children[key] = child

    async def _watch_one(self, child: ChildProcess) -> int:
        limit = self.settings.service.ledger.process_timeout
        ended = asyncio.ensure_future(child.wait())
        while not ended.done():
            await asyncio.wait({ended}, timeout=0.5)
            reason = child.hangs(limit)
            if reason and not ended.done():
                log.error("%s is killed: %s", child.name, reason)
                child.kill()
                await ended
        return ended.result()

    async def _end(self, children: Iterable[ChildProcess], deadline_secs: float) -> None:
        """Ingest first, so that the workers see all that was accepted; kill what is left after the deadline."""
        living = list(children)
        for role in ("ingest", "worker"):
            group = [child for child in living if child.start.role == role]
            for child in group:
                child.stop(deadline_secs)
            waits = [asyncio.ensure_future(child.wait()) for child in group]
            if waits:
                _, late = await asyncio.wait(waits, timeout=deadline_secs + 2.0)
                if late:
                    log.error("%d %s process(es) did not stop in time and are killed", len(late), role)
                    for child in group:
                        child.kill()
                    await asyncio.gather(*waits)

    def _keep(self, job: object) -> None:
        task = asyncio.ensure_future(job)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _places(settings: Settings) -> list[tuple[str, int]]:
    processes = settings.service.processes
    return [("ingest", n) for n in range(processes.ingest)] + [("worker", n) for n in range(processes.workers)]


async def _all_reach(children: Iterable[ChildProcess], phases: set[str], stop: asyncio.Event) -> str:
    """Wait until every child reports one of `phases`; else a sentence on the first that failed."""
    deadline = time.monotonic() + TAKEOVER_SECS
    for child in children:
        ended = asyncio.ensure_future(child.wait())
        while child.last_report.phase not in phases:
            if child.last_report.phase == "failed":
                return child.last_report.error
            if ended.done():
                return f"{child.name} ended with {_exit_words(ended.result())}"
            if stop.is_set() or time.monotonic() > deadline:
                return "stopped" if stop.is_set() else f"{child.name} was not ready within {TAKEOVER_SECS:.0f} s"
            child.changed.clear()
            changed = asyncio.ensure_future(child.changed.wait())
            await asyncio.wait({changed, ended}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        if not ended.done():
            ended.cancel()
    return ""


def _exit_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
