"""The short form of `make chaos`: half a minute of faults, one of each kind, the same in each run; every promise but that of speed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chaos.account import promises
from chaos.conductor import play
from chaos.faults import CATALOGUE, possible
from chaos.place import Place
from chaos.schedule import schedule

KINDS = {
    "kill ingest", "kill worker", "kill all", "slow fsync", "failing fsync", "full disk", "clock jumps", "store taken away",
    "stalled streams", "declared bytes", "damaged requests",
}  # fmt: skip
TESTS = Path(__file__).parents[1]
SEED, SECONDS, ROUND_SECS, RATE = 33_552, 30.0, 7.0, 200.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def test_what_is_promised_holds_while_everything_goes_wrong(tmp_path: Path) -> None:
    """What this machine can't do (no compiler, no right to mount) is left out, the rest has to hold."""
    with Place(tmp_path) as place:
        faults = {name: fault for name, fault in possible(place)[0].items() if name in KINDS}
        run = play(place, schedule(SEED, SECONDS, faults, ROUND_SECS), SECONDS, RATE)
        broken = [f"{one.name}: {one.figures}" for one in promises(place, run) if not one.kept and not one.speed]
        log = place.service.log.read_text()[-3000:]
    assert not broken, "\n".join([*broken, log])


def test_one_that_does_not_come_back_is_a_broken_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no end of the account: what else held is told all the same."""
    with Place(tmp_path) as place:
        monkeypatch.setattr(place, "await_recovery", lambda _: False)
        found = promises(place, play(place, [], 3.0, RATE))
    kept = {one.name: one.kept for one in found}
    assert not kept["ready at the end, degraded by nothing, exit 0"]
    assert kept["every acknowledged record is stored"]


def test_sigterm_leaves_nothing_behind(tmp_path: Path) -> None:
    """No process, no mount, no file but the log."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    env = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-m", "chaos", "--minutes", "5"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as chaos:
        try:
            assert chaos.stdout is not None
            assert chaos.stdout.readline().startswith("seed ")
            family = psutil.Process(chaos.pid).children(recursive=True)
            chaos.terminate()
            assert chaos.wait(300) == 128 + signal.SIGTERM
        finally:
            chaos.kill()
    assert family
    assert not psutil.wait_procs(family, timeout=60)[1]
    assert str(temporary) not in Path("/proc/mounts").read_text()
    assert list(temporary.iterdir()) == []
    assert (tmp_path / "build" / "chaos.log").exists()


def test_all_of_the_short_form_comes_up() -> None:
    """Each kind once, and one that health must tell of comes when what hurt processes and disk is over."""
    events = schedule(SEED, SECONDS, {name: CATALOGUE[name] for name in CATALOGUE if name in KINDS}, ROUND_SECS)
    assert sorted(event.fault for event in events) == sorted(KINDS)
    over = max(event.at + event.seconds for event in events if CATALOGUE[event.fault].touches)
    assert any(CATALOGUE[event.fault].shows and event.at > over + 5 for event in events)


def test_a_seed_is_a_schedule() -> None:
    """The same seed, the same faults at the same seconds; all kinds come up in the long run."""
    once = schedule(3, 900, CATALOGUE)
    assert once == schedule(3, 900, CATALOGUE)
    assert once != schedule(4, 900, CATALOGUE)
    assert {event.fault for event in once} == CATALOGUE.keys()
