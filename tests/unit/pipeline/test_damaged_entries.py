"""An entry that is not what was accepted becomes a raw dead letter, `damaged`; everything else goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.batch import LogBatch
from collector.cli.deadletter import app
from collector.component import Work
from collector.ledger import deadletters
from collector.pipeline.pipeline import Pipeline
from counterparts.bad_disk import flip
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import PartitionBench, request

MakePipeline = Callable[..., Pipeline]
FORWARDS = pytest.mark.parametrize("forwards", [False, True], ids=["processed", "forwarded"])
LONG = "what a disk changes " * 2000


def damage(bench: PartitionBench, body: str, at: int = 3) -> None:
    flip(bench.root / "journal" / "data.mdb", body.encode()[-200:], at)


def put_three(bench: PartitionBench) -> None:
    """The second, of four records, is hit by the bad disk."""
    bench.put("one")
    bench.put("two", "2", "too", LONG)
    bench.put("three", domain="b.example")
    damage(bench, LONG)


def pipeline_that(forwards: bool, bench: PartitionBench, make_pipeline: MakePipeline) -> Pipeline:
    if forwards:
        bench.reopen(replace(bench.plan, pipelines=(replace(bench.plan.pipelines[0], passthrough=True),)))
    return make_pipeline({"passthrough": forwards})


def step_all(pipeline: Pipeline) -> None:
    while pipeline.step() or pipeline.behind:
        pass


@FORWARDS
def test_the_rest_is_delivered(bench: PartitionBench, make_pipeline: MakePipeline, forwards: bool) -> None:
    pipeline = pipeline_that(forwards, bench, make_pipeline)
    put_three(bench)
    step_all(pipeline)
    assert bench.drain() == ["one", "three"]
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.owner, letter.records, letter.raw) == ("damaged", "pipeline/logs", 4, True)
    assert bench.count("pipeline/logs", "undecodable") == 4
    assert bench.count("pipeline/logs", "accepted") == 5


def test_it_is_not_cut(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """A large one is one dead letter, not many."""
    bench.put(*map(str, range(5000)), LONG)
    damage(bench, LONG)
    step_all(make_pipeline({"max_records": 1000}))
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.records) == ("damaged", 5001)


def test_of_one_that_was_taken_in_part_the_rest(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put(*map(str, range(5000)), LONG)
    pipeline = make_pipeline({"max_records": 2000})
    taken = pipeline.step()
    damage(bench, LONG)
    step_all(pipeline)
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.records) == ("damaged", 5001 - taken)
    assert len(bench.drain()) == taken


def test_the_same_sent_again_is_no_duplicate(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    put_three(bench)
    pipeline = make_pipeline()
    step_all(pipeline)
    bench.put("two", "2", "too", LONG)
    bench.put("one")
    step_all(pipeline)
    assert bench.drain() == ["one", "three", "two", "2", "too", LONG]
    assert bench.count("pipeline/logs", "duplicate") == 1


def test_replayed_it_is_taken_as_it_is(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """For whoever can use it. Where the header alone was hit, nothing is missing."""
    bench.put("one", "two")
    known = request(["one", "two"])
    flip(bench.root / "journal" / "data.mdb", known, -3)
    pipeline = make_pipeline()
    step_all(pipeline)
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.records) == ("damaged", 2)
    deadletters.request(bench.root / "partition", "replay", [letter.id])
    bench.ledger.maintain()
    step_all(pipeline)
    assert (bench.drain(), bench.partition.dead_letters()) == (["one", "two"], [])


class DiesOnce:
    """Takes the process with it at the first look."""

    died = False

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        if not self.died:
            self.died = True
            raise Killed
        return batch


def test_after_a_death_it_is_not_to_blame(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    put_three(bench)
    processor = DiesOnce()
    with pytest.raises(Killed):
        make_pipeline(p=processor).step()
    step_all(make_pipeline(p=processor))
    assert [letter.reason for letter in bench.partition.dead_letters()] == ["damaged"]
    assert bench.drain() == ["one", "three"]


def test_people_see_it(bench: PartitionBench, make_pipeline: MakePipeline, tmp_path: Path) -> None:
    put_three(bench)
    step_all(make_pipeline())
    shutil.copytree(bench.root / "partition", tmp_path / "data" / "partition" / "0")
    listed = CliRunner().invoke(app, ["list", "--json", "--data-dir", str(tmp_path / "data")])
    assert [json.loads(line)["reason"] for line in listed.output.splitlines()] == ["damaged"]


@FORWARDS
def test_a_key_that_moved_stops_its_domain_alone(
    bench: PartitionBench, make_pipeline: MakePipeline, forwards: bool
) -> None:
    """A sentence with the way out, and no error that ends the process."""
    from collector.errors import Damaged
    from collector.journal.layout import ENTRY_KEY

    pipeline = pipeline_that(forwards, bench, make_pipeline)
    for number in range(3):
        bench.put(f"{number}" * 3000)
    bench.put("other", domain="b.example")
    flip(bench.root / "journal" / "data.mdb", ENTRY_KEY.pack(0, 2), 6)
    assert pipeline.step()
    with pytest.raises(Damaged, match=r"a\.example behind 1 .* move the directory aside") as caught:
        pipeline.step()
    assert not caught.value.fatal
    bench.put("more", domain="b.example")
    assert pipeline.step() == 1
    assert bench.drain() == ["0" * 3000, "other", "more"]
