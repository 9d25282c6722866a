"""A step takes what waits through decode and processors to the outbox, and accounts for every record."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from collector.batch import LogBatch, concat
from collector.component import Work
from collector.errors import NoRoom, StorageError
from collector.ledger.interface import Commit
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import PartitionBench, request

MakePipeline = Callable[..., Pipeline]
Body = Callable[[LogBatch, Work], LogBatch]


class Does:
    """A processor made of a function."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        return self._body(batch, work)


def without(text: str) -> Body:
    return lambda batch, work: batch.filter(batch.column("body") != text)


def fails_on(text: str, error: Exception) -> Body:
    def process(batch: LogBatch, work: Work) -> LogBatch:
        work.state("a.example").put(b"seen " + str(len(batch)).encode(), b"")
        if (batch.column("body") == text).any():
            raise error
        return batch

    return process


def test_records_pass_all_processors_in_order(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    def add(letter: str) -> Does:
        return Does(lambda batch, work: batch.with_fields({"body": batch.column("body") + letter}))

    bench.put("x", "y")
    assert make_pipeline(one=add("1"), two=add("2")).step() == 2
    assert bench.drain() == ["x12", "y12"]


def test_nothing_waits_nothing_is_written(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    assert make_pipeline().step() == 0
    assert not bench.partition.counts()


def test_what_is_left_out_without_a_name_is_filtered(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("keep", "drop")
    bench.put("drop", domain="b.example")
    assert make_pipeline(p=Does(without("drop"))).step() == 3
    assert bench.drain() == ["keep"]
    assert bench.count("processor/logs/p", "filtered") == 1
    assert bench.count("processor/logs/p", "filtered", "b.example") == 1


def test_named_ends_and_new_records_are_kept_apart(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    def aggregate(batch: LogBatch, work: Work) -> LogBatch:
        work.count("a.example", "aggregated", 2)
        work.count("a.example", "dropped:sampled", 1)
        work.count("a.example", "created", 1)
        work.count("a.example", "matched", 7)
        return batch.slice(0, 1)

    bench.put("1", "2", "3", "4", "5")
    make_pipeline(p=Does(aggregate)).step()
    counted = {outcome: n for (_, component, outcome), n in bench.partition.counts().items() if component[-2:] == "/p"}
    assert counted == {"aggregated": 2, "dropped:sampled": 1, "created": 1, "filtered": 2, "matched": 7}
    assert len(bench.drain()) == 1


def test_what_comes_without_a_name_is_created(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("one")
    make_pipeline(p=Does(lambda batch, work: concat([batch, batch]))).step()
    assert bench.count("processor/logs/p", "created") == 1
    assert bench.drain() == ["one", "one"]


def test_state_is_seen_at_once_and_kept_with_the_step(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    def count(batch: LogBatch, work: Work) -> LogBatch:
        before = int(work.state("a.example").get(b"n/total") or b"0")
        work.state("a.example").put(b"n/total", str(before + len(batch)).encode())
        work.state("a.example").put(b"n/gone", b"")
        work.state("a.example").delete(b"n/gone")
        assert work.state("a.example").scan(b"n/") == [(b"n/total", str(before + len(batch)).encode())]
        return batch

    for bodies in (("1",), ("2", "3")):
        bench.put(*bodies)
        make_pipeline(p=Does(count)).step()
    assert dict(bench.ledger.state("p", "a.example")) == {b"n/total": b"3"}
    assert dict(bench.ledger.state("q", "a.example")) == {}


def test_a_state_key_that_could_not_be_stored_is_refused_at_once(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    def put(batch: LogBatch, work: Work) -> LogBatch:
        with pytest.raises(ValueError, match="use a hash"):
            work.state("a.example").put(b"k" * 600, b"")
        work.state("a.example").put(b"k" * 400, b"v" * 100_000)
        return batch

    bench.put("one")
    make_pipeline(p=Does(put)).step()
    assert bench.ledger.state("p", "a.example")[b"k" * 400] == b"v" * 100_000


def test_only_the_entry_that_makes_a_processor_fail_is_dead_lettered(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    for number in range(10):
        bench.put(f"{number}a", f"{number}b")
    make_pipeline(first=Does(without("3a")), strict=Does(fails_on("7b", KeyError("secret value")))).step()
    delivered = bench.drain()
    assert sorted(delivered) == sorted(f"{n}{x}" for n in range(10) for x in "ab" if n != 7 and f"{n}{x}" != "3a")
    (letter,) = bench.partition.dead_letters()
    assert (letter.reason, letter.records, letter.raw) == ("processor strict: KeyError", 2, True)
    assert bench.count("processor/logs/first", "filtered") == 1


def test_state_changes_of_a_failed_attempt_never_happened(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    for body in ("a", "b", "bad"):
        bench.put(body)
    make_pipeline(p=Does(fails_on("bad", ValueError()))).step()
    assert set(bench.ledger.state("p", "a.example")) == {b"seen 1"}, "the attempt with all three wrote `seen 3`"


def test_a_storage_error_inside_a_processor_is_not_the_entry_s_fault(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put("one")
    with pytest.raises(StorageError):
        make_pipeline(p=Does(fails_on("one", StorageError("disk")))).step()
    assert bench.partition.dead_letters() == []
    assert make_pipeline().step() == 1, "no death is remembered"
    assert bench.drain() == ["one"]


def test_undecodable_payloads_are_set_aside(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    bench.put("fine")
    bench.put_raw(b"\x0a\xff", records=2)
    make_pipeline().step()
    assert bench.drain() == ["fine"]
    assert bench.count("pipeline/logs", "undecodable") == 2


def test_records_that_the_door_counted_wrongly_do_not_upset_the_account(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put_raw(request(["one"]), records=3)
    bench.put_raw(request(["two", "three"]), records=1, domain="b.example")
    make_pipeline().step()
    assert bench.count("pipeline/logs", "undecodable") == 2
    assert bench.count("pipeline/logs", "created", "b.example") == 1


def test_a_failed_commit_is_given_again_with_the_same_result(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    given: list[Commit] = []
    commit = bench.ledger.commit

    def failing_once(step: Commit) -> None:
        given.append(step)
        if len(given) == 1:
            raise NoRoom("transient")
        commit(step)

    bench.ledger.commit = failing_once  # type: ignore[method-assign]
    bench.put("one")
    assert make_pipeline().step() == 1
    assert given[0] is given[1]
    assert bench.drain() == ["one"]


def test_a_commit_that_fails_twice_is_told_to_the_caller_and_can_be_repeated(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    commit = bench.ledger.commit

    def failing(step: Commit) -> None:
        raise NoRoom("full")

    bench.put("one")
    bench.ledger.commit = failing  # type: ignore[method-assign]
    pipeline = make_pipeline()
    with pytest.raises(StorageError):
        pipeline.step()
    assert pipeline.busy_since is None
    bench.ledger.commit = commit  # type: ignore[method-assign]
    assert pipeline.step() == 1
    assert bench.drain() == ["one"]


def test_busy_since_is_set_during_a_step_alone(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    seen: list[float | None] = []

    def look(batch: LogBatch, work: Work) -> LogBatch:
        seen.append(pipeline.busy_since)
        return batch

    pipeline = make_pipeline(p=Does(look))
    bench.put("one")
    pipeline.step()
    assert seen != [None]
    assert pipeline.busy_since is None


def test_a_step_that_could_not_be_noted_is_done_when_the_disk_has_room_again(
    bench: PartitionBench, make_pipeline: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is in hand meanwhile, so a death is nobody's fault."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    bench.put("one")
    with monkeypatch.context() as disk:
        disk.setattr(os, "posix_fallocate", refuse)
        pipeline = make_pipeline()
        for _ in range(3):
            with pytest.raises(NoRoom):
                pipeline.step()
    assert pipeline.step() == 1
    assert bench.drain() == ["one"]
