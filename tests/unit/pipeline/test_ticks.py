"""What components are due for happens once, at its time in all that it makes, whatever the clock, the process and the room do."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from collector.base32 import received_ms
from collector.batch import LogBatch, concat
from collector.component import Due, Work
from collector.ledger.codec import decode_batch, encode_batch
from collector.ledger.interface import Commit
from collector.ledger.plan import Quota
from collector.ledger.timers import REMEMBERED_NANOS
from collector.pipeline.pipeline import Pipeline
from counterparts.partition_bench import PLAN, START_UNIX_MS, PartitionBench, bodies_of

MakePipeline = Callable[..., Pipeline]
MS = 1_000_000
START = START_UNIX_MS * MS
HOUR_MS = 3_600_000


class Clockwork:
    """Asks for what each body says, `name@ms after the start` or `name@never`; makes a record of each tick, and asks again
    `every` so many milliseconds."""

    def __init__(self, every: int = 0) -> None:
        self._every = every
        self.late_ms: list[int] = []

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        for body in batch.column("body"):
            name, _, ms = body.partition("@")
            work.wake("a.example", name, None if ms == "never" else START + int(ms) * MS)
        return batch.slice(0, 0)

    def tick(self, due: Due, work: Work) -> None:
        self.late_ms.append((work.now_unix_nano - due.at_unix_nano) // MS)
        work.state(due.domain).put(b"last", due.name.encode())
        work.emit("test.tick", LogBatch.of({"body": [due.name]}))
        if self._every:
            work.wake(due.domain, due.name, due.at_unix_nano + self._every * MS)


def ticked(bench: PartitionBench) -> list[tuple[str, int]]:
    """(body, milliseconds after the start in its id) of what waits, which then is delivered."""
    content = [entry.content for entry in bench.deliverable() if isinstance(entry.content, LogBatch)]
    bench.drain()
    batch = concat(content)
    times = [received_ms(record_id) - START_UNIX_MS for record_id in batch.column("record_id")]
    assert batch.column("record_id").n_unique() == len(batch)
    return list(zip(batch.column("body").to_list(), times, strict=True))


def commits(bench: PartitionBench) -> list[Commit]:
    """Those that follow."""
    seen: list[Commit] = []
    commit = bench.ledger.commit
    bench.ledger.commit = lambda step: (seen.append(step), commit(step))[1]  # type: ignore[method-assign,func-returns-value]
    return seen


def test_it_runs_at_its_time_once_however_late(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    clockwork = Clockwork()
    pipeline = make_pipeline(clockwork=clockwork)
    bench.put("first@10", "second@20", "third@5000")
    pipeline.step()
    bench.clock.unix_ms += 9
    assert pipeline.step() == 0
    assert ticked(bench) == []
    bench.clock.unix_ms += 1
    pipeline.step()
    assert ticked(bench) == [("first", 10)]
    bench.clock.unix_ms += HOUR_MS
    pipeline.step()
    assert ticked(bench) == [("second", 20), ("third", 5000)]
    assert clockwork.late_ms == [0, HOUR_MS - 10, HOUR_MS - 4990]
    pipeline.step()
    assert ticked(bench) == []
    assert bench.count("processor/logs/clockwork", "created") == 3
    assert bench.ledger.state("clockwork", "a.example")[b"last"] == b"third"


def test_who_steps_it_is_told_when_it_is_worth_it(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Never, before a component has asked; then at the first time for which one did."""
    pipeline = make_pipeline(clockwork=Clockwork())
    pipeline.step()
    assert pipeline.secs_to_next == math.inf
    bench.put("first@10000", "second@20000")
    pipeline.step()
    pipeline.step()
    assert pipeline.secs_to_next == 10
    bench.clock.unix_ms += 10_000
    assert pipeline.secs_to_next == 0
    pipeline.step()
    pipeline.step()
    assert pipeline.secs_to_next == 10


