"""A worker gains and loses partitions while it works, in good order, by force and by accident: every record is delivered, counted once."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import xxhash

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.interface import always
from collector.backend.local import LocalBackend
from collector.errors import Lost
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.kafka.wire import Changes
from collector.ledger.interface import Commit
from collector.ledger.plan import LedgerPlan
from collector.service import owning
from collector.service import worker as module
from collector.service.worker import Worker
from collector.settings import load
from counterparts.partition_bench import request

PARTITIONS, SECONDS = 4, 60.0
CONFIG = f"""
receivers: {{otlp: {{protocols: {{http: {{endpoint: "localhost:0"}}}}}}}}
exporters: {{nop: {{}}}}
service: {{ledger: {{partitions: {PARTITIONS}}}, pipelines: {{logs: {{receivers: [otlp], exporters: [nop]}}}}}}
"""
MIB = 1 << 20


class Whims:
    """The `Ownership` of who says what somebody else wants."""

    alone = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: list[Changes] = []
        self.down: list[int] = []
        self.touched = True

    def say(self, **changes: Sequence[int]) -> None:
        with self._lock:
            self._told.append(Changes(**changes))

    def changes(self) -> Changes:
        with self._lock:
            return self._told.pop(0) if self._told else Changes()

    def released(self, partitions: Sequence[int]) -> None:
        self.down += partitions

    def in_touch(self) -> bool:
        return self.touched

    def owners(self) -> dict[int, str]:
        return {}

    def silent_secs(self) -> float:
        return 0.0

    def expired(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is open."""


class Fenced:
    """A ledger that is another's from the next commit on, once it was `fenced`."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.fenced = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def commit(self, commit: Commit) -> None:
        if self.fenced:
            raise Lost("fenced")
        self._ledger.commit(commit)


class SharedOut(LocalBackend):
    """A local backend whose partitions come and go."""

    def __init__(self, root: Path) -> None:
        super().__init__(DataDir(root, PARTITIONS), 1, 1, JournalLimits(16 * MIB, 1.0), 17 * MIB)
        self.whims = Whims()
        self.opened: dict[int, list[Fenced]] = {number: [] for number in range(PARTITIONS)}

    def ownership(self, worker: int) -> Whims:
        return self.whims

    def open_ledger(self, partition: int, plan: LedgerPlan, wanted: Callable[[], bool] = always) -> Any:
        ledger = Fenced(super().open_ledger(partition, plan, wanted))
        self.opened[partition].append(ledger)
        return ledger


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SharedOut]:
    """Of a worker that runs on a thread, and has no partitions yet."""
    settings = load([f"yaml:{CONFIG}"], [])
    open_data_dir(tmp_path, PARTITIONS)
    made = SharedOut(tmp_path)
    made.prepare()
    monkeypatch.setattr(module, "backend_of", lambda *_: made)
    worker = Worker(settings, tmp_path, 0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until(lambda: (report := worker.report()) is not None and report.phase == "ready")
    yield made
    worker.stop(SECONDS)
    thread.join(SECONDS)
    assert not thread.is_alive()


def until(holds: Any, message: Any = lambda: "it does not come about") -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, message()
        time.sleep(0.01)


def accept(backend: SharedOut, domains: Sequence[str]) -> None:
    """A record of each on disk."""
    intake = backend.open_intake(0, print)
    for domain in domains:
        body = request([f"{domain} {uuid.uuid4()}"])  # equal ones would be one that was sent again
        payload = Payload(domain, "otlp", body, 1, 1_700_000_000_000, xxhash.xxh3_128_digest(body))
        intake.append([payload], lambda _: None)
    assert intake.close(SECONDS)


def delivered(backend: SharedOut) -> int:
    view = backend.view()
    try:
        return sum(
            n for (_, component, outcome), n in view.counts().items() if (component, outcome) == ("exporter/nop", "exported")
        )  # fmt: skip
    finally:
        view.close()


def test_what_was_accepted_waits_for_an_owner(backend: SharedOut) -> None:
    """A partition that comes is worked off; one that goes is put down before others are told, and rests."""
    accept(backend, ["a", "b", "c", "d"])
    backend.whims.say(gained=range(PARTITIONS))
    until(lambda: delivered(backend) == 4)
    backend.whims.say(lost=range(PARTITIONS))
    until(lambda: sorted(backend.whims.down) == list(range(PARTITIONS)))
    accept(backend, ["a", "b", "c", "d"])
    successors = [LocalBackend.open_ledger(backend, number, LedgerPlan((), {})) for number in range(PARTITIONS)]
    for ledger in successors:  # free to be taken
        ledger.close()
    assert delivered(backend) == 4
    backend.whims.say(gained=range(PARTITIONS))
    until(lambda: delivered(backend) == 8)


def test_a_partition_that_was_fenced_is_taken_anew(backend: SharedOut) -> None:
    """Nobody told that it is another's: so it is still ours, and the step is done again."""
    backend.whims.say(gained=range(PARTITIONS))
    until(lambda: all(backend.opened.values()))
    for ledgers in backend.opened.values():
        ledgers[-1].fenced = True
    accept(backend, [f"domain{n}" for n in range(20)])
    until(lambda: delivered(backend) == 20)
    assert all(len(ledgers) == 2 for ledgers in backend.opened.values())


def test_nothing_is_delivered_out_of_touch(backend: SharedOut) -> None:
    """Others may have begun to deliver it."""
    backend.whims.touched = False
    backend.whims.say(gained=range(PARTITIONS))
    accept(backend, ["a"])
    time.sleep(0.5)
    assert delivered(backend) == 0
    backend.whims.touched = True
    until(lambda: delivered(backend) == 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_storm(backend: SharedOut, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Partitions come, go, vanish and are fenced while records come: in the end each was delivered, and counted once."""
    monkeypatch.setattr(owning, "PUT_DOWN_SECS", 0.2)
    monkeypatch.setattr(module, "UPKEEP_SECS", 0.02)
    rng = random.Random(seed)
    ours: set[int] = set()
    accepted = 0
    for _ in range(30):
        number = rng.randrange(PARTITIONS)
        if number not in ours:
            backend.whims.say(gained=[number])
        elif rng.random() < 0.3 and backend.opened[number]:
            backend.opened[number][-1].fenced = True
            continue
        else:
            backend.whims.say(lost=[number], gone=rng.choice([[], [number]]))
        ours ^= {number}
        if rng.random() < 0.4:
            domains = [f"domain{rng.randrange(12)}" for _ in range(rng.randrange(1, 9))]
            accept(backend, domains)
            accepted += len(domains)
        time.sleep(rng.random() * 0.05)
    backend.whims.say(gained=[number for number in range(PARTITIONS) if number not in ours])
    until(lambda: delivered(backend) == accepted, lambda: f"{delivered(backend)} of {accepted}")
