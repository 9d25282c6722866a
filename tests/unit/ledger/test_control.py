"""What people do and the service knows, in a partition: a journal of its own, before data, and never held up by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.journal.limits import CONTROL_LIMITS
from collector.journal.writer import Journal
from collector.ledger.interface import Commit, Read
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.outcomes import Outcome
from collector.reserved import PIPELINE, RECEIVER
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import MIB, PartitionBench, plan

DATA = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
COMMANDED = PipelinePlan("logs", frozenset({"otlp", RECEIVER}), ("sqlite",))
SERVICE = PipelinePlan(PIPELINE, frozenset({RECEIVER}), ("sqlite",), share_bytes=64 << 10)


class ControlBench(PartitionBench):
    """With a control journal beside the other one."""

    def __init__(self, root: Path, plan: LedgerPlan) -> None:
        self._marks = lambda: (
            self.partition.low_watermarks(self.control.id, control=True) if hasattr(self, "control") else {}
        )
        root.mkdir()
        super().__init__(root, plan)
        self.control = Journal.open(root / "control", CONTROL_LIMITS, self._marks, self.fatal.append)

    def open(self, plan: LedgerPlan | None = None, **observers: object) -> PartitionLedger:
        """As with the bench, and the control journal."""
        self.plan = plan or self.plan
        sources = JournalSources([self.root / "journal"], self.root / "control")
        self.ledger = PartitionLedger.open(
            self.root / "partition", self.plan, sources, 0, 1, now_unix_ms=self.clock, **observers
        )
        return self.ledger

    def tell(self, *bodies: str, domain: str = "a.example") -> None:
        """One entry of the control journal."""
        data, self.journal = self.journal, self.control
        self.put(*bodies, domain=domain, receiver=RECEIVER)
        self.journal = data

    def close(self) -> None:
        self.control.close(10.0)
        super().close()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[object]:
    made: list[ControlBench] = []

    def made_with(*pipelines: PipelinePlan, **quotas: Quota) -> ControlBench:
        made.append(ControlBench(tmp_path / str(len(made)), plan(*pipelines, quotas=quotas)))
        return made[-1]

    yield made_with
    for bench in made:
        assert_conserved(bench.partition)
        bench.close()


def bodies(read: Read) -> list[str]:
    from collector.pipeline.decode import decode

    return decode(read.entries).batch.column("body").to_list()


def test_each_pipeline_reads_what_is_its_own(make) -> None:
    bench = make(DATA, SERVICE)
    bench.put("sent")
    bench.tell("told")
    assert (bodies(bench.read("logs")), bodies(bench.read(PIPELINE))) == (["sent"], ["told"])


def test_a_pipeline_that_takes_commands_reads_them_before_data(make) -> None:
    bench = make(COMMANDED, SERVICE)
    bench.put("sent")
    bench.tell("told")
    assert [bodies(bench.step("logs")) for _ in range(3)] == [["told"], ["sent"], []]


def test_journals_are_trimmed_behind_their_own_readers(make) -> None:
    """A pipeline that stands still keeps only the journal that it reads."""
    bench = make(DATA, SERVICE)
    bench.put("sent")
    bench.tell("told")
    bench.step(PIPELINE)
    bench.drain()
    assert bench.partition.low_watermarks(bench.control.id, control=True) == {"a.example": 1}
    assert bench.partition.low_watermarks(bench.journal_id) == {}
    bench.step("logs")
    bench.drain()
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 1}


def test_a_stuck_pipeline_delays_neither_the_alarm_nor_its_commands(make) -> None:
    bench = make(COMMANDED, SERVICE, sqlite=Quota(max_bytes=2000))
    bench.put("x" * 3000)
    bench.step("logs")
    bench.put("more")
    assert not bench.read("logs"), "its exporter is full"
    bench.tell("told")
    assert bodies(bench.step(PIPELINE)) == ["told"]
    assert bodies(bench.step("logs")) == ["told"]
    assert not bench.read("logs")
    assert bench.drain() == ["x" * 3000, "told", "told"]
    assert bodies(bench.step("logs")) == ["more"]
    bench.drain()


def test_more_than_its_share_never_waits_and_the_oldest_is_given_up(make) -> None:
    bench = make(DATA, SERVICE, sqlite=Quota(max_bytes=MIB))
    bench.put("sent")
    bench.step("logs")
    for number in range(40):
        bench.tell(f"{number:04}" + "x" * 400)
        bench.step(PIPELINE)
    waiting = [entry.records for entry in bench.deliverable()]
    dropped = bench.count("exporter/sqlite", f"{Outcome.DROPPED}:queue_full")
    assert 0 < dropped < 40
    assert len(waiting) == 41 - dropped
    left = bench.drain()
    assert left[0] == "sent", "nothing of the data was given up for it"
    assert left[-1][:4] == "0039"
    for number in range(3):  # the share is free again
        bench.tell(f"again {number}")
        bench.step(PIPELINE)
    assert bench.drain() == ["again 0", "again 1", "again 2"]


def test_where_no_exporter_takes_it_it_still_leaves_the_pipeline(make) -> None:
    bench = make(DATA, PipelinePlan(PIPELINE, frozenset({RECEIVER}), (), share_bytes=4096))
    bench.tell("told")
    bench.step(PIPELINE)
    assert bench.count(f"pipeline/{PIPELINE}", Outcome.OUT) == 1
    assert bench.partition.low_watermarks(bench.control.id, control=True) == {"a.example": 1}


def test_a_pipeline_that_begins_to_take_commands_reads_what_is_still_there(make) -> None:
    bench = make(DATA, SERVICE)
    bench.tell("told")
    bench.reopen(plan(COMMANDED, SERVICE))
    assert bodies(bench.step("logs")) == ["told"]
    assert bodies(bench.step(PIPELINE)) == ["told"]
    bench.drain()
    bench.reopen(plan(DATA, SERVICE))
    assert not bench.read("logs")


def test_its_dead_letters_are_tried_again(make) -> None:
    from collector.ledger.deadletters import request
    from collector.ledger.interface import RawDeadLetter

    bench = make(DATA, SERVICE)
    bench.tell("told")
    read = bench.read(PIPELINE)
    bench.ledger.commit(Commit(PIPELINE, read, dead_letters=[RawDeadLetter(read.entries[0], "x")]))
    with closing(bench.partition):
        (letter,) = bench.partition.dead_letters()
        request(bench.root / "partition", "replay", [letter.id])
    bench.ledger.maintain()
    assert bodies(bench.step(PIPELINE)) == ["told"]
    assert bench.drain() == ["told"]
