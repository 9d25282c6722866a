"""What connectors feed in the step of a pipeline: everything once, and a failing stage loses only what it was to get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import ALL_EVENTS, Connector, Due, Processor, Work
from collector.ledger import deadletters
from collector.ledger.plan import PipelinePlan
from collector.outcomes import Outcome
from collector.pipeline.network import Network
from collector.pipeline.pipeline import Pipeline
from collector.testing.conservation import assert_conserved
from counterparts.mortal_worker import Killed
from counterparts.partition_bench import MIB, START_UNIX_MS, PartitionBench, plan

MIDDLE, SIDE, LAST = "logs/middle", "logs/side", "logs/last"
FEEDS: dict[str, dict[str, list[str]]] = {
    "logs": {"fork": [MIDDLE, SIDE]},
    MIDDLE: {"join": [LAST]},
    SIDE: {"join": [LAST]},
}
EXPORTERS = {"logs": "own", MIDDLE: "middle", SIDE: "side", LAST: "last"}
SECOND = 1_000_000_000


class Hands:
    """A connector that hands all to each, or what `which` says; `fails` on a body."""

    takes_events: Sequence[str] = ALL_EVENTS

    def __init__(
        self, *targets: str, fails: str = "", which: Callable[[LogBatch, str], pl.Series] | None = None
    ) -> None:
        self._targets, self._fails, self._which = targets, fails, which
        self.saw: list[str] = []

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        self.saw += batch.column("body").to_list()
        if (batch.column("body") == self._fails).any():
            raise ValueError("no")
        if self._which is None:
            return dict.fromkeys(self._targets, batch)
        return {target: batch.filter(self._which(batch, target)) for target in self._targets}


class Counts:
    """A processor that keeps how many it has seen of each domain, tells an event of each, and fails, or dies, of one body."""

    def __init__(self, fails: str = "", error: type[BaseException] = ValueError) -> None:
        self._fails, self._error = fails, error

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        for domain, records in batch.by_domain().items():
            seen = int(work.state(domain).get(b"seen") or 0)
            work.state(domain).put(b"seen", b"%d" % (seen + records))
        bodies = batch.column("body")
        if (bodies == self._fails).any():
            raise self._error
        work.emit("test.seen", LogBatch.of({"body": "seen " + bodies}), parents=pl.Series(range(len(bodies))))
        return batch


class Bench(PartitionBench):
    """All pipelines of the diamond, each with an exporter of its own."""

    def __init__(self, root: Path) -> None:
        pipelines = [
            PipelinePlan(
                name, frozenset({"otlp"} if name == "logs" else ()), (EXPORTERS[name],), feeds=FEEDS.get(name, {})
            )
            for name in EXPORTERS
        ]
        super().__init__(root, plan(*pipelines))

    def all(self) -> dict[str, list[str]]:
        """What waits for each exporter, in order of the alphabet."""
        return {name: sorted(self.drain(name)) for name in EXPORTERS.values()}

    def pipelines(
        self,
        connectors: Mapping[str, Connector] | None = None,
        /,
        *,
        passthrough: bool = False,
        **processors: Processor,
    ) -> dict[str, Pipeline]:
        """Made anew, as by a worker. Processors by the exporter of their pipeline."""
        made = {name: [(f"p_{of}", processors[of])] if of in processors else [] for name, of in EXPORTERS.items()}
        standing: dict[str, Connector] = {"fork": Hands(MIDDLE, SIDE), "join": Hands(LAST), **(connectors or {})}
        network = Network(made, standing, FEEDS)
        return {
            name: Pipeline(
                name, self.ledger, made[name], attempts_path=self.root / "partition", network=network,
                passthrough=passthrough, now_unix_nano=lambda: self.clock() * 1_000_000,
            )
            for name in EXPORTERS
        }  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    assert_conserved(bench.partition)
    bench.close()


def test_each_pipeline_gets_all_of_it_in_one_step(bench: Bench) -> None:
    bench.put("x", "y")
    assert bench.pipelines()["logs"].step() == 2
    assert bench.all() == {"own": ["x", "y"], "middle": ["x", "y"], "side": ["x", "y"], "last": ["x", "x", "y", "y"]}
    assert bench.count("connector/logs/fork", "offered") == bench.count("connector/logs/fork", "copied") == 2
    assert bench.count("connector/logs/fork", f"passed:{SIDE}") == bench.count(f"pipeline/{SIDE}", Outcome.FED) == 2
    assert bench.count(f"pipeline/{LAST}", Outcome.FED) == bench.count(f"pipeline/{LAST}", Outcome.OUT) == 4


def test_what_nobody_changed_is_written_once(bench: Bench) -> None:
    bench.put("x")
    bench.pipelines()["logs"].step()
    assert [bench.deliverable(name)[0].seq for name in ("own", "middle", "side")] == [0, 0, 0]


def test_payloads_that_nobody_looks_at_are_not_decoded(bench: Bench) -> None:
    bench.put_raw(b"\xff not protobuf", records=2)
    assert bench.pipelines(passthrough=True)["logs"].step() == 2
    for name, times in (("own", 1), ("middle", 1), ("side", 1), ("last", 2)):
        (entry,) = bench.deliverable(name)
        assert [payload.body for payload in entry.content] == [b"\xff not protobuf"] * times  # type: ignore[union-attr]
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": 0}, "the outbox refers to the journal"
    assert bench.count(f"pipeline/{LAST}", Outcome.OUT) == bench.count(f"pipeline/{LAST}", Outcome.FED) == 4


def test_a_connector_divides(bench: Bench) -> None:
    """And what it hands to nobody is filtered."""
    fork = Hands(MIDDLE, SIDE, which=lambda batch, target: batch.column("body") == target)
    bench.put(MIDDLE, SIDE, "neither")
    bench.pipelines({"fork": fork})["logs"].step()
    assert bench.all() == {"own": [MIDDLE, SIDE, "neither"], "middle": [MIDDLE], "side": [SIDE], "last": [MIDDLE, SIDE]}
    assert bench.count("connector/logs/fork", Outcome.FILTERED) == 1
    assert bench.count("connector/logs/fork", Outcome.COPIED) == 0


def test_events_are_offered_to_those_that_take_them(bench: Bench) -> None:
    deaf = Hands(MIDDLE, SIDE)
    deaf.takes_events = ()
    bench.put("x")
    bench.pipelines({"fork": deaf}, own=Counts(), side=Counts())["logs"].step()
    assert deaf.saw == ["x"]
    assert bench.all() == {
        "own": ["seen x", "x"],
        "middle": ["x"],
        "side": ["seen x", "x"],
        "last": ["seen x", "x", "x"],
    }


def test_what_two_pipelines_make_of_one_record_has_two_ids(bench: Bench) -> None:
    bench.put("x")
    bench.pipelines(own=Counts(), middle=Counts(), side=Counts())["logs"].step()
    (entry,) = bench.deliverable("last")
    assert isinstance(entry.content, LogBatch)
    made = entry.content.filter(entry.content.column("body") == "seen x")
    # that of `logs` has come on both ways, and each pipeline has made one of the record
    assert (len(made), made.column("record_id").n_unique()) == (4, 3)


@pytest.mark.parametrize("stage", ["middle", "side", "last"])
def test_a_pipeline_that_fails_loses_only_what_it_was_to_get(bench: Bench, stage: str) -> None:
    bench.put("a", "odd", "b")
    bench.put("c")
    made = {name: Counts("odd" if name == stage else "") for name in ("middle", "side", "last")}
    bench.pipelines(**made)["logs"].step()
    owner = next(f"pipeline/{name}" for name, exporter in EXPORTERS.items() if exporter == stage)
    (info,) = bench.partition.dead_letters()
    times = 2 if stage == "last" else 1
    assert (info.owner, info.records, info.reason, info.raw) == (
        owner,
        times,
        f"processor p_{stage}: ValueError",
        False,
    )
    found = bench.all()
    assert found["own"] == ["a", "b", "c", "odd"]
    for name in ("middle", "side"):
        assert ("odd" in found[name]) == (name != stage)
        assert ("seen odd" in found[name]) == (name != stage)
    assert found["last"].count("odd") == (0 if stage == "last" else 2 - (stage != "last"))
    kept = bench.ledger.state(f"p_{stage}", "a.example").get_many([b"seen"])[b"seen"]
    entered = {"middle": 3, "side": 3}.get(stage)
    if entered is not None:
        assert int(kept) == entered, "what it kept of the failed attempts is undone"


def replay(bench: Bench) -> None:
    ids = [info.id for info in bench.partition.dead_letters()]
    deadletters.request(bench.root / "partition", "replay", ids)
    bench.ledger.maintain()


def test_what_it_lost_comes_back_into_that_pipeline_alone(bench: Bench) -> None:
    bench.put("a", "odd")
    bench.pipelines(middle=Counts("odd"))["logs"].step()
    bench.all()
    replay(bench)
    again = bench.pipelines(middle=Counts())
    assert [pipeline.step() for pipeline in again.values()] == [0, 1, 0, 0]
    assert bench.all() == {"own": [], "middle": ["odd", "seen odd"], "side": [], "last": ["odd", "seen odd"]}
    assert bench.partition.dead_letters() == []
    assert bench.count(f"pipeline/{MIDDLE}", Outcome.REPLAYED) == 1


def test_an_old_one_makes_no_events(bench: Bench) -> None:
    bench.put("odd")
    bench.pipelines(middle=Counts("odd"))["logs"].step()
    bench.clock.unix_ms += 301_000
    replay(bench)
    bench.pipelines(middle=Counts(), last=Counts())[MIDDLE].step()
    assert bench.all() == {"own": ["odd"], "middle": ["odd"], "side": ["odd"], "last": ["odd", "odd"]}


def test_one_that_fails_again_is_a_dead_letter_again(bench: Bench) -> None:
    bench.put("odd")
    bench.pipelines(middle=Counts("odd"))["logs"].step()
    for _ in range(2):
        replay(bench)
        bench.pipelines(middle=Counts("odd"))[MIDDLE].step()
    (info,) = bench.partition.dead_letters()
    assert info.owner == f"pipeline/{MIDDLE}"
    assert bench.count(f"pipeline/{MIDDLE}", Outcome.DEAD_LETTERED) == 3


def test_a_connector_that_fails_hands_on_what_it_can(bench: Bench) -> None:
    bench.put("a", "odd", "b")
    bench.pipelines({"fork": Hands(MIDDLE, SIDE, fails="odd")})["logs"].step()
    assert bench.all() == {
        "own": ["a", "b", "odd"],
        "middle": ["a", "b"],
        "side": ["a", "b"],
        "last": ["a", "a", "b", "b"],
    }
    (info,) = bench.partition.dead_letters()
    assert (info.owner, info.pipeline, info.reason) == ("connector/logs/fork", "logs", "connector fork: ValueError")
    replay(bench)
    bench.pipelines()["logs"].step()
    assert bench.all() == {"own": [], "middle": ["odd"], "side": ["odd"], "last": ["odd", "odd"]}


def test_one_that_names_a_pipeline_which_it_does_not_feed_is_at_fault(bench: Bench) -> None:
    bench.put("x")
    bench.pipelines({"fork": Hands(LAST)})["logs"].step()
    assert [info.owner for info in bench.partition.dead_letters()] == ["connector/logs/fork"]


def test_where_all_fails_it_ends_soon(bench: Bench) -> None:
    """One dead letter, after some hundred attempts and not twice as many as there are records."""

    class Never:
        calls = 0

        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            self.calls += 1
            raise ValueError

    never = Never()
    bench.put(*(str(number) for number in range(2000)))
    bench.pipelines(middle=never)["logs"].step()
    assert never.calls < 500
    (info,) = bench.partition.dead_letters()
    assert info.records == 2000


def run(bench: Bench, **processors: Processor) -> int:
    """Worker after worker until nothing waits; how many died."""
    for deaths in range(12):
        made = bench.pipelines(**processors)
        try:
            while any(pipeline.step() for pipeline in made.values()):
                pass
        except Killed:
            continue
        for pipeline in made.values():
            pipeline.close()
        return deaths
    raise AssertionError("it goes on for ever")


@pytest.mark.parametrize("stage", ["middle", "last"])
def test_a_record_that_kills_in_a_stage_is_lost_to_that_stage_alone(bench: Bench, stage: str) -> None:
    """Two or three deaths until it stands alone, three strikes that name the stage."""
    for body in ("a", "odd", "b", "c"):
        bench.put(body)
    assert run(bench, **{stage: Counts("odd", Killed)}) <= 6
    found = bench.all()
    assert found["own"] == found["side"] == ["a", "b", "c", "odd"]
    assert ("odd" in found[stage]) is False
    letters = bench.partition.dead_letters()
    assert {(info.owner, info.reason) for info in letters} == {
        (next(f"pipeline/{name}" for name, of in EXPORTERS.items() if of == stage), f"poison: processor p_{stage}")
    }
    assert sum(info.records for info in letters) == (2 if stage == "last" else 1)


def test_one_that_kills_again_when_it_is_tried_again_is_set_aside_again(bench: Bench) -> None:
    bench.put("odd")
    bench.pipelines(middle=Counts("odd"))["logs"].step()
    replay(bench)
    assert 3 <= run(bench, middle=Counts("odd", Killed)) <= 5
    (info,) = bench.partition.dead_letters()
    assert (info.owner, info.reason) == (f"pipeline/{MIDDLE}", "poison: processor p_middle")
    bench.put("fine")
    assert run(bench, middle=Counts("odd", Killed)) == 0
    assert "fine" in bench.drain("middle")


def test_no_memory_in_a_stage_is_nobodys_fault_until_it_stands_alone(bench: Bench) -> None:
    bench.put("odd")
    made = bench.pipelines(middle=Counts("odd", MemoryError))["logs"]
    for _ in range(8):
        made._not_before = 0.0
        made.step()
    assert bench.all()["own"] == ["odd"]
    (info,) = bench.partition.dead_letters()
    assert info.owner == f"pipeline/{MIDDLE}"
    assert "MemoryError" in info.reason


class Late:
    """Asks to be called a second after each record, and tells then."""

    takes_events: Sequence[str] = ()

    def __init__(self, *targets: str) -> None:
        self._targets = targets

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        for body, domain in zip(batch.column("body"), batch.column("domain"), strict=True):
            work.wake(domain, body, START_UNIX_MS * 1_000_000 + SECOND)
        return batch

    def connect(self, batch: LogBatch, work: Work) -> Mapping[str, LogBatch]:
        return dict.fromkeys(self._targets, self.process(batch, work))

    def tick(self, due: Due, work: Work) -> None:
        work.emit("test.late", LogBatch.of({"body": [f"late {due.name}"]}))


def test_what_a_fed_pipeline_is_due_for_happens_in_a_step_of_its_own(bench: Bench) -> None:
    bench.put("x")
    pipelines = bench.pipelines(middle=Late())
    pipelines["logs"].step()
    bench.all()
    bench.clock.unix_ms += 2000
    for _ in range(2):
        assert [pipeline.step() for pipeline in pipelines.values()] == [0, 0, 0, 0]
    assert bench.all() == {"own": [], "middle": ["late x"], "side": [], "last": ["late x"]}


def test_what_a_connector_is_due_for_goes_to_all_that_it_feeds_once(bench: Bench) -> None:
    """`join` stands behind two pipelines."""
    bench.put("x")
    pipelines = bench.pipelines({"join": Late(LAST)})
    pipelines["logs"].step()
    bench.all()
    bench.clock.unix_ms += 2000
    for _ in range(2):
        for pipeline in pipelines.values():
            pipeline.step()
    assert bench.all() == {"own": [], "middle": [], "side": [], "last": ["late x"]}


def test_a_draft_that_is_too_large_for_one_commit_is_halved(bench: Bench) -> None:
    """Each record grows to a tenth of the budget."""

    class Grows:
        def process(self, batch: LogBatch, work: Work) -> LogBatch:
            grown = [f"{number}" * 1_600_000 for number in batch.column("body")]
            return batch.with_fields({"body": pl.Series(grown)}).with_attributes(
                {"noise": pl.Series([bytes(_noise(1_600_000, number)) for number in range(len(batch))])}
            )

    for number in range(12):
        bench.put(str(number % 10))
    pipeline = bench.pipelines(middle=Grows())["logs"]
    taken = 0
    for _ in range(60):
        taken += pipeline.step()
        bench.all()
    assert taken == 12
    assert bench.plan.max_bytes == 16 * MIB


def _noise(size: int, seed: int) -> bytes:
    import random

    return random.Random(seed).randbytes(size)
