"""Children that load before they are told what to do: taken once, with what they shall hold; ended where nobody takes them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.service import forerunners as module
from collector.service.channel import Start
from collector.service.forerunners import Forerunner, Forerunners
from collector.service.process import ChildProcess

HOLDS = """
import os, sys, time
from collector.service.forerunning import kept_open
channel = int(sys.argv[4])
held = kept_open(channel)
os.write(channel, b"." if held else b"-")
time.sleep(600)
"""
"""A child that says whether it got something to hold."""
DIES = "import os, sys; os.write(2, os.fsencode(sys.argv[3])); os.abort()"
"""A child that writes its module's name to what native code writes to, and dies."""
TELLS = "import os, sys; os.read(int(sys.argv[4]), 1); " + DIES
"""The same once it is told something, so that who takes it finds it alive."""


@pytest.fixture
def child(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Children run this text. All descriptors are given back."""
    script = tmp_path / "child.py"
    script.write_text(request.param)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(python))
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def orders(tmp_path: Path, role: str = "ingest") -> Start:
    return Start(role, 0, None, tmp_path)  # type: ignore[arg-type]  # nobody reads them


@pytest.mark.parametrize("child", [HOLDS], ids=["holds"], indirect=True)
@pytest.mark.usefixtures("child")
def test_who_is_taken_holds_the_locks(tmp_path: Path) -> None:
    """As one that inherits them: the lock is free when the last one that holds it has ended, not before."""
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    forerunner = Forerunner("ingest")
    channel = forerunner.begin((lock,))
    assert channel is not None
    assert channel.recv(1) == b"."
    os.close(lock)
    with (tmp_path / "lock").open("w") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        forerunner.end()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("child", [TELLS], ids=["tells"], indirect=True)
@pytest.mark.usefixtures("child")
def test_each_is_taken_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first child of a role goes on with it, and is heard and waited for as any; the second one, and one of another role, are started."""

    async def said(forerunners: Forerunners, role: str) -> str:
        caplog.clear()
        child = ChildProcess(orders(tmp_path, role), (), forerunners)
        await child.spawn()
        assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGABRT
        return caplog.messages[-1]

    async def run(forerunners: Forerunners) -> list[str]:
        return [await said(forerunners, role) for role in ("ingest", "ingest", "opamp")]

    with caplog.at_level("WARNING"), Forerunners(("ingest", "worker")) as forerunners:
        assert asyncio.run(run(forerunners)) == [
            "ingest 0: collector.service.forerunning",
            "ingest 0: collector.service.child",
            "opamp 0: collector.service.child",
        ]


@pytest.mark.parametrize("child", [DIES], ids=["dies"], indirect=True)
@pytest.mark.usefixtures("child")
def test_one_that_died_meanwhile_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A start does not fail for it."""

    async def run(forerunners: Forerunners) -> int:
        child = ChildProcess(orders(tmp_path), (), forerunners)
        await child.spawn()
        return await asyncio.wait_for(child.wait(), 60)

    with caplog.at_level("WARNING"), Forerunners(("ingest",)) as forerunners:
        forerunners._waiting["ingest"].process.wait(60)
        assert asyncio.run(run(forerunners)) == -signal.SIGABRT
    assert caplog.messages[-1] == "ingest 0: collector.service.child"


@pytest.mark.parametrize("child", [HOLDS], ids=["holds"], indirect=True)
@pytest.mark.usefixtures("child")
def test_who_is_not_needed_is_ended() -> None:
    """Where a start ends before it, as that of a wrong configuration."""
    with Forerunners() as forerunners:
        waiting = list(forerunners._waiting.values())
        assert [forerunner.role for forerunner in waiting] == ["ingest", "worker"]
    assert [forerunner.process.returncode for forerunner in waiting] == [-signal.SIGKILL] * 2


@pytest.mark.slow
def test_it_ends_with_the_supervisor() -> None:
    """A real one, whose supervisor is killed before it said anything."""
    script = "import os; from collector.service.forerunners import Forerunner; print(Forerunner('ingest').process.pid, flush=True); os._exit(0)"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    alive = Path(f"/proc/{int(done.stdout)}")
    deadline = time.monotonic() + 60
    while alive.exists():
        assert time.monotonic() < deadline, (alive / "cmdline").read_text()
        time.sleep(0.02)
