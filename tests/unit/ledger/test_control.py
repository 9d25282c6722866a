"""What people do and the service knows, in a partition: a journal of its own, before data, and never held up by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger.interface import Commit, Read
from collector.ledger.plan import PipelinePlan, Quota
from collector.ledger.reader import PartitionReader
from collector.outcomes import Outcome
from collector.reserved import PIPELINE, RECEIVER
from collector.testing.conservation import assert_conserved
from counterparts.control_bench import ControlBench
from counterparts.partition_bench import MIB, plan

DATA = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
COMMANDED = PipelinePlan("logs", frozenset({"otlp", RECEIVER}), ("sqlite",))
SERVICE = PipelinePlan(PIPELINE, frozenset({RECEIVER}), ("sqlite",), share_bytes=64 << 10)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[object]:
    made: list[ControlBench] = []

    def made_with(*pipelines: PipelinePlan, **quotas: Quota) -> ControlBench:
        made.append(ControlBench(tmp_path / str(len(made)), plan(*pipelines, quotas=quotas)))
        return made[-1]

    yield made_with
    for bench in made:
        with closing(PartitionReader.open(bench.root / "partition")) as account:  # a test may have put its own down
            assert_conserved(account)
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
