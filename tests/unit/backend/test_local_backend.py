"""The backend on this machine: what one process writes through it, others see through its view and decide at its desk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgpack
import pytest
import xxhash

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.interface import FiledLetter, LetterFilter, NoSuchDeadLetter
from collector.backend.local import LocalBackend
from collector.backend.offline import desk_of, view_of
from collector.component.figures import NAME
from collector.errors import Locked, StorageError
from collector.journal.entry import Intake, Payload
from collector.journal.limits import Behind, JournalLimits
from collector.ledger.gauges import QueueState
from collector.ledger.interface import Ack, Commit, DeadLetter, Ledger, RawDeadLetter
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.ledger.sources import partition_of
from collector.outcomes import Outcome
from collector.pipeline.decode import decode
from collector.scope import Scope
from collector.service.observe import Observer
from collector.settings import load
from collector.testing.conservation import assert_directory_conserved
from counterparts.partition_bench import request

MIB = 1 << 20
PIPELINE = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",))
PLAN = LedgerPlan((PIPELINE,), {"sqlite": Quota()}, max_bytes=16 * MIB, state_bytes=MIB)
DOMAINS = ("a.example", "c.example")  # of one partition each
SECONDS = 30.0
CONFIG = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}},
    "processors": {"issues": {}, "issues/more": {}, "triage": {}},
    "exporters": {"sqlite": {}},
    "service": {"pipelines": {
        "logs": {"receivers": ["otlp"], "processors": ["triage", "issues"], "exporters": ["sqlite"]},
        "logs/more": {"receivers": ["otlp"], "processors": ["issues/more"], "exporters": ["sqlite"]},
    }},
}  # fmt: skip


def backend(root: Path, workers: int = 1) -> LocalBackend:
    return LocalBackend(DataDir(root, 2), 2, workers, JournalLimits(16 * MIB, 1.0), 17 * MIB)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalBackend]:
    open_data_dir(tmp_path, 2)
    made = backend(tmp_path)
    made.prepare()
    return made


@pytest.fixture
def intakes(local: LocalBackend) -> Iterator[list[Intake]]:
    opened = [local.open_intake(slot, on_fatal=print) for slot in range(2)]
    yield opened
    for intake in opened:
        assert intake.close(SECONDS)


@pytest.fixture
def ledgers(local: LocalBackend) -> Iterator[list[Ledger]]:
    opened = [local.open_ledger(number, PLAN) for number in local.ownership(0).changes().gained]
    yield opened
    for ledger in opened:
        ledger.close()


def put(intake: Intake, domain: str, *bodies: str, received_unix_ms: int = 5_000) -> None:
    answered = threading.Event()
    body = request(bodies)
    payload = Payload(domain, "otlp", body, len(bodies), received_unix_ms, xxhash.xxh3_128_digest(body))
    intake.append([payload], lambda refusal: answered.set() if refusal is None else None)
    assert answered.wait(SECONDS)


def step(ledger: Ledger) -> int:
    read = ledger.read("logs", MIB, 1000)
    decoded = decode(read.entries)
    ledger.commit(Commit("logs", read, {"logs": decoded.batch}, dead_letters=decoded.dead_letters))
    return len(decoded.batch)


def reject(ledger: Ledger, reason: str) -> None:
    """The destination refuses all that waits, for good."""
    for entry in ledger.deliverable("sqlite", -1, MIB):
        outcomes = {(domain, Outcome.DEAD_LETTERED): records for domain, records in entry.by_domain.items()}
        ledger.ack("sqlite", [Ack(entry.seq, outcomes, [DeadLetter(entry.seq, reason, entry.content)])])


def fail(ledger: Ledger, reason: str) -> None:
    """The payloads that wait can't be read."""
    read = ledger.read("logs", MIB, 1000)
    ledger.commit(Commit("logs", read, dead_letters=[RawDeadLetter(entry, reason) for entry in read.entries]))


def test_the_domains_of_these_tests_have_a_partition_each() -> None:
    assert [partition_of(domain, 2) for domain in DOMAINS] == [0, 1]


