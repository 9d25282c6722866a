"""What components make joins the output once, under the same id at every replay, with a mark that nobody else can set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.base32 import received_ms
from collector.batch import RECORDS, LogBatch, concat
from collector.component import Work
from collector.ledger import deadletters
from collector.ledger.codec import decode_batch, encode_batch
from collector.ledger.pieces import MOST_RECORDS, StoredBatch, open_batch
from collector.pipeline.decode import decode
from collector.pipeline.made import MOST_GENERATIONS, Maker, Occasion
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import START_UNIX_MS, PartitionBench

MakePipeline = Callable[..., Pipeline]


class Tells:
    """Makes a record of each record whose body begins with `front`; `takes_events` as given."""

    def __init__(self, kind: str, front: str = "bad", takes_events: Sequence[str] | None = None) -> None:
        self.kind, self._front = kind, front
        self.saw: list[str] = []
        if takes_events is not None:
            self.takes_events = takes_events

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        bodies = batch.column("body")
        self.saw += bodies.to_list()
        rows = bodies.str.starts_with(self._front).arg_true()
        said = LogBatch.of({"body": f"{self.kind} of " + bodies.gather(rows)}, {"logboom.count": [1] * len(rows)})
        work.emit(self.kind, said, parents=rows)
        return batch.with_attributes({"seen": pl.Series([True] * len(batch))})


def content(bench: PartitionBench) -> LogBatch:
    """What waits, as one batch."""
    return concat([entry.content for entry in bench.deliverable() if isinstance(entry.content, LogBatch)])


def test_it_stands_behind_the_records_with_all_that_the_core_knows(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put("fine", "bad 1", domain="a.example", received_unix_ms=START_UNIX_MS - 7)
    bench.put("bad 2", domain="b.example")
    make_pipeline(tells=Tells("test.bad")).step()
    batch = content(bench)
    assert batch.column("body").to_list() == ["fine", "bad 1", "bad 2", "test.bad of bad 1", "test.bad of bad 2"]
    assert batch.generation is not None
    assert batch.generation.to_list() == [0, 0, 0, 1, 1]
    assert batch.column("event_name").to_list()[3:] == ["test.bad"] * 2
    assert batch.column("domain").to_list()[3:] == ["a.example", "b.example"]
    ids = batch.column("record_id")
    assert ids.n_unique() == 5
    assert [received_ms(record_id) - START_UNIX_MS for record_id in ids] == [-7, -7, 0, -7, 0]
    assert batch.column("observed_time_unix_nano").to_list()[3:] == [(START_UNIX_MS - 7) * 10**6, START_UNIX_MS * 10**6]
    assert batch.attribute("logboom.count", 3).to_list() == [None, None, None, 1, 1]  # type: ignore[arg-type]
    assert "generation" not in batch.all_attributes().get_column("key")
    assert bench.count("processor/logs/tells", "created", "b.example") == 1
    assert bench.count("pipeline/logs", "out") == 3
    assert "seen" in batch.derived.columns, "what all records have stays a column"


def test_the_mark_travels_through_the_outbox(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("bad")
    make_pipeline(tells=Tells("test.bad")).step()
    bench.reopen()  # nothing is in memory
    generation = content(bench).generation
    assert generation is not None
    assert generation.to_list() == [0, 1]


def test_the_mark_is_in_the_pieces_of_a_giant(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("bad")
    make_pipeline(tells=Tells("test.bad")).step()
    giant = open_batch(encode_batch(content(bench)), MOST_RECORDS + 1)
    assert isinstance(giant, StoredBatch)
    generation = giant.piece(0).generation
    assert generation is not None
    assert generation.to_list() == [0, 1]


def test_what_older_versions_wrote_was_sent(bench: PartitionBench) -> None:
    bench.put("one")
    sent = decode(bench.read().entries).batch
    assert "generation" not in sent.records.columns
    assert decode_batch(encode_batch(sent)).generation is None
    marked = replace(sent, records=sent.records.with_columns(generation=pl.lit(None, pl.UInt8)))
    assert marked.generation is None


def test_the_same_at_a_replay(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("bad 1", "bad 2", "fine")
    entries = bench.read().entries
    drafts = [make_pipeline(tells=Tells("test.bad"))._draft(entries, {}, False) for _ in range(2)]
    assert drafts[0].batch.records.equals(drafts[1].batch.records)
    alone = [
        make_pipeline(tells=Tells("test.bad"))._draft([entry], {}, False).batch.column("record_id").to_list()
        for entry in (entries[0].piece(0, 1), entries[0].piece(1, 3))
    ]
    together = drafts[0].batch.column("record_id").to_list()
    assert sorted(alone[0] + alone[1]) == sorted(together), "in one step or in several"


def test_what_is_sent_can_not_say_that_it_was_made(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    message = ExportLogsServiceRequest()
    record = (
        message.resource_logs.add()
        .scope_logs.add()
        .log_records.add(time_unix_nano=1, event_name="logboom.issue.created")
    )
    record.body.string_value = "bad"
    for name in ("generation", "logboom.generation", "place"):
        record.attributes.add(key=name).value.int_value = 1
    bench.put_raw(message.SerializeToString())
    watcher = Tells("test.any", takes_events=["*"])
    make_pipeline(watcher=watcher, other=Tells("test.bad", "nothing")).step()
    generation = content(bench).generation
    assert watcher.saw == ["bad"]
    assert generation is not None
    assert generation.to_list() == [0, 1]


def test_what_a_failed_attempt_made_never_happened(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    class Strict:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            if (batch.column("body") == "bad worse").any():
                raise ValueError
            return batch

    for body in ("bad 1", "bad worse", "bad 2", "fine"):
        bench.put(body)
    make_pipeline(tells=Tells("test.bad"), strict=Strict()).step()
    bodies = content(bench).column("body").to_list()
    assert sorted(bodies) == ["bad 1", "bad 2", "fine", "test.bad of bad 1", "test.bad of bad 2"]
    assert bench.count("processor/logs/tells", "created") == 2


@pytest.mark.parametrize(("late_ms", "made"), [(300_000, ["test.bad of bad"]), (300_001, [])])
def test_a_dead_letter_that_is_tried_again_makes_no_old_events(
    bench: PartitionBench, make_pipeline: MakePipeline, late_ms: int, made: list[str]
) -> None:
    class Refuses:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            raise ValueError

    bench.put("bad")
    make_pipeline(refuses=Refuses()).step()
    deadletters.request(bench.root / "partition", "replay", [bench.partition.dead_letters()[0].id])
    bench.clock.unix_ms += late_ms
    make_pipeline(tells=Tells("test.bad")).step()
    assert content(bench).column("body").to_list() == ["bad", *made]


def test_more_than_three_generations_are_dropped_and_counted(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    stages = {
        f"stage{number}": Tells(
            f"test.{number}", f"test.{number - 1} of" if number > 1 else "bad", [f"test.{number - 1}"]
        )
        for number in range(1, MOST_GENERATIONS + 3)
    }
    bench.put("bad")
    make_pipeline(**stages).step()
    generation = content(bench).generation
    assert generation is not None
    assert generation.to_list() == [0, 1, 2, 3]
    assert (
        bench.count("processor/logs/stage4", "created") == bench.count("processor/logs/stage4", "dropped:too_deep") == 1
    )
    assert stages["stage5"].saw == ["bad"]


def test_only_who_takes_events_sees_them_and_all_keep_their_places(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    class Drops:
        takes_events = ("test.bad",)

        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            return batch.filter(~batch.column("body").str.ends_with("bad 1"))

    blind, sighted = Tells("test.second", "fine"), Tells("test.third", "test.bad", ["test.b*", "no.such"])
    bench.put("bad 1", "fine", "bad 2")
    make_pipeline(first=Tells("test.bad"), blind=blind, sighted=sighted, drops=Drops()).step()
    assert blind.saw == ["bad 1", "fine", "bad 2"]
    assert sighted.saw == ["bad 1", "fine", "bad 2", "test.bad of bad 1", "test.bad of bad 2"]
    assert content(bench).column("body").to_list() == [
        "fine", "bad 2", "test.bad of bad 2", "test.second of fine",
        "test.third of test.bad of bad 1", "test.third of test.bad of bad 2",
    ]  # fmt: skip
    assert bench.count("processor/logs/drops", "filtered") == 2


def test_a_copy_of_a_record_can_be_made_an_event(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """With its attributes, resource and scope; what hides events from the component leaves no trace."""

    class Copies:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            rows = (batch.column("body") == "bad").arg_true()
            work.emit("test.copy", batch.gather(rows), parents=rows)
            return batch

    watcher = Tells("test.none", "nothing", ["test.first"])
    bench.put("bad", "fine")
    make_pipeline(first=Tells("test.first"), watcher=watcher, copies=Copies()).step()
    batch = content(bench)
    assert batch.column("body").to_list() == ["bad", "fine", "test.first of bad", "bad"]
    assert batch.column("event_name").to_list() == ["", "", "test.first", "test.copy"]
    assert batch.generation is not None
    assert batch.generation.to_list() == [0, 0, 1, 1]
    assert set(batch.records.columns) == {*RECORDS, "generation"}
    assert batch.attribute("seen", 2).to_list() == [True, True, True, True]  # type: ignore[arg-type]
    assert batch.column("record_id").n_unique() == 4


@pytest.mark.parametrize(
    ("emit", "problem"),
    [
        (lambda work, one: work.emit("", one, parents=pl.Series([0])), "an event name of 0 characters"),
        (lambda work, one: work.emit("k" * 101, one, parents=pl.Series([0])), "an event name of 101 characters"),
        (lambda work, one: work.emit("k", one), "outside a tick"),
        (lambda work, one: work.emit("k", one, parents=pl.Series([0, 0])), "1 records need"),
        (lambda work, one: work.emit("k", one, parents=pl.Series([None], dtype=pl.UInt32)), "1 records need"),
    ],
)
def test_what_can_not_be_made_is_refused_with_a_sentence(
    bench: PartitionBench, make_pipeline: MakePipeline, emit: Callable[[Work, LogBatch], None], problem: str
) -> None:
    class Wrong:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            with pytest.raises(ValueError, match=problem):
                emit(work, LogBatch.of({"body": ["x"]}))
            work.emit("k", LogBatch.empty())
            return batch

    bench.put("one")
    make_pipeline(wrong=Wrong()).step()
    assert content(bench).column("body").to_list() == ["one"]


origins = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a.example", "b.example"])), min_size=1, max_size=6)


@pytest.mark.slow
@settings(max_examples=12)
@given(origins, st.lists(st.sampled_from(["k1", "k2"]), min_size=1, max_size=2))
def test_ids_are_unique_over_pipelines_components_domains_and_kinds(
    origins: list[tuple[int, str]], kinds: list[str]
) -> None:
    """Also where one parent, or one tick, makes many of a kind, in several calls."""
    batch = LogBatch.of({"record_id": [f"{n:021d}{d[0]:0>5}" for n, d in origins], "domain": [d for _, d in origins]})
    made: list[str] = list(dict.fromkeys(batch.column("record_id")))
    one = LogBatch.of({"body": ["x"] * len(origins)})
    for pipeline in ("logs", "logs/b"):
        for component in ("p", "q"):
            makers = [Maker(pipeline, component, batch)]
            makers += [
                Maker(pipeline, component, LogBatch.empty(), Occasion(domain, due * 10**6, name))
                for domain in ("a.example", "b.example")
                for due in (5, 6)
                for name in ("t1", "t2")
            ]
            for maker in makers:
                rows = None if maker.occasion else pl.Series(range(len(origins)))
                for kind in kinds:
                    made += maker.make(kind, one, rows, "").column("record_id").to_list()
                    if maker.occasion:
                        made += maker.make(kind, one, None, "rule").column("record_id").to_list()
    assert Counter(map(len, made)) == {26: len(made)}
    assert len(set(made)) == len(made)
