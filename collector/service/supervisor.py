"""The supervisor: starts the children, watches them, replaces the dead and the hung, reloads and stops.

It imports neither grpc nor polars, so that it stays small and nothing in it can hang. A child is restarted with a
growing pause; one that fails again and again, before it was ready or soon after, makes `/live` say so.

    SIGTERM, SIGINT   stop intake, drain within the deadline, exit 0
    SIGHUP            read the configuration again; on error keep the old one; else new children take over;
                      one change is under way and at most one waits, however many signals come
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from collector.backend.data_dir import DataDir
from collector.control.catalogue import CONFIG_CHANGED, CONFIG_REFUSED, PROCESS_ENDED
from collector.control.reporter import nobody
from collector.errors import LogboomError
from collector.service.channel import Start
from collector.service.process import START_SECS, ChildProcess
from collector.service.restarts import Restarts
from collector.service.roles import ROLES, Place, places
from collector.service.service_manager import reloading, tell
from collector.settings.model import Settings

log = logging.getLogger("logboom.supervisor")

TAKEOVER_SECS = 30.0  # senders wait; at a start nobody does: it has the time that a child has alone, START_SECS
CHECK_SECS = 2.0
OWN_PAUSE_SECS = 4.0  # a check that comes so late was not held up by the children


class Offer(Protocol):
    """A configuration that somebody else gives, to be tried."""

    def read(self, old: Settings) -> Settings:
        """The settings with it. On a thread. Raises LogboomError."""
        ...

    def taken(self) -> None:
        """It runs."""
        ...

    def refused(self, why: str) -> None:
        """It does not; what ran before runs."""
        ...


class StartFailed(LogboomError):
    """A child could not start: the first time, nothing runs; at a reload, the old ones stay."""


class Supervisor:
    """All children of one `logboom run`.

    Args:
        reload: gives the configuration that follows the one it is told, or raises `LogboomError`.
        keep_open: descriptors that the children inherit.
        make: makes a child that is not started yet.
    """

    def __init__(
        self,
        settings: Settings,
        data_dir: DataDir,
        reload: Callable[[Settings], Settings],
        keep_open: tuple[int, ...] = (),
        make: Callable[[Start, tuple[int, ...]], ChildProcess] = ChildProcess,
    ) -> None:
        self.reporter = nobody()
        """Tells the events of processes and configurations; whoever runs the supervisor gives it one."""
        self.on_death: Callable[[int], None] = lambda _: None
        """Told the number of a worker that ended unasked; on a thread."""
        self.settings = settings
        self.children: dict[Place, ChildProcess] = {}
        self.restarts = 0
        self.started = self.stopping = self.handing_over = False
        self.started_unix = time.time()
        self._places: dict[Place, Restarts] = {}
        self._data_dir = data_dir
        self._reload = reload
        self._keep_open = keep_open
        self._make = make
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._changing = asyncio.Lock()
        self._change_waits = False

    @property
    def hopeless(self) -> list[str]:
        """The children that can't be restored."""
        return [
            child.name
            for place, child in self.children.items()
            if ROLES[place[0]].vital
            and self._places.get(place, Restarts()).hopeless(child.served_secs if child.ready else None)
        ]

    @property
    def deaths(self) -> dict[str, int]:
        """Child → how many in its place died in a row before they were ready, or soon after, and none has shown otherwise."""
        return {
            child.name: self._places[place].in_a_row(child.served_secs if child.ready else None)
            for place, child in self.children.items()
            if place in self._places
        }

    async def start(self) -> bool:
        """Start every child and wait until all are ready; False when it was told to stop meanwhile.

        Raises:
            StartFailed: one could not; the others are stopped again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._keep(self.reload()))
        async with self._changing:
            try:
                self.children = await self._bring_up(self.settings, {"ready"}, START_SECS)
            except StartFailed:
                if self._stop.is_set():
                    return False
                raise
            self.started = True
            self._watch_all()
        return True

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; then stop all children within the deadline."""
        await self._stop.wait()
        self.stopping = True
        tell("STOPPING=1")
        await self._end(self.children.values(), self.settings.service.processes.shutdown_timeout)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reload(self) -> None:
        """Take a new configuration over without losing a record; on any error the old one stays.

        A change that waits for its turn serves every later request for one: it reads what is there when its turn comes.
        """
        if self._change_waits:
            return
        self._change_waits = True
        async with self._changing:
            self._change_waits = False
            if not self._stop.is_set():
                with reloading():
                    await self._change(self._reload)

    async def change(self, read: Callable[[Settings], Settings]) -> str:
        """As `reload`, with what `read` makes of the settings, on a thread. Why it does not run as it should; empty: it runs."""
        async with self._changing:
            if self._stop.is_set():
                return ""
            with reloading():
                return await self._change(read)

    async def try_out(self, offer: Offer) -> None:
        """As `reload`, with a configuration of somebody else: where it takes over and its children don't become ready, the old one comes back."""
        async with self._changing:
            if self._stop.is_set():
                return
            before = self.settings
            with reloading():
                problem = await self._change(offer.read)
                if problem and self.settings is not before and not self._stop.is_set():
                    log.error("the new configuration is taken back: %s", problem)
                    self._refused("the new configuration is taken back", problem)
                    back = await self._change(lambda _: before)
                    problem += f"; and what ran before does not start again: {back}" if back else ""
            if self._stop.is_set():
                return  # it is offered again
            if problem:
                await asyncio.to_thread(offer.refused, problem)
            else:
                await asyncio.to_thread(offer.taken)

    async def _change(self, read: Callable[[Settings], Settings]) -> str:
        """Why the new one does not run as it should; empty: it runs."""
        try:
            settings = await asyncio.to_thread(read, self.settings)
        except LogboomError as error:
            log.error("the new configuration is refused, the old one stays: %s", error)
            self._refused("the new configuration is refused, the old one stays", str(error))
            return str(error)
        except Exception as error:
            log.exception("the new configuration can't be read, the old one stays")
            self._refused("the new configuration can't be read, the old one stays", type(error).__name__)
            return type(error).__name__
        try:
            successors = await self._bring_up(settings, {"ready", "standby"}, TAKEOVER_SECS)
        except StartFailed as problem:
            log.error("the new configuration does not start, the old one stays: %s", problem)
            self._refused("the new configuration does not start, the old one stays", str(problem))
            return str(problem)
        return await self._hand_over(settings, successors)

    def _refused(self, body: str, reason: str) -> None:
        self.reporter.tell(CONFIG_REFUSED, body, {"logboom.reason": reason})

    async def _bring_up(self, settings: Settings, phases: set[str], patience_secs: float) -> dict[Place, ChildProcess]:
        """All children of a configuration, in one of `phases` in time; if one fails, all of them are ended again."""
        wanted = places(settings)
        made = await asyncio.gather(*(self._spawn(place, settings) for place in wanted), return_exceptions=True)
        children = {
            place: child for place, child in zip(wanted, made, strict=True) if not isinstance(child, BaseException)
        }
        try:
            for failure in made:
                if isinstance(failure, BaseException):
                    raise failure
            problem = await _all_reach(children.values(), phases, self._stop, patience_secs)
        except OSError as error:
            problem = f"no process can be started: {error.strerror}"
        if problem or self._stop.is_set():
            await self._end(children.values(), 1.0)
            raise StartFailed(problem or "stopped")
        return children

    async def _hand_over(self, settings: Settings, successors: dict[Place, ChildProcess]) -> str:
        old, self.children, self.settings = self.children, successors, settings
        for child in old.values():
            child.stopping = True  # from here on nobody fills their places again
        self.handing_over = True
        self._places.clear()
        await self._end(old.values(), settings.service.processes.shutdown_timeout, drain=False)
        self._watch_all()
        problem = await _all_reach(successors.values(), {"ready"}, self._stop, TAKEOVER_SECS)
        self.handing_over = False
        told = f"configuration reloaded{f', but {problem}' if problem else ''}"
        log.info("%s", told)
        self.reporter.tell(CONFIG_CHANGED, told)
        return problem

    async def _spawn(self, place: Place, settings: Settings) -> ChildProcess:
        child = self._make(Start(*place, settings, self._data_dir.root), self._keep_open)
        await child.spawn()
        log.debug("%s started as process %d", child.name, child.pid)
        return child

    def _watch_all(self) -> None:
        for place, child in self.children.items():
            self._keep(self._watch(place, child))

    async def _watch(self, place: Place, child: ChildProcess) -> None:
        """Keep one place filled until the supervisor stops or the child was told to stop."""
        while True:
            code = await self._watch_one(child)
            if child.stopping or self._stop.is_set():
                return
            self.restarts += 1
            if place[0] == "worker":
                self._keep(asyncio.to_thread(self._tell_death, place[1]))
            pause = self._places.setdefault(place, Restarts()).pause_after(child.served_secs)
            reason = _end_words(child, code)
            told = f"{child.name} ended with {reason}: a new one starts in {pause:.1f} s"
            log.warning("%s", told)
            self.reporter.tell(PROCESS_ENDED, told, {"logboom.child": child.name, "logboom.reason": reason})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            if child.stopping or self._stop.is_set():
                return
            child = await self._replace(place, child)

    def _tell_death(self, worker: int) -> None:
        try:
            self.on_death(worker)
        except LogboomError as error:
            log.warning("what worker %d had in hand is told to nobody: %s", worker, error)

    async def _replace(self, place: Place, dead: ChildProcess) -> ChildProcess:
        """A new child in the place of a dead one; the dead one again when that was not possible or not wanted."""
        try:
            child = await self._spawn(place, self.settings)
        except OSError as error:
            log.error("%s can't be started: %s", dead.name, error.strerror)
            return dead
        if dead.stopping or self._stop.is_set():  # the order came while the new one was being made
            await self._end([child], 1.0)
            return dead
        self.children[place] = child
        return child

    async def _watch_one(self, child: ChildProcess) -> int:
        limit = self.settings.service.ledger.process_timeout
        ended = asyncio.ensure_future(child.wait())
        checked = time.monotonic()
        while not ended.done():
            await asyncio.wait({ended}, timeout=CHECK_SECS)
            late, checked = time.monotonic() - checked, time.monotonic()
            if late > OWN_PAUSE_SECS:
                child.forgive(late)
            reason = child.hangs(limit)
            if reason and not ended.done():
                log.error("%s is killed: %s", child.name, reason)
                child.kill()
                await ended
        return ended.result()

    async def _end(self, children: Iterable[ChildProcess], deadline_secs: float, drain: bool = True) -> None:
        """Role by role, in the order of the table; kill what is left after the deadline."""
        living = list(children)
        for role in ROLES:
            group = [child for child in living if child.start.role == role]
            for child in group:
                child.stop(deadline_secs, drain)
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


async def _all_reach(
    children: Iterable[ChildProcess], phases: set[str], stop: asyncio.Event, patience_secs: float
) -> str:
    """Wait until every vital child reports one of `phases`; else a sentence on the first that failed."""
    deadline = time.monotonic() + patience_secs
    for child in (child for child in children if ROLES[child.start.role].vital):
        ended = asyncio.ensure_future(child.wait())
        while child.last_report.phase not in phases:
            if child.last_report.phase == "failed":
                return child.last_report.error
            if ended.done():
                return child.last_report.error or f"{child.name} ended with {_exit_words(ended.result())}"
            if stop.is_set() or time.monotonic() > deadline:
                return "stopped" if stop.is_set() else f"{child.name} was not ready within {patience_secs:.0f} s"
            child.changed.clear()
            changed = asyncio.ensure_future(child.changed.wait())
            await asyncio.wait({changed, ended}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        if not ended.done():
            ended.cancel()
    return ""


def _end_words(child: ChildProcess, code: int) -> str:
    return _exit_words(code) + (f" ({child.last_report.error})" if child.last_report.error else "")


def _exit_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
