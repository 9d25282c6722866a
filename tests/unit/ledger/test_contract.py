"""What every ledger promises, whatever keeps it: the same tests for the one in memory and the one on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
import xxhash

from collector.component import Due
from collector.journal.entry import Entry
from collector.ledger.gauges import QueueState
from collector.ledger.interface import Ack, Commit, DeadLetter, Ledger, OutboxEntry, RawDeadLetter, Read, SetAside
from collector.ledger.plan import PipelinePlan, Quota
from collector.outcomes import Counts, Outcome
from collector.pipeline.decode import decode
from collector.testing.conservation import assert_conserved
from collector.testing.memory_ledger import MemoryLedger
from counterparts.partition_bench import PartitionBench, bodies_of, exported, plan, request
from counterparts.replicated_bench import ReplicatedBench

MIB = 1 << 20
ALL = 1 << 40
EXPORTERS = ("one", "other")
FED, SILENT = "logs/fed", "logs/silent"
NOW_UNIX_MS = 1_700_000_000_000
SECOND = 1_000_000_000


class Stand(Protocol):
    """A ledger with the pipeline `logs`, from receiver `otlp` to the exporters `one` and `other`, and behind it `logs/fed` with
    the exporters `one` and `third`, and `logs/silent` without any."""

    ledger: Ledger

    def put(self, *bodies: str, domain: str = "a.example") -> None:
        """Put one payload, with a record for each body, where the pipeline reads."""

    def counts(self) -> Counts: ...
    def queues(self) -> Mapping[str, QueueState]: ...
    def letters(self) -> list[tuple[str, str, int]]:
        """Owner, reason and records of each dead letter, in the order in which they were set aside for their owner."""
        ...

    def close(self) -> None: ...


class InMemory:
    def __init__(self, _: Path, quotas: Mapping[str, Quota]) -> None:
        self.ledger = MemoryLedger(EXPORTERS, quotas=quotas, fed={FED: ("one", "third"), SILENT: ()})
        self._offset = 0

    def put(self, *bodies: str, domain: str = "a.example") -> None:
        self._offset += 1
        body = request(bodies)
        digest = xxhash.xxh3_128_digest(body)
        self.ledger.append(Entry("j", self._offset, domain, "otlp", body, len(bodies), NOW_UNIX_MS, digest))

    def counts(self) -> Counts:
        return self.ledger.counts

    def queues(self) -> Mapping[str, QueueState]:
        return self.ledger.queues()

    def letters(self) -> list[tuple[str, str, int]]:
        raw = [("pipeline/logs", letter.reason, letter.entry.records) for letter in self.ledger.raw_dead_letters]
        raw += [(letter.owner, letter.reason, len(letter.batch)) for letter in self.ledger.set_aside]
        rest = [(f"exporter/{name}", letter.reason, len(letter.batch)) for name, letter in self.ledger.dead_letters]
        return sorted(raw + rest)

    def close(self) -> None:
        self.ledger.close()


class OnDisk:
    bench: type[PartitionBench] = PartitionBench

    def __init__(self, root: Path, quotas: Mapping[str, Quota]) -> None:
        feeds = {"forward": [FED, SILENT]}
        pipeline = PipelinePlan("logs", frozenset({"otlp"}), EXPORTERS, components=["p", "q"], feeds=feeds)
        fed = [PipelinePlan(FED, frozenset(), ("one", "third")), PipelinePlan(SILENT, frozenset(), ())]
        self._bench = self.bench(root, plan(pipeline, *fed, quotas=quotas))
        self.ledger = self._bench.ledger

    def put(self, *bodies: str, domain: str = "a.example") -> None:
        self._bench.put(*bodies, domain=domain)

    def counts(self) -> Counts:
        return self._bench.partition.counts()

    def queues(self) -> Mapping[str, QueueState]:
        return self._bench.partition.queues()

    def letters(self) -> list[tuple[str, str, int]]:
        return sorted((info.owner, info.reason, info.records) for info in self._bench.partition.dead_letters())

    def close(self) -> None:
        self._bench.close()


class Replicated(OnDisk):
    """A copy of a log: what another machine restores has the same rows."""

    bench = ReplicatedBench

    def close(self) -> None:
        assert isinstance(self._bench, ReplicatedBench)
        rows = self._bench.rows()
        super().close()
        assert self._bench.restored() == rows


Make = Callable[..., Stand]


@pytest.fixture(params=[InMemory, OnDisk, Replicated])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes a ledger with quotas; after every test its account must add up."""
    made: list[Stand] = []

    def make_one(**quotas: Quota) -> Stand:
        made.append(request.param(tmp_path / str(len(made)), quotas))
        return made[-1]

    yield make_one
    for stand in made:
        assert_conserved(stand)
        stand.close()


