"""The supervisor with children that are only told to be so: starts, deaths, reloads and stops at awkward moments."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from collector.backend.data_dir import DataDir
from collector.errors import LogboomError
from collector.service import supervisor as module
from collector.service.channel import Report, Start
from collector.service.process import ChildProcess
from collector.service.supervisor import StartFailed, Supervisor
from collector.settings import load
from collector.settings.model import Settings
from collector.testing.service import CONFIG

PLACES = [("ingest", 0), ("worker", 0)]


class FakeChild:
    """A child without a process. `script`: what it does, by its number (`ready`, `standby`, `mute`, `fail`, `no room`)."""

    made: list[FakeChild]
    script: dict[int, str]

    def __init__(self, start: Start, _keep_open: tuple[int, ...]) -> None:
        self.start = start
        self.name = f"{start.role} {start.index}"
        self.number = len(self.made)
        self.made.append(self)
        self.changed = asyncio.Event()
        self.last_report = Report("starting")
        self.stopping = False
        self.drained: bool | None = None
        self.served_secs: float | None = None
        self.hang = ""
        self.forgiven = 0.0
        self._ended = asyncio.Event()
        self.exit_code: int | None = None

    pid = 0

    @property
    def ready(self) -> bool:
        return self.last_report.phase == "ready" and self.exit_code is None and not self.stopping

    async def spawn(self) -> None:
        await asyncio.sleep(0)
        does = self.script.get(self.number, "ready")
        if does == "no room":
            raise OSError(11, "Resource temporarily unavailable")
        if does == "fail":
            self.last_report = Report("failed", error=f"{self.name}: no such store")
            self.die(1)
        elif does != "mute":
            self.report(does)

    def report(self, phase: str) -> None:
        self.last_report = Report(phase)
        self.served_secs = 0.5 if phase == "ready" else None
        self.changed.set()

    def die(self, code: int = -9) -> None:
        self.exit_code = code
        self._ended.set()
        self.changed.set()

    def hangs(self, _limit: float) -> str:
        return self.hang

    def forgive(self, secs: float) -> None:
        self.forgiven += secs

    def stop(self, _deadline: float, drain: bool = True) -> None:
        self.stopping, self.drained = True, drain
        asyncio.get_running_loop().call_soon(self.die, 0)
        for other in self.made:  # the successor gets the lock
            if other is not self and other.last_report.phase == "standby":
                other.report("ready")

    def kill(self) -> None:
        self.die(-9)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.exit_code is not None
        return self.exit_code


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "logboom.yaml"
    path.write_text(CONFIG.format(grpc=1, http=2, health=3, metrics=4))
    return load([str(path)], [])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeChild]:
    """All children made so far; checks and pauses of the supervisor are short."""
    FakeChild.made, FakeChild.script = [], {}
    monkeypatch.setattr(module, "CHECK_SECS", 0.01)
    monkeypatch.setattr(module, "TAKEOVER_SECS", 1.0)
    monkeypatch.setattr(module, "START_SECS", 2.0)
    return FakeChild.made


class Bench:
    """One supervisor that runs."""

    def __init__(self, settings: Settings, root: Path, reload: Callable[[Settings], Settings] | None = None) -> None:
        make = cast("Callable[[Start, tuple[int, ...]], ChildProcess]", FakeChild)
        self.supervisor = Supervisor(settings, DataDir(root, 2), reload or (lambda old: old), (), make)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Supervisor]:
        assert await self.supervisor.start()
        running = asyncio.ensure_future(self.supervisor.run())
        yield self.supervisor
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 10)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_sigterm_stops_ingest_before_the_workers(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        async with Bench(settings, tmp_path).running():
            assert [(child.start.role, child.start.index) for child in made] == PLACES
        assert all(child.drained for child in made)

    run(test())


def test_a_dead_child_is_replaced(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        async with Bench(settings, tmp_path).running() as supervisor:
            made[1].die()
            await until(lambda: len(made) == 3 and supervisor.children["worker", 0] is cast("Any", made[2]))
            assert supervisor.restarts == 1
            assert not supervisor.hopeless

    run(test())


def test_a_hung_child_is_killed_and_replaced(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        async with Bench(settings, tmp_path).running():
            made[0].hang = "no heartbeat for 11 s"
            await until(lambda: len(made) == 3)
            assert made[0].exit_code == -9

    run(test())


def test_a_supervisor_that_stood_still_forgives(
    settings: Settings, made: list[FakeChild], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        monkeypatch.setattr(module, "OWN_PAUSE_SECS", 0.0)  # every check is a late one
        async with Bench(settings, tmp_path).running():
            await until(lambda: all(child.forgiven > 0 for child in made))

    run(test())


@pytest.mark.parametrize(("does", "words"), [("fail", "no such store"), ("no room", "no process can be started")])
def test_a_first_start_that_fails_ends_the_others(
    settings: Settings, made: list[FakeChild], tmp_path: Path, does: str, words: str
) -> None:
    async def test() -> None:
        FakeChild.script = {1: does}
        with pytest.raises(StartFailed, match=words):
            await Bench(settings, tmp_path).supervisor.start()
        assert made[0].stopping

    run(test())


@pytest.mark.slow
def test_a_child_that_never_gets_ready_fails_the_start(
    settings: Settings, made: list[FakeChild], tmp_path: Path
) -> None:
    async def test() -> None:
        FakeChild.script = {0: "mute"}
        with pytest.raises(StartFailed, match="ingest 0 was not ready within 2 s"):
            await Bench(settings, tmp_path).supervisor.start()
        assert all(child.exit_code is not None for child in made)

    run(test())


def test_sigterm_while_starting_is_no_failure(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        FakeChild.script = {1: "mute"}
        starting = asyncio.ensure_future(Bench(settings, tmp_path).supervisor.start())
        await until(lambda: len(made) == 2)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(starting, 10) is False
        assert all(child.exit_code is not None for child in made)

    run(test())


def test_sighup_while_starting_waits_for_the_start(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        FakeChild.script = {1: "mute"}
        bench = Bench(settings, tmp_path)
        starting = asyncio.ensure_future(bench.supervisor.start())
        await until(lambda: len(made) == 2)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.05)
        assert len(made) == 2
        made[1].report("ready")
        assert await starting
        await until(lambda: len(made) == 4 and bench.supervisor.children["worker", 0] is cast("Any", made[3]))
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(bench.supervisor.run(), 10)

    run(test())


def test_a_reload_hands_over_without_draining(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    """Also twice at once: one after the other."""

    async def test() -> None:
        FakeChild.script = {2: "standby", 3: "standby", 4: "standby", 5: "standby"}
        async with Bench(settings, tmp_path).running() as supervisor:
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: len(made) > 2)
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: len(made) == 6 and all(child.ready for child in made[4:]))
            await until(lambda: not supervisor.handing_over)
            assert [child.drained for child in made] == [False] * 4 + [None] * 2
            assert list(supervisor.children.values()) == cast("Any", made[4:])

    run(test())


def test_many_sighups_are_one_change_under_way_and_one_that_waits(
    settings: Settings, made: list[FakeChild], tmp_path: Path
) -> None:
    """The one that waits reads the configuration of the last signal."""

    async def test() -> None:
        FakeChild.script = {3: "mute"}
        sent, read = [], []

        def reload(old: Settings) -> Settings:
            read.append(len(sent))
            return old

        async with Bench(settings, tmp_path, reload).running() as supervisor:
            for number in range(30):
                sent.append(number)
                os.kill(os.getpid(), signal.SIGHUP)
                await until(lambda: len(made) == 4)
            made[3].report("ready")
            await until(lambda: len(made) == 6 and all(child.ready for child in made[4:]))
            await asyncio.wait_for(supervisor.reload(), 10)  # its turn comes behind all that wait
            assert read == [1, 30, 30]
            assert len(made) == 8

    run(test())


@pytest.mark.parametrize("error", [LogboomError("two problems"), ValueError("what is this")])
def test_a_reload_that_is_refused_changes_nothing(
    settings: Settings, made: list[FakeChild], tmp_path: Path, error: Exception
) -> None:
    async def test() -> None:
        def refuse(_: Settings) -> Settings:
            raise error

        async with Bench(settings, tmp_path, refuse).running() as supervisor:
            await supervisor.reload()
            assert len(made) == 2
            assert all(child.ready for child in made)

    run(test())


def test_a_reload_whose_children_fail_keeps_the_old_ones(
    settings: Settings, made: list[FakeChild], tmp_path: Path
) -> None:
    async def test() -> None:
        FakeChild.script = {3: "fail"}
        async with Bench(settings, tmp_path).running() as supervisor:
            await supervisor.reload()
            assert all(child.ready for child in made[:2])
            assert all(child.exit_code is not None for child in made[2:])

    run(test())


class Tried:
    """An offer, and what came of it."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.came: list[str] = []

    def read(self, old: Settings) -> Settings:
        if self._error is not None:
            raise self._error
        return replace(old)

    def taken(self) -> None:
        self.came.append("taken")

    def refused(self, why: str) -> None:
        self.came.append(why)