def test_what_two_slots_took_in_reaches_the_partitions_and_is_seen_together(
    local: LocalBackend, intakes: list[Intake], ledgers: list[Ledger], tmp_path: Path
) -> None:
    view = local.view()
    put(intakes[0], "a.example", "one", "two")
    put(intakes[1], "a.example", "three", received_unix_ms=4_000)
    put(intakes[1], "c.example", "four")

    assert view.unread("logs") == {"a.example": 3, "c.example": 1}
    behind = view.behind(["logs", "other"])
    assert behind["logs"] == behind["other"]
    assert (behind["logs"].entries, behind["logs"].records, behind["logs"].oldest_unix_ms) == (3, 4, 4_000)
    assert {slot: size.entries for slot, size in view.journals().items()} == {0: 1, 1: 2}
    assert view.queues() == {"sqlite": QueueState()}

    assert step(ledgers[0]) == 3
    assert view.unread("logs") == {"c.example": 1}
    assert step(ledgers[1]) == 1
    assert (view.unread("logs"), view.behind(["logs"])) == ({}, {"logs": Behind()})
    queue = view.queues()["sqlite"]
    assert (queue.records, queue.entries, queue.removed) == (4, 2, False)
    counts = view.counts()
    assert counts["a.example", "receiver/otlp", Outcome.ACCEPTED] == 3
    assert counts["c.example", "exporter/sqlite", Outcome.ENQUEUED] == 1
    marks = [view.watermarks(slot) for slot in range(2)]
    assert [sorted(mark) for mark in marks] == [["a.example"], ["a.example", "c.example"]]
    view.close()
    assert_directory_conserved(tmp_path, "logs")


def test_numbers_that_components_keep_are_seen_over_all_partitions(
    local: LocalBackend, intakes: list[Intake], ledgers: list[Ledger]
) -> None:
    """Of the components that are configured and declare them; two of a type are one."""
    for domain, ledger in zip(DOMAINS, ledgers, strict=True):
        put(intakes[0], domain, "one")
        state = {(component, domain, NAME): msgpack.packb({"issues": [["new", "critical", n]]})
                 for component, n in (("issues", 2), ("issues/more", 3), ("triage", 9))}  # fmt: skip
        read = ledger.read("logs", MIB, 1000)
        ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}, state=state))
    settings = load(["yaml:" + json.dumps(CONFIG)], environ={})
    with closing(local.view()) as view:
        seen = Observer(view).snapshot(settings, {}, {}, 0, 0.0)
    assert seen.figures == {("issues", domain): {"issues": {("new", "critical"): 5}} for domain in DOMAINS}