@pytest.fixture
def stand(make: Make) -> Stand:
    return make()


def read(stand: Stand, max_bytes: int = MIB, max_records: int = 10_000) -> Read:
    return stand.ledger.read("logs", max_bytes, max_records)


def step(stand: Stand, **changes: Any) -> Read:
    """Read, decode, commit."""
    taken = read(stand)
    stand.ledger.commit(Commit("logs", taken, {"logs": decode(taken.entries).batch}, **changes))
    return taken


def fill(stand: Stand, *bodies: str, domain: str = "a.example") -> None:
    """An outbox entry for each body."""
    for body in bodies:
        stand.put(body, domain=domain)
        step(stand)


def deliverable(stand: Stand, exporter: str = "one", after: int = -1, max_bytes: int = ALL) -> Sequence[OutboxEntry]:
    return stand.ledger.deliverable(exporter, after, max_bytes)


def waiting(stand: Stand, exporter: str = "one") -> list[str]:
    return [body for entry in deliverable(stand, exporter) for body in bodies_of(entry)]


def count(stand: Stand, component: str, outcome: str, domain: str = "a.example") -> int:
    return stand.counts()[domain, component, outcome]


def ended(entry: OutboxEntry, outcome: str, letters: Sequence[DeadLetter] = ()) -> Ack:
    return Ack(entry.seq, {(domain, outcome): records for domain, records in entry.by_domain.items()}, letters)


# --- read


def test_nothing_to_read_is_nothing_to_commit(stand: Stand) -> None:
    assert not read(stand)


def test_entries_say_what_they_are(stand: Stand) -> None:
    stand.put("x", "y", domain="b.example")
    [entry] = read(stand).entries
    assert (entry.domain, entry.receiver, entry.records) == ("b.example", "otlp", 2)
    assert decode([entry]).batch.column("body").to_list() == ["x", "y"]


def test_what_is_not_committed_is_read_again(stand: Stand) -> None:
    stand.put("x")
    assert [entry.offset for entry in read(stand).entries] == [entry.offset for entry in read(stand).entries]
    step(stand)
    assert not read(stand)


@pytest.mark.parametrize("limits", [(1, 10_000), (MIB, 1)], ids=["bytes", "records"])
def test_a_read_is_limited_but_never_empty_for_that(stand: Stand, limits: tuple[int, int]) -> None:
    for number in range(3):
        stand.put(f"{number}", "and another")
    assert len(read(stand, *limits).entries) == 1


def test_a_domain_with_a_backlog_does_not_stand_before_others(stand: Stand) -> None:
    for number in range(20):
        stand.put(f"{number} {'x' * 40_000}")
    stand.put("x", domain="b.example")
    domains = set()
    for _ in range(2):
        taken = read(stand, 3 * 40_000)
        domains |= {entry.domain for entry in taken.entries}
        stand.ledger.commit(Commit("logs", taken, {"logs": decode(taken.entries).batch}))
    assert domains == {"a.example", "b.example"}


def test_the_same_bytes_of_a_domain_are_taken_once(stand: Stand) -> None:
    """In one read, and in a later one; another domain's are its own."""
    for domain in ("a.example", "a.example", "b.example"):
        stand.put("x", "y", domain=domain)
    taken = step(stand)
    assert (len(taken.entries), len(taken.duplicates)) == (2, 1)
    stand.put("x", "y")
    again = step(stand)
    assert (len(again.entries), len(again.duplicates)) == (0, 1)
    assert count(stand, "pipeline/logs", Outcome.ACCEPTED) == 6
    assert count(stand, "pipeline/logs", Outcome.DUPLICATE) == 4
    assert waiting(stand) == ["x", "y"] * 2


