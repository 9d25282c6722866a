"""`ack: delivered`: answered when the exporters have it, in time or not, whatever happens before and beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import xxhash
import yaml

from collector.backend.data_dir import DataDir, open_data_dir
from collector.backend.local import LocalBackend
from collector.errors import LogboomError, Refusal, Unavailable
from collector.journal.entry import Payload
from collector.journal.limits import JournalLimits
from collector.ledger.interface import Ack, Commit
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.outcomes import Outcome
from collector.pipeline.decode import decode
from collector.service.acknowledging import Acknowledger, Rule, rules
from collector.settings import load
from counterparts.partition_bench import request

MIB = 1 << 20
SECONDS = 30.0
PIPELINE = PipelinePlan("logs", frozenset({"otlp", "other"}), ("d1", "kv"))
PLAN = LedgerPlan((PIPELINE,), {"d1": Quota(), "kv": Quota()}, max_bytes=16 * MIB, state_bytes=MIB)


class Bench:
    """Ingest and worker, by hand."""

    def __init__(self, root: Path, timeout_secs: float = SECONDS) -> None:
        open_data_dir(root, 1)
        self.backend = LocalBackend(DataDir(root, 1), 1, 1, JournalLimits(16 * MIB, 1.0), 17 * MIB)
        self.backend.prepare()
        self.intake = self.backend.open_intake(0, on_fatal=print)
        self.ledger = self.backend.open_ledger(0, PLAN)
        rule = Rule(frozenset({"logs"}), frozenset({"d1"}), timeout_secs)
        self.acknowledger = Acknowledger(self.intake, {"otlp": rule}, 0, self.backend.view)

    def send(self, body: str, receiver: str = "otlp") -> Answer:
        answer, content = Answer(), request([body])
        payload = Payload(
            "a.example", receiver, content, 1, time.time_ns() // 1_000_000, xxhash.xxh3_128_digest(content)
        )
        before = self.intake.statistics().committed_requests
        self.acknowledger.append([payload], answer)
        deadline = time.monotonic() + SECONDS
        while self.intake.statistics().committed_requests == before and time.monotonic() < deadline:
            time.sleep(0.005)
        return answer

    def step(self) -> None:
        read = self.ledger.read("logs", MIB, 1000)
        self.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch}))

    def deliver(self, exporter: str, outcome: Outcome = Outcome.EXPORTED) -> None:
        for entry in self.ledger.deliverable(exporter, -1, MIB):
            outcomes = {(domain, str(outcome)): records for domain, records in entry.by_domain.items()}
            self.ledger.ack(exporter, [Ack(entry.seq, outcomes)])

    def close(self) -> None:
        self.acknowledger.close()
        self.ledger.close()
        assert self.intake.close(SECONDS)


class Answer:
    """What a sender is told."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.refusal: Refusal | None = None

    def __call__(self, refusal: Refusal | None) -> None:
        assert not self.given.is_set(), "answered twice"
        self.refusal = refusal
        self.given.set()

    @property
    def is_yes(self) -> bool:
        return self.given.wait(SECONDS) and self.refusal is None

    @property
    def waits(self) -> bool:
        """Long enough for ten looks."""
        return not self.given.wait(0.2)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_it_is_answered_when_the_named_exporter_has_it(bench: Bench) -> None:
    first = bench.send("first")
    assert first.waits
    bench.step()
    assert first.waits
    bench.deliver("kv")
    assert first.waits, "kv is not among those that count"
    bench.deliver("d1")
    assert first.is_yes


def test_what_comes_later_delays_nobody(bench: Bench) -> None:
    first = bench.send("first")
    bench.step()
    assert first.waits
    second = bench.send("second")
    [entry] = bench.ledger.deliverable("d1", -1, MIB)
    bench.step()
    bench.ledger.ack("d1", [Ack(entry.seq, {("a.example", str(Outcome.EXPORTED)): 1})])
    assert first.is_yes
    assert second.waits
    bench.deliver("d1")
    assert second.is_yes


def test_receivers_without_the_option_are_answered_at_once(bench: Bench) -> None:
    assert bench.send("first", "other").is_yes


def test_what_was_delivered_already_is_answered_when_it_is_sent_again(bench: Bench) -> None:
    assert bench.send("first").waits
    bench.step()
    bench.deliver("d1")
    again = bench.send("first")
    assert again.waits
    bench.step()
    assert not bench.ledger.deliverable("d1", -1, MIB) or again.waits
    bench.deliver("d1")
    assert again.is_yes


def test_a_dead_letter_is_an_end_too(bench: Bench) -> None:
    first = bench.send("first")
    bench.step()
    bench.deliver("d1", Outcome.DROPPED)
    assert first.is_yes


def test_after_its_time_the_sender_is_told_to_come_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, timeout_secs=0.3)
    first = bench.send("first")
    assert first.given.wait(SECONDS)
    assert isinstance(first.refusal, Unavailable)
    assert "not delivered yet" in first.refusal.reason
    bench.step()
    assert [entry.records for entry in bench.ledger.deliverable("d1", -1, MIB)] == [1], "it is kept"
    bench.close()


def test_an_end_answers_all_who_wait(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    answers = [bench.send(f"record {number}") for number in range(5)]
    assert answers[-1].waits
    bench.close()
    assert all(isinstance(answer.refusal, Unavailable) for answer in answers)


def configured(**options: object) -> dict[str, Rule]:
    given = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}, **options}},
        "exporters": {"sqlite": {}, "nop": {}},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["sqlite", "nop"]}}},
    }
    return rules(load([f"yaml:{yaml.safe_dump(given)}"], environ={}))


def test_the_rule_of_a_configuration() -> None:
    assert configured() == {}
    both = configured(ack="delivered")["otlp"]
    assert (both.pipelines, both.exporters, both.timeout_secs) == ({"logs"}, {"sqlite", "nop"}, 20.0)
    assert configured(ack="delivered", ack_exporters=["sqlite"])["otlp"].exporters == {"sqlite"}
    with pytest.raises(LogboomError, match=r"receivers\.otlp\.ack_exporters: d1 is no exporter of its pipelines"):
        configured(ack="delivered", ack_exporters=["d1"])