def test_a_tick_is_told_as_something_to_deliver(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    """Though no record was taken: else an alert would wait for the next look of delivery."""
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("first@10")
    told = [(pipeline.step() > 0, pipeline.wrote), (pipeline.step() > 0, pipeline.wrote)]
    bench.clock.unix_ms += 10
    told.append((pipeline.step() > 0, pipeline.wrote))
    assert told == [(True, True), (False, False), (False, True)]


def test_a_restart_forgets_nothing(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("first@10")
    pipeline.step()
    bench.reopen()
    bench.clock.unix_ms += 10
    make_pipeline(clockwork=Clockwork()).step()
    assert ticked(bench) == [("first", 10)]


def test_the_later_word_counts(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("moved@10", "stopped@10", "moved@500")
    pipeline.step()
    bench.put("stopped@never")
    pipeline.step()
    bench.clock.unix_ms += 400
    pipeline.step()
    assert ticked(bench) == []
    bench.clock.unix_ms += 100
    pipeline.step()
    assert ticked(bench) == [("moved", 500)]


def test_nothing_due_nothing_is_committed(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("later@10")
    pipeline.step()
    seen = commits(bench)
    for _ in range(5):
        pipeline.step()
    assert seen == []


def test_what_comes_every_so_often_misses_no_time(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork(every=100))
    bench.put("beat@100")
    pipeline.step()
    bench.clock.unix_ms += 350
    for _ in range(5):
        pipeline.step()
    assert ticked(bench) == [("beat", 100), ("beat", 200), ("beat", 300)]


@pytest.mark.parametrize("back_ms", [50, HOUR_MS, 23 * HOUR_MS])
def test_after_a_clock_that_was_set_back_nothing_comes_twice(
    bench: PartitionBench, make_pipeline: MakePipeline, back_ms: int
) -> None:
    """The component asks for the same time again, and for earlier ones: they are moved behind what came."""
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("beat@100")
    pipeline.step()
    bench.clock.unix_ms += 100
    pipeline.step()
    assert ticked(bench) == [("beat", 100)]
    bench.clock.unix_ms -= back_ms
    for body in ("beat@100", "beat@50", "other@50"):
        bench.put(body)
        pipeline.step()
        pipeline.step()
    bench.clock.unix_ms += back_ms + 1
    pipeline.step()
    assert sorted(ticked(bench)) == [("beat", 101), ("other", 50)]


def test_what_came_is_forgotten_after_a_day(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("beat@1")
    pipeline.step()
    bench.clock.unix_ms += 1
    pipeline.step()
    store = bench.ledger._store
    bench.clock.unix_ms += REMEMBERED_NANOS // MS + 1
    bench.ledger.maintain()
    with store.environment.read() as txn:
        assert list(txn.cursor(db=store.tables.timers)) == []
    bench.put("beat@1")  # a moment more than a day ago
    pipeline.step()
    pipeline.step()
    assert ticked(bench) == [("beat", 1), ("beat", 1 + 1)]


def test_without_room_it_waits(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(clockwork=Clockwork())
    bench.put("first@10")
    pipeline.step()
    bench.clock.unix_ms += 10
    bench.reopen(replace(PLAN, quotas={"sqlite": Quota(max_bytes=0)}))
    seen = commits(bench)
    full = make_pipeline(clockwork=Clockwork())
    full.step()
    assert seen == []
    bench.reopen(PLAN)
    make_pipeline(clockwork=Clockwork()).step()
    assert ticked(bench) == [("first", 10)]


def test_what_a_tick_makes_goes_to_who_takes_it_behind(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    class Watches:
        takes_events = ("test.*",)

        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            return batch.with_fields({"body": batch.column("body") + " seen"})

    pipeline = make_pipeline(clockwork=Clockwork(), behind=Watches())
    bench.put("one@10")
    pipeline.step()
    bench.clock.unix_ms += 10
    pipeline.step()
    assert ticked(bench) == [("one seen", 10)]


def test_what_a_tick_lets_go_of_goes_on_from_there_as_it_was(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    """Kept in the state at one step, let go of at a later one: what stands behind sees it, what stands in front does not, and its id is its own."""

    class Keeps:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            work.state("a.example").put(b"held", encode_batch(batch))
            work.wake("a.example", "go", START + 10 * MS)
            work.count("a.example", "aggregated", len(batch))
            return batch.slice(0, 0)

        def tick(self, due: Due, work: Work) -> None:
            work.release(decode_batch(work.state(due.domain).get(b"held") or b""))

    class Marks:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            return batch.with_fields({"body": batch.column("body") + " seen"})

    pipeline = make_pipeline(front=Marks(), keeps=Keeps(), behind=Marks())
    bench.put("one", "two")
    pipeline.step()
    assert not bench.deliverable()
    bench.clock.unix_ms += 10
    pipeline.step()
    assert ticked(bench) == [("one seen seen", 0), ("two seen seen", 0)]


class Fails(Clockwork):
    """For one name, as long as `failing`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error, self.failing = error, True

    def tick(self, due: Due, work: Work) -> None:
        work.state(due.domain).put(b"half " + due.name.encode(), b"")
        if due.name == "bad" and self.failing:
            raise self.error
        super().tick(due, work)


@pytest.mark.parametrize("error", [ValueError("secret"), MemoryError(), OSError(28, "no space")])
def test_one_that_fails_is_tried_again_later_and_delays_nobody(
    bench: PartitionBench, make_pipeline: MakePipeline, error: Exception, monkeypatch: Any, caplog: Any
) -> None:
    fails = Fails(error)
    pipeline = make_pipeline(fails=fails)
    bench.put("one@1", "bad@2", "three@3")
    pipeline.step()
    bench.clock.unix_ms += 10
    with caplog.at_level(logging.WARNING, "collector.pipeline.ticks"):
        for _ in range(3):
            pipeline.step()
    assert ticked(bench) == [("one", 1), ("three", 3)]
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text
    assert b"half bad" not in bench.ledger.state("fails", "a.example")
    fails.failing = False
    monkeypatch.setattr("collector.pipeline.ticks.time.monotonic", lambda: 1e12)
    pipeline.step()
    assert ticked(bench) == [("bad", 2)]


class Dies(BaseException):
    """The process would be dead now."""


def test_one_that_kills_the_worker_is_passed_over_after_three_deaths(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    bench.put("one@1", "bad@2", "three@3")
    make_pipeline(fails=Fails(Dies())).step()
    bench.clock.unix_ms += 10
    deaths = 0
    came: list[tuple[str, int]] = []
    for _ in range(12):
        pipeline = Pipeline(
            "logs", bench.ledger, [("fails", Fails(Dies()))], attempts_path=bench.root / "partition",
            now_unix_nano=lambda: bench.clock() * MS,
        )  # fmt: skip
        try:
            pipeline.step()
        except Dies:
            deaths += 1
        came += ticked(bench)
    assert sorted(came) == [("one", 1), ("three", 3)]
    assert deaths <= 5
    assert not pipeline._ticks.suspicious
    assert not bench.ledger.due("logs", ["fails"], 1 << 62, 10)


def test_a_component_that_leaves_loses_its_due_times_after_a_day(
    bench: PartitionBench, make_pipeline: MakePipeline
) -> None:
    with_clockwork = replace(PLAN, pipelines=[replace(PLAN.pipelines[0], components=("clockwork",))])
    bench.reopen(with_clockwork)
    bench.put("first@10")
    make_pipeline(clockwork=Clockwork()).step()
    bench.reopen(PLAN)
    bench.clock.unix_ms += 25 * HOUR_MS
    bench.ledger.maintain()
    bench.ledger.maintain()
    assert not bench.ledger.due("logs", ["clockwork"], 1 << 62, 10)


def test_names_of_any_length_are_possible_or_refused(bench: PartitionBench, make_pipeline: MakePipeline) -> None:
    class Names(Clockwork):
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            for name in ("", "n" * 500):
                with pytest.raises(ValueError, match="use a hash"):
                    work.wake("a.example", name, START)
            work.wake("d" * 253, "n" * 140, START)
            return batch

    pipeline = make_pipeline(**{"p" * 90: Names()})
    bench.put("one")
    pipeline.step()
    pipeline.step()
    assert [body for entry in bench.deliverable() for body in bodies_of(entry)] == ["one", "n" * 140]