# --- commit


def test_a_commit_moves_everything_together(stand: Stand) -> None:
    stand.put("x", "y")
    stand.put("z", domain="b.example")
    step(stand, state={("p", "a.example", b"k"): b"v"}, counts=Counts({("a.example", "processor/logs/p", "seen"): 2}))
    assert not read(stand)
    assert sorted(waiting(stand)) == sorted(waiting(stand, "other")) == ["x", "y", "z"]
    assert stand.ledger.state("p", "a.example").get_many([b"k"]) == {b"k": b"v"}
    for component, outcome in (
        ("pipeline/logs", Outcome.OUT), ("exporter/one", Outcome.ENQUEUED), ("exporter/other", Outcome.ENQUEUED)
    ):  # fmt: skip
        assert count(stand, component, outcome) == 2
        assert count(stand, component, outcome, "b.example") == 1
    assert count(stand, "pipeline/logs", Outcome.ACCEPTED) == count(stand, "processor/logs/p", "seen") == 2


def test_a_commit_that_is_given_again_changes_nothing(stand: Stand) -> None:
    stand.put("x")
    taken = read(stand)
    for _ in range(2):
        stand.ledger.commit(Commit("logs", taken, {"logs": decode(taken.entries).batch}))
    assert waiting(stand) == ["x"]
    assert count(stand, "exporter/one", Outcome.ENQUEUED) == 1


def test_which_step_was_applied_last_is_known(stand: Stand) -> None:
    assert stand.ledger.applied("logs") == b""
    stand.put("x")
    taken = read(stand)
    assert stand.ledger.applied("logs") == b""
    stand.ledger.commit(Commit("logs", taken, {"logs": decode(taken.entries).batch}))
    assert stand.ledger.applied("logs") == taken.id
    assert step(stand).id == stand.ledger.applied("logs")


def test_a_step_without_entries_can_make_records(stand: Stand) -> None:
    """And count what they are."""
    stand.ledger.commit(
        Commit(
            "logs", Read(()), {"logs": decode([_entry("made")]).batch},
            counts=Counts({("a.example", "processor/logs/p", Outcome.CREATED): 1}),
        )
    )  # fmt: skip
    assert waiting(stand) == ["made"]


def feed(stand: Stand, *bodies: str, to: str = FED, **changes: Any) -> None:
    """A step of `logs` that leaves nothing there, and so many records in a pipeline that it feeds."""
    stand.put(*bodies)
    taken = read(stand)
    left = decode(taken.entries).batch
    counts = Counts(
        {
            ("a.example", "pipeline/logs", Outcome.FILTERED): len(bodies),
            ("a.example", "connector/logs/forward", Outcome.OFFERED): len(bodies),
            ("a.example", "connector/logs/forward", f"{Outcome.PASSED}:{to}"): len(bodies),
            ("a.example", f"pipeline/{to}", Outcome.FED): len(bodies),
        }
    )
    stand.ledger.commit(Commit("logs", taken, **({"outbox": {to: left}} | changes), counts=counts))


def test_a_step_writes_for_each_pipeline_what_left_it(stand: Stand) -> None:
    stand.put("x", "y")
    taken = read(stand)
    whole = decode(taken.entries).batch
    fed = Counts(
        {("a.example", f"pipeline/{FED}", Outcome.FED): 1, ("a.example", "connector/logs/c", f"passed:{FED}"): 1}
    )
    fed["a.example", "connector/logs/c", Outcome.OFFERED] = 1
    stand.ledger.commit(Commit("logs", taken, {"logs": whole, FED: whole.slice(0, 1)}, counts=fed))
    assert waiting(stand, "third") == ["x"]
    assert waiting(stand, "other") == ["x", "y"]
    assert waiting(stand, "one") == ["x", "y", "x"], "it stands in both"
    assert [entry.pipeline for entry in deliverable(stand)] == ["logs", FED]
    assert (count(stand, "pipeline/logs", Outcome.OUT), count(stand, f"pipeline/{FED}", Outcome.OUT)) == (2, 1)


