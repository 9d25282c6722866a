"""Copies of one moment: whatever happens between the looks, nothing is lost or doubled in them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import xxhash

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.freeze import FOLDER, frozen
from collector.backend.local import LocalBackend
from collector.backend.offline import frozen_of, view_of
from collector.errors import Locked
from collector.journal.entry import Intake, Payload
from collector.journal.limits import JournalLimits
from collector.ledger.interface import Ack, Commit, Ledger
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.outcomes import Outcome
from collector.pipeline.decode import decode
from collector.testing.conservation import assert_directory_conserved
from counterparts.partition_bench import bodies_of, request

MIB = 1 << 20
SECONDS = 30.0
PIPELINE = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
POINTS = ("journals", "partitions", "journals again")


class Running:
    """A data directory with its writers."""

    def __init__(self, root: Path, quota: Quota) -> None:
        open_data_dir(root, 1)
        self.root = root
        self.plan = LedgerPlan((PIPELINE,), {"sqlite": quota}, max_bytes=16 * MIB, state_bytes=MIB)
        self.backend = LocalBackend(DataDir(root, 1), 1, 1, JournalLimits(16 * MIB, 1.0), 17 * MIB)
        self.backend.prepare()
        self.intake: Intake = self.backend.open_intake(0, on_fatal=print)
        self.ledger: Ledger = self.backend.open_ledger(0, self.plan)
        self.sent: list[str] = []
        self.stored: list[str] = []

    def put(self, *bodies: str) -> None:
        answered = threading.Event()
        body = request(bodies)
        payload = Payload("a.example", "otlp", body, len(bodies), 5_000, xxhash.xxh3_128_digest(body))
        self.intake.append([payload], lambda refusal: answered.set() if refusal is None else None)
        assert answered.wait(SECONDS)
        self.sent += bodies

    def step(self) -> None:
        read = self.ledger.read("logs", MIB, 1000)
        self.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}))

    def deliver(self) -> None:
        self.stored += delivered(self.ledger)

    def trim(self) -> None:
        waited = threading.Event()
        for _ in range(1000):
            if not self.intake.statistics().entries:
                return
            waited.wait(0.02)
        raise AssertionError("the journal is not trimmed")

    def close(self) -> None:
        self.ledger.close()
        assert self.intake.close(SECONDS)


def delivered(ledger: Ledger) -> list[str]:
    found: list[str] = []
    while entries := ledger.deliverable("sqlite", -1, MIB):
        for entry in entries:
            found += bodies_of(entry)
            outcomes = {(domain, Outcome.EXPORTED): records for domain, records in entry.by_domain.items()}
            ledger.ack("sqlite", [Ack(entry.seq, outcomes)])
    return found


def drained(copy: Path, plan: LedgerPlan) -> list[str]:
    """What a logboom that goes on with the copy delivers."""
    backend = LocalBackend(DataDir.found(copy), 1, 1, JournalLimits(16 * MIB, 1.0), 17 * MIB)
    backend.prepare()
    with closing(backend.open_ledger(0, plan)) as ledger:
        while read := ledger.read("logs", MIB, 1000):
            ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}))
        return delivered(ledger)


@pytest.fixture(params=[Quota(), Quota(max_bytes=1, on_full="spill")], ids=["outbox", "spilled"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path / "data", request.param)
    yield made
    made.close()


def all_the_way(running: Running) -> None:
    """One record more at each stage; what stood at a stage goes on to the next."""
    running.deliver()
    running.step()
    running.put(f"record {len(running.sent)}")


def to_the_end(running: Running) -> None:
    running.step()
    running.deliver()
    running.trim()


def a_whole_life(running: Running) -> None:
    running.put(f"record {len(running.sent)}")
    to_the_end(running)


@pytest.mark.parametrize("change", [all_the_way, to_the_end, a_whole_life])
@pytest.mark.parametrize("point", POINTS)
def test_what_changes_between_the_looks_loses_and_doubles_nothing(
    running: Running, tmp_path: Path, point: str, change: Callable[[Running], None]
) -> None:
    running.put("first")
    running.step()
    running.put("second", "third")
    before = list(running.sent)
    times = iter(range(2))  # at the second try it holds still

    def happens(at: str) -> None:
        if at == point and next(times, None) is not None:
            change(running)

    with frozen(DataDir.found(running.root), happens) as found:
        stored_by_then = list(running.stored)  # a store is copied after the ledger
        shutil.copytree(found.folder, tmp_path / "copy")
    assert_directory_conserved(tmp_path / "copy", "logs")
    again = drained(tmp_path / "copy", running.plan)
    everything = stored_by_then + again
    assert set(before) <= set(everything), "lost"
    assert len(again) == len(set(again)), "doubled"
    assert_directory_conserved(tmp_path / "copy", "logs")


def test_offsets_go_on_behind_what_the_copy_has_read(running: Running, tmp_path: Path) -> None:
    running.put("first")
    with frozen(DataDir.found(running.root), lambda at: to_the_end(running) if at == "journals" else None) as found:
        shutil.copytree(found.folder, tmp_path / "copy")
    restored = Running.__new__(Running)
    restored.plan, restored.sent, restored.stored = running.plan, [], []
    restored.backend = LocalBackend(DataDir.found(tmp_path / "copy"), 1, 1, JournalLimits(16 * MIB, 1.0), 17 * MIB)
    restored.intake = restored.backend.open_intake(0, on_fatal=print)
    restored.ledger = restored.backend.open_ledger(0, running.plan)
    restored.put("after the restore")
    restored.step()
    assert delivered(restored.ledger) == ["after the restore"]
    restored.close()


def test_it_is_one_at_a_time_and_leaves_nothing(running: Running) -> None:
    running.put("first")
    with frozen_of(running.root) as found:
        assert {str(path) for path in found.files} >= {
            "layout.json",
            "journal/0/data.mdb",
            "journal/control/data.mdb",
            "partition/0/data.mdb",
        }
        with pytest.raises(Locked, match="another backup"), frozen_of(running.root):
            pass
    assert list((running.root / FOLDER).iterdir()) == []


def test_what_one_that_was_killed_left_is_no_part_of_the_next(running: Running) -> None:
    left = running.root / FOLDER / "partition" / "7"
    left.mkdir(parents=True)
    (left / "data.mdb").write_bytes(b"half")
    with frozen_of(running.root) as found:
        assert not left.exists()
        assert "partition/7/data.mdb" not in map(str, found.files)
        with closing(view_of(found.folder)) as view:
            assert view.unread("logs") == {}
