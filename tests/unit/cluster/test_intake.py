"""What goes in: acknowledged means that all of a request stands in its topics, and counts and positions follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.cluster.account import Account
from collector.cluster.intake import KafkaIntake
from collector.cluster.lag import Boundless
from collector.cluster.record import entry_of
from collector.errors import Exhausted, Locked, Refusal, StorageError, TooLarge, Unavailable
from collector.journal.accompanied import accompanied
from collector.journal.entry import Payload
from collector.journal.layout import PayloadKind
from collector.journal.limits import JournalLimits
from collector.journal.positions import Position
from collector.journal.reader import JournalReader
from collector.journal.writer import Journal
from collector.kafka.wire import Place
from collector.ledger.sources import partition_of
from collector.outcomes import Outcome
from collector.testing.log_cluster import LogCluster, SendEnd
from counterparts.cluster_bench import DATA, cluster_of

MIB = 1 << 20
PARTITIONS = 4
_PATIENCE_SECS = 30.0


class Bench:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.cluster: LogCluster = cluster_of(PARTITIONS)
        self.fatal: list[StorageError] = []
        self.room = Boundless()
        self.open()

    def open(self, max_queue_bytes: int = MIB) -> KafkaIntake:
        limits = JournalLimits(max_queue_bytes=max_queue_bytes)
        self.intake = KafkaIntake(
            self.cluster.wire().sender("intake"), Account.open(self.root / "account"), DATA, PARTITIONS, "node/0",
            limits, self.room, self.fatal.append,
        )  # fmt: skip
        return self.intake

    def put(self, *payloads: Payload) -> Refusal | None:
        answers: list[Refusal | None] = []
        answered = threading.Event()

        def done(refusal: Refusal | None) -> None:
            answers.append(refusal)
            answered.set()

        self.intake.append(payloads, done)
        assert answered.wait(_PATIENCE_SECS)
        assert len(answers) == 1
        return answers[0]

    def stand(self, domain: str) -> list[bytes]:
        log = self.cluster.log(Place(DATA, partition_of(domain, PARTITIONS)))
        found = [slot.message for slot in log.slots if slot.message and slot.message.key == domain.encode()]
        return [message.value or b"" for message in found]

    def counts(self) -> dict[tuple[str, str, str], int]:
        assert self.intake.close(_PATIENCE_SECS)
        reader = JournalReader.open(self.root / "account")
        try:
            return dict(reader.counts())
        finally:
            reader.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.intake.close(_PATIENCE_SECS)
    assert not made.fatal


def payload(body: bytes = b"x", domain: str = "a.example", **changes: object) -> Payload:
    return Payload(domain, "otlp", body, 2, 1_700_000_000_000, bytes(16))._replace(**changes)


def test_a_payload_comes_back_as_it_was_accepted(bench: Bench) -> None:
    sent = payload(
        accompanied(b"line", "client"), receiver="syslog/x", records=3, digest=b"d" * 16, dearness=8, seed=7,
        kind=PayloadKind.TEXT, with_client=True,
    )  # fmt: skip
    assert bench.put(sent) is None
    place = Place(DATA, partition_of(sent.domain, PARTITIONS))
    message = bench.cluster.log(place).slots[0].message
    assert message is not None
    entry = entry_of(message, "j", "otlp")
    assert entry[:8] == ("j", 1, "a.example", "syslog/x", b"line", 3, 1_700_000_000_000, b"d" * 16)
    assert (entry.price, entry.text, entry.client, entry.damaged, entry.made) == (
        max(192, 3 * len(sent.body)), True, "client", False, 0,
    )  # fmt: skip
    assert dict(message.headers)["slot"] == b"node/0"


@pytest.mark.parametrize("kind", [PayloadKind.OTLP, PayloadKind.MADE_2])
def test_how_often_it_was_made_comes_along(bench: Bench, kind: PayloadKind) -> None:
    record = payload(kind=kind)
    assert bench.put(record) is None
    message = bench.cluster.log(Place(DATA, partition_of("a.example", PARTITIONS))).slots[0].message
    assert message is not None
    assert entry_of(message, "j", "otlp").made == kind


def test_a_request_of_several_domains_stands_in_all_their_partitions(bench: Bench) -> None:
    domains = [f"{name}.example" for name in "abcdef"]
    assert bench.put(*(payload(name.encode(), name) for name in domains)) is None
    assert [bench.stand(name) for name in domains] == [[name.encode()] for name in domains]
    counts = bench.counts()
    assert counts == {(name, "receiver/otlp", Outcome.ACCEPTED): 2 for name in domains}


def test_one_part_that_was_not_taken_refuses_the_whole(bench: Bench) -> None:
    bench.cluster.sends.extend([SendEnd.DONE, SendEnd.LOST])
    refusal = bench.put(payload(b"1", "a.example"), payload(b"2", "b.example"))
    assert isinstance(refusal, Unavailable)
    assert (bench.stand("a.example"), bench.stand("b.example")) == ([b"1"], [])
    assert bench.put(payload(b"1", "a.example"), payload(b"2", "b.example")) is None
    assert (bench.stand("a.example"), bench.stand("b.example")) == ([b"1", b"1"], [b"2"])
    assert bench.intake.statistics().queued_bytes == 0


def test_what_landed_although_nobody_said_so_is_refused_and_comes_again(bench: Bench) -> None:
    bench.cluster.sends.append(SendEnd.LANDED)
    assert isinstance(bench.put(payload(b"1")), Unavailable)
    assert bench.stand("a.example") == [b"1"]


def test_one_that_is_larger_than_the_brokers_take_never_comes_again(bench: Bench) -> None:
    assert isinstance(bench.put(payload(bytes(9 * MIB))), TooLarge)
    assert bench.put(payload()) is None


def test_more_than_may_wait_is_refused_at_once(bench: Bench) -> None:
    bench.cluster.pause()
    answers: list[Refusal | None] = []
    bench.intake.append([payload(bytes(700_000))], answers.append)
    assert bench.intake.statistics().queued_bytes == 700_000
    assert isinstance(bench.put(payload(bytes(700_000))), Unavailable)
    assert answers == []
    bench.cluster.resume()
    assert answers == [None]
    assert bench.intake.statistics().refused_queue == 1


def test_room_is_asked_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.room, "refusal", lambda payloads: Exhausted("share"), raising=False)
    assert isinstance(bench.put(payload()), Exhausted)
    assert bench.stand("a.example") == []
    assert bench.intake.statistics().refused_share == 1


def test_positions_are_durable_before_their_reader_goes_on(bench: Bench) -> None:
    for number in range(3):
        sent = payload(position=Position(b"file", f"{number}".encode()), besides=[Position(b"dir", b"d")])
        assert bench.put(sent) is None
        assert bench.intake.positions("otlp") == {b"file": f"{number}".encode(), b"dir": b"d"}
    bench.put(payload(position=Position(b"file", b"")))
    assert bench.intake.positions("otlp") == {b"dir": b"d"}
    assert bench.intake.positions("syslog") == {}


def test_counts_and_positions_outlive_the_process(bench: Bench) -> None:
    bench.put(payload(position=Position(b"file", b"1")))
    bench.put(payload())
    bench.intake.count_refused("a.example", "otlp", 5)
    assert bench.intake.close(_PATIENCE_SECS)
    bench.open()
    assert bench.intake.positions("otlp") == {b"file": b"1"}
    assert bench.intake.totals() == {"a.example": (4, 2)}
    bench.put(payload())
    assert bench.counts() == {
        ("a.example", "receiver/otlp", Outcome.ACCEPTED): 6, ("a.example", "receiver/otlp", Outcome.REFUSED): 5,
    }  # fmt: skip


def test_counts_of_refusals_are_bounded(bench: Bench) -> None:
    for number in range(2000):
        bench.intake.count_refused(f"{number}.example", "otlp", 1)
    counts = bench.counts()
    assert sum(counts.values()) == 2000
    assert len(counts) <= 1025 + 10


def test_what_comes_after_the_end_is_refused(bench: Bench) -> None:
    assert bench.intake.close(_PATIENCE_SECS)
    assert isinstance(bench.put(payload()), Unavailable)


def test_a_successor_waits_for_its_slot(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(Locked):
        Account.open(tmp_path / "account")


def test_a_journal_in_which_payloads_wait_is_no_account(bench: Bench, tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal", JournalLimits(), dict, bench.fatal.append)
    answered = threading.Event()
    journal.append([payload()], lambda _: answered.set())
    assert answered.wait(_PATIENCE_SECS)
    journal.close(_PATIENCE_SECS)
    with pytest.raises(StorageError, match="nobody has processed"):
        Account.open(tmp_path / "journal")


def test_a_disk_that_takes_no_account_holds_up_its_readers_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    account = bench.intake._account
    commit: Callable[..., None] = account.commit

    def fail(news: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(account, "commit", fail)
    assert isinstance(bench.put(payload(position=Position(b"file", b"1"))), Unavailable)
    assert bench.put(payload()) is None, "who is told over the network does not wait for the account"
    monkeypatch.setattr(account, "commit", commit)
    assert bench.put(payload(position=Position(b"file", b"2"))) is None
    assert bench.intake.positions("otlp") == {b"file": b"2"}
    assert bench.counts() == {("a.example", "receiver/otlp", Outcome.ACCEPTED): 6}


def test_a_receiver_that_fails_to_take_its_answer_stops_nobody(bench: Bench) -> None:
    def fail(_: Refusal | None) -> None:
        raise RuntimeError("a defect")

    bench.intake.append([payload()], fail)
    assert bench.put(payload()) is None


def test_nothing_asked_is_done_at_once(bench: Bench) -> None:
    assert bench.put() is None