def test_what_leaves_a_pipeline_without_exporters_is_counted_and_not_written(stand: Stand) -> None:
    feed(stand, "x", to=SILENT)
    assert count(stand, f"pipeline/{SILENT}", Outcome.OUT) == 1
    assert all(state.records == 0 for state in stand.queues().values())


def test_what_a_fed_pipeline_could_not_take_is_set_aside(stand: Stand) -> None:
    letter = SetAside(f"pipeline/{FED}", FED, "processor x: ValueError", decode([_entry("odd")]).batch)
    feed(stand, "odd", outbox={}, set_aside=[letter])
    assert stand.letters() == [(f"pipeline/{FED}", "processor x: ValueError", 1)]
    assert count(stand, f"pipeline/{FED}", Outcome.DEAD_LETTERED) == 1


def test_a_pipeline_that_is_only_fed_reads_nothing(stand: Stand) -> None:
    stand.put("x")
    assert not stand.ledger.read(FED, MIB, 10_000)


def test_a_full_exporter_behind_a_connector_stops_who_feeds_it(make: Make) -> None:
    stand = make(third=Quota(max_bytes=1, on_full="block"))
    feed(stand, "x")
    stand.put("y")
    assert not read(stand)
    [entry] = deliverable(stand, "third")
    stand.ledger.ack("third", [exported(entry)])
    assert len(read(stand).entries) == 1


def test_a_backlog_moves_to_pipelines_that_are_fed(stand: Stand) -> None:
    fill(stand, "x", "y")
    assert stand.ledger.move("logs", [FED]) >= 1
    while stand.ledger.move("logs", [FED]):
        pass
    assert waiting(stand) == waiting(stand, "other") == []
    for _ in range(2):
        taken = stand.ledger.read(FED, MIB, 10_000)
        assert taken.returned is not None
        stand.ledger.commit(Commit(FED, taken, {FED: taken.returned.batch}))
    assert waiting(stand, "third") == ["x", "y"]
    assert count(stand, "exporter/other", Outcome.MOVED) == count(stand, f"pipeline/{FED}", Outcome.REPLAYED) == 2
    assert not stand.ledger.read(FED, MIB, 10_000)


def test_payloads_can_be_passed_on_as_they_are(stand: Stand) -> None:
    stand.put("x", "y")
    taken = read(stand)
    stand.ledger.commit(Commit("logs", taken, {"logs": taken.entries}))
    [entry] = deliverable(stand)
    assert isinstance(entry.content, Sequence)
    assert [payload.body for payload in entry.content] == [payload.body for payload in taken.entries]
    assert (entry.records, dict(entry.by_domain)) == (2, {"a.example": 2})


def test_nothing_in_the_outbox_is_no_entry(stand: Stand) -> None:
    stand.put("x")
    stand.ledger.commit(
        Commit("logs", read(stand), counts=Counts({("a.example", "processor/logs/p", Outcome.FILTERED): 1}))
    )
    assert (deliverable(stand), bool(read(stand))) == ([], False)


def test_what_can_not_be_decoded_is_set_aside_raw(stand: Stand) -> None:
    stand.put("x", "y")
    taken = read(stand)
    stand.ledger.commit(Commit("logs", taken, dead_letters=[RawDeadLetter(taken.entries[0], "poison")]))
    assert stand.letters() == [("pipeline/logs", "poison", 2)]
    assert count(stand, "pipeline/logs", Outcome.UNDECODABLE) == 2
    assert not read(stand)


def _entry(body: str) -> Entry:
    return Entry("j", 1, "a.example", "otlp", request([body]), 1, NOW_UNIX_MS, b"")


# --- state


def test_state_belongs_to_a_component_and_a_domain(stand: Stand) -> None:
    step(
        stand,
        state={("p", "a", b"x/1"): b"1", ("p", "a", b"x/2"): b"2", ("p", "b", b"x/1"): b"3", ("q", "a", b"y"): b"4"},
    )
    state = stand.ledger.state("p", "a")
    assert state.scan(b"x/") == [(b"x/1", b"1"), (b"x/2", b"2")]
    assert state.scan(b"x/2") == [(b"x/2", b"2")]
    assert stand.ledger.state("p", "b").get_many([b"x/1", b"x/2"]) == {b"x/1": b"3"}
    assert stand.ledger.state("q", "b").scan(b"") == []
    assert state.excess_bytes() == 0


