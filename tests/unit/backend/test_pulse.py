"""The pulse: tells of commits of journals and partitions, by whichever process, and wakes who waits for them."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.backend import pulse as module
from collector.backend.news import Anything
from collector.backend.pulse import LocalPulse
from collector.disk.environment import Environment

SECONDS = 20.0


def open_(path: Path) -> Environment | None:
    return Environment.open(path, "test", 1)


def told(pulse: LocalPulse) -> list[bool]:
    """Of two looks, whether they told of anything."""
    return [bool(pulse.changed()), bool(pulse.changed())]


def write(path: Path) -> None:
    with Environment.create(path, 1 << 20, "test", 1) as environment:
        table = environment.db("t")
        with environment.write() as txn:
            txn.put(b"k", str(time.monotonic_ns()).encode(), db=table)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("a", "b")]
    for path in made:
        write(path)
    return made


@pytest.fixture
def pulse(paths: list[Path]) -> Iterator[LocalPulse]:
    made = LocalPulse([(path, open_, Anything({0})) for path in paths])
    yield made
    made.close()
    made.close()
    made.wake()


def test_a_commit_is_told_once(pulse: LocalPulse, paths: list[Path]) -> None:
    """The first look tells of what is there; then only commits do, of each place."""
    assert told(pulse) == [True, False]
    for path in paths:
        write(path)
        assert told(pulse) == [True, False]


def test_who_waits_is_woken_by_a_commit(pulse: LocalPulse, paths: list[Path]) -> None:
    """Long before the wait is over; a commit in front of the wait, behind the last look, ends it as well."""
    pulse.changed()
    threading.Timer(0.05, write, (paths[1],)).start()
    began = time.monotonic()
    while not pulse.changed():
        pulse.wait(SECONDS)
    write(paths[0])
    pulse.wait(SECONDS)
    assert pulse.changed()
    assert time.monotonic() - began < SECONDS


def test_nobody_is_woken_by_nothing(pulse: LocalPulse) -> None:
    """A wait lasts as long as nothing is committed, also behind commits that were seen."""
    while pulse.changed():
        pass
    began = time.monotonic()
    pulse.wait(0.1)
    assert time.monotonic() - began >= 0.09
    assert not pulse.changed()


def test_wake_ends_every_wait(pulse: LocalPulse) -> None:
    """From another thread, and for good: it is said at the end of a process."""
    threading.Timer(0.02, pulse.wake).start()
    began = time.monotonic()
    pulse.wait(SECONDS)
    pulse.wait(SECONDS)
    assert time.monotonic() - began < SECONDS


def test_a_directory_may_come_later_and_be_made_anew(
    tmp_path: Path, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made at a path after the start, or in the place of what was wiped, is followed, and wakes."""
    monkeypatch.setattr(module, "_IDENTITY_SECS", 0.0)
    late = tmp_path / "late"
    pulse = LocalPulse([(late, open_, Anything({0})), (paths[0], open_, Anything({0}))])
    assert told(pulse) == [True, False]
    write(late)
    assert told(pulse) == [True, False]
    shutil.rmtree(late)
    assert told(pulse) == [True, False], "whoever has it open must be told"
    write(late)
    assert told(pulse) == [True, False]
    write(late)
    pulse.wait(SECONDS)
    assert pulse.changed()
    pulse.close()


def test_without_notification_it_is_looked_for(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no watch left, a wait is short, and commits are found all the same."""

    def refuse() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(module, "Watch", refuse)
    pulse = LocalPulse([(path, open_, Anything({0})) for path in paths])
    pulse.changed()
    write(paths[0])
    began = time.monotonic()
    pulse.wait(SECONDS)
    assert time.monotonic() - began < SECONDS
    assert pulse.changed()
    pulse.close()