def test_an_offer_that_runs_is_taken(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        offer = Tried()
        async with Bench(settings, tmp_path).running() as supervisor:
            await supervisor.try_out(offer)
            assert supervisor.settings is not settings
            assert list(supervisor.children.values()) == cast("Any", made[2:])
            assert offer.came == ["taken"]

    run(test())


def test_an_offer_that_is_refused_changes_nothing(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        offer = Tried(LogboomError("two problems"))
        async with Bench(settings, tmp_path).running() as supervisor:
            await supervisor.try_out(offer)
            assert (len(made), supervisor.settings) == (2, settings)
            assert offer.came == ["two problems"]

    run(test())


def test_an_offer_whose_children_fail_at_once_keeps_the_old_ones(
    settings: Settings, made: list[FakeChild], tmp_path: Path
) -> None:
    async def test() -> None:
        FakeChild.script = {3: "fail"}
        offer = Tried()
        async with Bench(settings, tmp_path).running() as supervisor:
            await supervisor.try_out(offer)
            assert all(child.ready for child in made[:2])
            assert (supervisor.settings, offer.came) == (settings, ["worker 0: no such store"])

    run(test())


@pytest.mark.parametrize("does", ["mute", "die"])
def test_an_offer_that_takes_over_and_does_not_serve_is_taken_back(
    settings: Settings, made: list[FakeChild], tmp_path: Path, does: str
) -> None:
    """Its children had what they need to begin, and were not ready when the others had gone: in time, or ever."""

    class Stubborn(FakeChild):
        def report(self, phase: str) -> None:
            if self.number == 3 and phase == "ready":
                if does == "die":
                    self.last_report = Report("failed", error="worker 0: no token")
                    self.die(1)
                return
            super().report(phase)

    async def test() -> None:
        FakeChild.script = {2: "standby", 3: "standby"}
        offer = Tried()
        bench = Bench(settings, tmp_path)
        bench.supervisor._make = cast("Any", Stubborn)
        async with bench.running() as supervisor:
            await supervisor.try_out(offer)
            assert supervisor.settings is settings
            assert all(child.ready for child in supervisor.children.values())
            assert all(child.exit_code is not None for child in made[:4])
            assert offer.came == ["worker 0: no token" if does == "die" else "worker 0 was not ready within 1 s"]

    run(test())


def test_an_offer_that_the_end_of_the_service_cuts_short_is_nothing(
    settings: Settings, made: list[FakeChild], tmp_path: Path
) -> None:
    """It is offered again."""

    async def test() -> None:
        FakeChild.script = {3: "mute"}
        offer = Tried()
        async with Bench(settings, tmp_path).running() as supervisor:
            trying = asyncio.ensure_future(supervisor.try_out(offer))
            await until(lambda: len(made) == 4)
        await asyncio.wait_for(trying, 10)
        assert offer.came == []

    run(test())


def test_a_place_in_its_pause_is_not_filled_twice(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    """A reload that comes while a dead worker waits for its restart: its successor is the only one."""

    async def test() -> None:
        async with Bench(settings, tmp_path).running() as supervisor:
            made[1].die()
            await until(lambda: supervisor.restarts == 1)
            await supervisor.reload()
            await asyncio.sleep(0.4)  # longer than the pause
            workers = [child for child in made if child.start.role == "worker" and child.exit_code is None]
            assert workers == [cast("Any", supervisor.children["worker", 0])]

    run(test())


def test_sigterm_during_a_reload_leaves_nobody(settings: Settings, made: list[FakeChild], tmp_path: Path) -> None:
    async def test() -> None:
        FakeChild.script = {3: "mute"}
        async with Bench(settings, tmp_path).running():
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: len(made) == 4)
        assert all(child.exit_code is not None for child in made)

    run(test())


def test_a_place_that_never_gets_ready_again_is_hopeless_until_it_does(
    settings: Settings, made: list[FakeChild], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        monkeypatch.setattr("collector.service.restarts.MAX_PAUSE_SECS", 0.01)
        FakeChild.script = dict.fromkeys(range(2, 8), "fail") | {8: "no room"}
        async with Bench(settings, tmp_path).running() as supervisor:
            made[1].die()
            await until(lambda: supervisor.hopeless == ["worker 0"])
            await until(lambda: len(made) == 10 and made[9].ready)
            await until(lambda: not supervisor.hopeless)

    run(test())