def test_state_is_written_over_and_deleted(stand: Stand) -> None:
    step(stand, state={("p", "a", b"k"): b"old" * 5_000, ("p", "a", b"gone"): b"v"})
    step(stand, state={("p", "a", b"k"): b"new", ("p", "a", b"gone"): None, ("p", "a", b"never"): None})
    assert stand.ledger.state("p", "a").scan(b"") == [(b"k", b"new")]


def test_the_domains_of_a_component_are_those_it_keeps_something_of(make: Make) -> None:
    """Sorted, each once, and of nobody else; one whose last value goes is none any more."""
    stand = make()
    kept = [("p", "b.example"), ("p", "a.example"), ("p", "a.example.org"), ("q", "c.example"), ("p.x", "d.example")]
    state = {(component, domain, name): b"v" for component, domain in kept for name in (b"k", b"l" * 100)}
    stand.ledger.commit(Commit("logs", Read(()), state=state))
    assert stand.ledger.domains("p") == ["a.example", "a.example.org", "b.example"]
    assert stand.ledger.domains("q") == ["c.example"]
    assert stand.ledger.domains("nobody") == []
    gone = {("p", "a.example", name): None for name in (b"k", b"l" * 100)}
    stand.ledger.commit(Commit("logs", Read(()), state=gone))
    assert stand.ledger.domains("p") == ["a.example.org", "b.example"]


# --- ticks


def due(stand: Stand, now: int, *components: str, limit: int = 100) -> list[Due]:
    return list(stand.ledger.due("logs", components or ("p", "q"), now, limit))


def test_what_is_due_comes_by_time_and_not_before(stand: Stand) -> None:
    base = NOW_UNIX_MS * 1_000_000
    late, early, other = base + 3 * SECOND, base + SECOND, base + 2 * SECOND
    step(stand, timers={("p", "a", "late"): late, ("p", "b", "early"): early, ("q", "a", "x"): other})
    assert due(stand, base) == []
    assert due(stand, late, "p") == [Due("p", "b", "early", early), Due("p", "a", "late", late)]
    assert due(stand, late, "p", limit=1) == [Due("p", "b", "early", early)]
    assert due(stand, late, "q") == [Due("q", "a", "x", other)]
    moments = [stand.ledger.next_due(("p", "q", "nobody"), after) for after in (base, early, other, late)]
    assert moments == [early, other, late, None]
    assert stand.ledger.next_due(("q",), base) == other


def test_what_ran_is_due_no_more_and_never_again_for_that_moment(stand: Stand) -> None:
    base = NOW_UNIX_MS * 1_000_000
    step(stand, timers={("p", "a", "t"): base})
    [first] = due(stand, base)
    step(stand, ran=[first])
    assert due(stand, base + SECOND) == []
    step(stand, timers={("p", "a", "t"): base})
    [second] = due(stand, base + SECOND)
    assert first.at_unix_nano < second.at_unix_nano < base + SECOND


def test_a_time_is_moved_and_taken_back(stand: Stand) -> None:
    base = NOW_UNIX_MS * 1_000_000
    step(stand, timers={("p", "a", "t"): base, ("p", "a", "u"): base})
    step(stand, timers={("p", "a", "t"): base + SECOND, ("p", "a", "u"): None})
    assert due(stand, base) == []
    assert due(stand, base + SECOND) == [Due("p", "a", "t", base + SECOND)]


# --- delivery


def test_entries_are_delivered_in_order_from_a_place_on(stand: Stand) -> None:
    fill(stand, "x", "y", "z")
    first, second, third = deliverable(stand)
    assert [bodies_of(entry) for entry in (first, second, third)] == [["x"], ["y"], ["z"]]
    assert first.seq < second.seq < third.seq
    assert [entry.seq for entry in deliverable(stand, after=first.seq)] == [second.seq, third.seq]
    assert [entry.seq for entry in stand.ledger.deliverable("one", -1, ALL, second.seq)] == [first.seq, second.seq]
    assert [entry.seq for entry in deliverable(stand, max_bytes=1)] == [first.seq]
    assert deliverable(stand, after=third.seq) == []


