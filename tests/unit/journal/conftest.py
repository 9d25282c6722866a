"""A journal with its watermarks and answers at hand, and scripts that run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import xxhash

from collector.disk.environment import Environment
from collector.errors import Refusal, StorageError
from collector.journal.committer import Committer
from collector.journal.entry import Payload
from collector.journal.layout import FORMAT_VERSION, KIND
from collector.journal.limits import JournalLimits
from collector.journal.writer import Journal

PATIENCE_SECS = 30.0
MIB = 1 << 20


def payload(
    body: bytes | int = 300, domain: str = "a.example", receiver: str = "otlp", records: int = 1, received: int = 1
) -> Payload:
    body = os.urandom(body) if isinstance(body, int) else body
    return Payload(domain, receiver, body, records, received, xxhash.xxh3_128_digest(body))


class Answers:
    """What `done` was told, in order."""

    def __init__(self) -> None:
        self.all: list[Refusal | None] = []
        self._changed = threading.Condition()

    def __call__(self, refusal: Refusal | None) -> None:
        with self._changed:
            self.all.append(refusal)
            self._changed.notify_all()

    def wait(self, count: int) -> list[Refusal | None]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= count, PATIENCE_SECS), "no answer came"
        return self.all


class Bench:
    """One journal directory: open, close, append and wait."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.low: dict[str, int] = {}
        self.fatal: list[StorageError] = []
        self.journal: Journal

    def open(self, committer: type[Committer] | Callable[..., Committer] | None = None, **limits: float) -> Journal:
        settings = JournalLimits(**limits)  # type: ignore[arg-type]
        if committer is None:
            self.journal = Journal.open(self.path, settings, self.watermarks, self.fatal.append)
        else:
            environment = Environment.create(self.path, settings.max_bytes, KIND, FORMAT_VERSION)
            self.journal = Journal(committer(environment, self.watermarks), settings, self.fatal.append)
            self.journal._thread.start()
        return self.journal

    def watermarks(self) -> Mapping[str, int]:
        return dict(self.low)

    def append(self, *payloads: Payload) -> Refusal | None:
        answers = Answers()
        self.journal.append(payloads, answers)
        return answers.wait(1)[0]

    def close(self) -> None:
        assert self.journal.close(PATIENCE_SECS)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "journal")
    yield bench
    if hasattr(bench, "journal"):
        bench.close()


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition; fails by its name, never by a measured time."""
    give_up = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.01)


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run a script in a process of its own; whatever is left is killed at the end."""
    processes: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


class Kit:
    """Handed to tests as a fixture: tests are no package, so they can't import this file."""

    MIB = MIB
    payload = staticmethod(payload)
    eventually = staticmethod(eventually)
    Answers = Answers
    Bench = Bench

    @staticmethod
    def fill(bench: Bench, sizes: Sequence[int], domain: str = "a.example") -> Refusal:
        """Append, 32 requests at a time, until one is refused."""
        answers, sent = Answers(), 0
        while True:
            for size in (list(sizes) * 32)[:32]:
                bench.journal.append([payload(size, domain)], answers)
                sent += 1
            refused = [answer for answer in answers.wait(sent) if answer is not None]
            if refused:
                return refused[0]


@pytest.fixture
def kit() -> type[Kit]:
    return Kit