def test_a_payload_that_is_taken_in_part_is_unread_in_part(
    local: LocalBackend, intakes: list[Intake], ledgers: list[Ledger]
) -> None:
    put(intakes[0], "a.example", *("x" * 8192 for _ in range(50)))
    read = ledgers[0].read("logs", MIB // 8, 1000)
    ledgers[0].commit(Commit("logs", read, {"logs": decode(read.entries).batch}))
    taken = sum(entry.records for entry in read.entries)
    assert 0 < taken < 50
    with closing(local.view()) as view:
        assert view.unread("logs") == {"a.example": 50 - taken}
        assert view.behind(["logs"])["logs"].records == 50 - taken


def test_journals_are_trimmed_behind_all_partitions(intakes: list[Intake], ledgers: list[Ledger]) -> None:
    put(intakes[0], "a.example", "one")
    put(intakes[0], "c.example", "two")
    assert [step(ledger) for ledger in ledgers] == [1, 1]
    for ledger in ledgers:
        reject(ledger, "no")
    waited = threading.Event()
    for _ in range(1000):
        if not intakes[0].statistics().entries:
            break
        waited.wait(0.03)
    assert intakes[0].statistics().entries == 0


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    view = backend(tmp_path).view()
    assert (view.counts(), view.journals(), view.queues()) == ({}, {}, {})
    assert (view.unread("logs"), view.behind(["logs"])) == ({}, {"logs": Behind()})
    assert (view.watermarks(0), view.state_bytes()) == ({}, {0: 0, 1: 0})
    for opened in (lambda path: desk_of(path, Scope.everything()), view_of):
        with pytest.raises(StorageError, match="no data directory of logboom"):
            opened(tmp_path)


def test_what_has_an_owner_is_locked(
    local: LocalBackend, intakes: list[Intake], ledgers: list[Ledger], tmp_path: Path
) -> None:
    successor = backend(tmp_path)
    with pytest.raises(Locked):
        successor.open_intake(1, print)
    with pytest.raises(Locked):
        successor.open_ledger(1, PLAN)
    assert intakes
    assert ledgers


@pytest.mark.parametrize(("workers", "owned"), {1: [[0, 1]], 2: [[0], [1]], 3: [[0], [1], []]}.items())
def test_each_partition_belongs_to_one_worker(tmp_path: Path, workers: int, owned: list[list[int]]) -> None:
    local = backend(tmp_path, workers)
    assert [list(local.ownership(worker).changes().gained) for worker in range(workers)] == owned


# --- the desk


@pytest.fixture
def filed(intakes: list[Intake], ledgers: list[Ledger], tmp_path: Path) -> list[FiledLetter]:
    """Two dead letters in partition 0, one of them raw, and one in partition 1."""
    put(intakes[0], "a.example", "poor")
    step(ledgers[0])
    reject(ledgers[0], "mapper_parsing_exception: poor")
    put(intakes[0], "a.example", "raw", "rare")
    fail(ledgers[0], "poison")
    put(intakes[1], "c.example", "other")
    step(ledgers[1])
    reject(ledgers[1], "too old")
    return list(desk_of(tmp_path, Scope.everything()).letters())


FILTERS = {
    "all": (LetterFilter(), ["0:0", "0:1", "1:0"]),
    "of an exporter": (LetterFilter(exporter="sqlite"), ["0:0", "1:0"]),
    "of a domain": (LetterFilter(domain="a.example"), ["0:0", "0:1"]),
    "for a reason": (LetterFilter(reason="pars"), ["0:0"]),
    "for all of these": (LetterFilter("sqlite", "c.example", "poison"), []),
}


@pytest.mark.usefixtures("filed")
@pytest.mark.parametrize(("chosen", "ids"), FILTERS.values(), ids=FILTERS)
def test_letters_are_chosen(tmp_path: Path, chosen: LetterFilter, ids: list[str]) -> None:
    assert [letter.id for letter in desk_of(tmp_path, Scope.everything()).letters(chosen)] == ids


@pytest.mark.usefixtures("filed")
def test_letters_are_named_once_each(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, Scope.everything())
    assert [letter.id for letter in desk.named(["1:0", "0:1", "1:0"])] == ["1:0", "0:1"]
    with pytest.raises(NoSuchDeadLetter, match=r"^no such dead letter: 7:0, x$"):
        desk.named(["1:0", "7:0", "x"])


def test_their_records_can_be_read(filed: list[FiledLetter], tmp_path: Path) -> None:
    """As a batch, or as payloads where nobody has decoded them."""
    batch, payloads, other = (desk_of(tmp_path, Scope.everything()).content(letter) for letter in filed)
    assert batch.column("body").to_list() == ["poor"]
    assert decode(payloads).batch.column("body").to_list() == ["raw", "rare"]
    assert other.column("body").to_list() == ["other"]


def test_what_is_asked_for_is_done_once(filed: list[FiledLetter], ledgers: list[Ledger], tmp_path: Path) -> None:
    """Replayed to the exporter, and to the pipeline; deleted; however often it is asked for."""
    desk = desk_of(tmp_path, Scope.everything())
    desk.request("replay", filed[:2])
    desk.request("replay", filed[:2])
    desk.request("delete", filed[2:])
    for ledger in ledgers:
        ledger.close()
    ledgers[:] = [
        backend(tmp_path).open_ledger(number, PLAN) for number in range(2)
    ]  # the first read takes requests up
    steps = [step(ledgers[0]), step(ledgers[0]), step(ledgers[1])]
    assert steps == [2, 0, 0]
    bodies = [entry.content.column("body").to_list() for entry in ledgers[0].deliverable("sqlite", -1, MIB)]
    assert bodies == [["poor"], ["raw", "rare"]]
    assert ledgers[1].deliverable("sqlite", -1, MIB) == []
    assert desk.letters() == []