def test_what_waits_is_told_without_being_loaded(stand: Stand) -> None:
    fill(stand, "x", "y")
    told = stand.ledger.waiting("one", -1, ALL)
    loaded = deliverable(stand)
    assert [(each.seq, each.records, each.size_bytes) for each in told] == [
        (entry.seq, entry.records, entry.size_bytes) for entry in loaded
    ]
    assert [each.seq for each in stand.ledger.waiting("one", told[0].seq, ALL)] == [told[1].seq]
    assert [each.last for each in told] == [False, True]
    assert [each.last for each in stand.ledger.waiting("one", -1, 1)] == [False], "more stands behind it"


def test_each_exporter_has_a_queue_of_its_own(stand: Stand) -> None:
    fill(stand, "x", "y")
    stand.ledger.ack("one", [exported(entry) for entry in deliverable(stand)])
    assert (waiting(stand, "one"), waiting(stand, "other")) == ([], ["x", "y"])
    assert [stand.queues()[name].records for name in EXPORTERS] == [0, 2]
    assert [stand.queues()[name].entries for name in EXPORTERS] == [0, 2]


def test_acknowledgements_out_of_order_and_again(stand: Stand) -> None:
    fill(stand, "x", "y", "z")
    ack = exported(deliverable(stand)[1])
    for _ in range(2):
        stand.ledger.ack("one", [ack])
    assert waiting(stand) == ["x", "z"]
    assert count(stand, "exporter/one", Outcome.EXPORTED) == 1


def test_what_is_rejected_is_set_aside_with_its_reason(stand: Stand) -> None:
    stand.put("x", "poor")
    step(stand)
    [entry] = deliverable(stand)
    letter = DeadLetter(entry.seq, "400", entry.content.slice(1, 1))
    outcomes = {("a.example", Outcome.EXPORTED): 1, ("a.example", Outcome.DEAD_LETTERED): 1}
    for _ in range(2):
        stand.ledger.ack("one", [Ack(entry.seq, outcomes, [letter])])
    assert stand.letters() == [("exporter/one", "400", 1)]
    assert waiting(stand, "other") == ["x", "poor"]


def test_what_can_not_be_loaded_is_buried_whole_and_once(stand: Stand) -> None:
    fill(stand, "x", "y")
    first = deliverable(stand)[0]
    for _ in range(2):
        stand.ledger.bury("one", first.seq, "poison")
    assert stand.letters() == [("exporter/one", "poison", 1)]
    assert (waiting(stand), waiting(stand, "other")) == (["y"], ["x", "y"])
    assert count(stand, "exporter/one", Outcome.DEAD_LETTERED) == 1


def test_what_is_given_up_is_dropped_with_its_reason_and_once(stand: Stand) -> None:
    fill(stand, "x", "y")
    first = deliverable(stand)[0]
    for _ in range(2):
        stand.ledger.give_up("one", first.seq, "superseded")
    assert (waiting(stand), stand.letters()) == (["y"], [])
    assert count(stand, "exporter/one", f"{Outcome.DROPPED}:superseded") == 1


# --- quotas


def test_an_exporter_that_blocks_stops_the_pipeline_until_it_is_done(make: Make) -> None:
    stand = make(one=Quota(max_bytes=1))
    step(stand, timers={("p", "a", "t"): 1})
    fill(stand, "x")
    stand.put("y")
    assert not read(stand)
    assert due(stand, NOW_UNIX_MS * 1_000_000) == []
    stand.ledger.ack("one", [exported(entry) for entry in deliverable(stand)])
    assert len(due(stand, NOW_UNIX_MS * 1_000_000)) == 1
    step(stand)
    assert waiting(stand) == ["y"]


def test_the_oldest_are_dropped_for_an_exporter_that_wants_it_so(make: Make) -> None:
    stand = make(one=Quota(max_bytes=1, on_full="drop_oldest"))
    fill(stand, "x", "y", "z")
    assert (waiting(stand), waiting(stand, "other")) == (["z"], ["x", "y", "z"])
    assert count(stand, "exporter/one", f"{Outcome.DROPPED}:queue_full") == 2
