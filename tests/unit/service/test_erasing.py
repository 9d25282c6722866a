"""From the command to the last place: an erasure is worked off over failures and restarts, and what comes late is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch, concat
from collector.component import ErasedSlice, Erasure, Work
from collector.control.command import ERASE, OWNER, command
from collector.control.erasure import Asked
from collector.control.erasures import Erasures
from collector.control.record import ControlRecord
from collector.control.reporter import Reporter
from collector.encryption import Keys
from collector.errors import KeyDestroyed
from collector.ledger.interface import Ack, DeadLetter
from collector.ledger.plan import PipelinePlan
from collector.pipeline.commanding import Answer, Taker
from collector.pipeline.erased import Erased
from collector.pipeline.forgetting import Forgetting
from collector.pipeline.network import Network
from collector.pipeline.pipeline import Pipeline
from collector.privacy.pseudonyms import Pseudonyms
from collector.privacy.tombstones import STATE, Place, Stage, Tombstone
from collector.reserved import PIPELINE, RECEIVER, memory_of
from collector.service.erasing import Erasing
from collector.testing.conservation import assert_conserved
from counterparts.control_bench import ControlBench
from counterparts.keys import key_ring
from counterparts.partition_bench import plan

DOMAIN = "a.example"
SHE = "anna-1"
LATER_MS = 60_000


class Memory:
    """A processor that keeps the last text."""

    def process(self, batch: LogBatch, work: Work) -> LogBatch:
        work.state(DOMAIN).put(b"last", batch.column("body")[-1].encode())
        return batch

    def forget(self, erasure: Erasure, work: Work) -> int:
        kept = (work.state(DOMAIN).get(b"last") or b"").decode()
        if erasure.subject is None or erasure.subject.hidden_in(kept) == kept:
            return 0
        if not erasure.counts_only:
            work.state(DOMAIN).put(b"last", erasure.subject.hidden_in(kept).encode())
        return 1


class Far:
    """Destinations: `store` erases in two slices, after one failure; `siem` cannot."""

    def __init__(self) -> None:
        self.asked: list[tuple[Erasure, str]] = []
        self.fails = 1

    def promises(self) -> Mapping[str, tuple[bool, str]]:
        return {"store": (True, "copies in backups stay"), "siem": (False, "cannot: ask them"), "nop": (False, "")}

    def erase(self, exporter: str, erasure: Erasure, after: str) -> Future[ErasedSlice]:
        self.asked.append((erasure, after))
        answer: Future[ErasedSlice] = Future()
        if self.fails:
            self.fails -= 1
            answer.set_exception(ConnectionError("away"))
        else:
            answer.set_result(ErasedSlice(2, None if after else "half"))
        return answer


class Told:
    def __init__(self) -> None:
        self.records: list[ControlRecord] = []

    def tell(self, record: ControlRecord) -> None:
        self.records.append(record)


class Bench:
    """A partition with the service's pipeline, one of data, and who works erasures off."""

    def __init__(self, folder: Path, keys: Keys | None = None) -> None:
        self.folder, self.keys = folder, keys
        self.bench = ControlBench(
            folder / "bench",
            plan(
                PipelinePlan("logs", frozenset({"otlp"}), ("store",), components=["memory"]),
                PipelinePlan(
                    PIPELINE,
                    frozenset({RECEIVER}),
                    ("store",),
                    share_bytes=1 << 20,
                    components=[OWNER, memory_of(OWNER)],
                ),
            ),
        )
        self.far, self.told, self.answers, self.now, self.process = Far(), Told(), list[Answer](), 0.0, 0
        self.hold = ""
        self.open()

    def open(self) -> None:
        ledger = self.bench.ledger
        pseudonyms = Pseudonyms(self.folder)
        erased = Erased(ledger, pseudonyms.of, held=lambda domain, _: self.hold * (domain == DOMAIN))
        memory = Memory()
        network = Network({"logs": [("memory", memory)], PIPELINE: []}, {}, {"logs": {}, PIPELINE: {}})
        self.erased = erased

        def answered(answers: Any) -> None:
            erased.refresh()
            self.answers.extend(answers)

        common: dict[str, Any] = {
            "attempts_path": self.bench.root / "partition", "erased": erased, "now_unix_nano": lambda: self.bench.clock() * 1_000_000,
        }  # fmt: skip
        own = Erasures(["user.id"], pseudonyms.of)
        self.logs = Pipeline("logs", ledger, [("memory", memory)], **common)
        self.service = Pipeline(
            PIPELINE, ledger, [], takers=[Taker(OWNER, [ERASE], own)], on_answers=answered, **common
        )
        reporter = Reporter(self.told, "worker 0", lambda: "logboom")
        forgetting = Forgetting(ledger, network)
        self.process += 1
        self.erasing = Erasing(
            ledger,
            erased,
            forgetting,
            self.far,
            reporter,
            process=str(self.process),
            clock=lambda: self.now,
            keys=self.keys,
        )

    def reopen(self) -> None:
        self.bench.reopen()
        self.open()

    def put(self, *bodies: str) -> None:
        self.bench.put(*bodies)

    def ask(self, asked: Asked, why: str = "request 7", domain: str = DOMAIN) -> Answer:
        self.bench.tell_record(command(ERASE, domain, asked.of_command(), who="ann", why=why))
        self.bench.clock.unix_ms += 2000
        self.service.step()
        return self.answers[-1]

    def work(self) -> Tombstone:
        for _ in range(50):
            self.erasing.look(self.bench.clock() * 1_000_000)
            self.now += 10.0
        return self.erased.tombstones[-1]

    def content(self) -> LogBatch:
        return concat(
            [entry.content for entry in self.bench.deliverable("store") if isinstance(entry.content, LogBatch)]
        )

    def bodies(self) -> list[str]:
        return self.content().column("body").to_list()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for entry in made.bench.deliverable("store"):
        made.bench.ledger.ack("store", [Ack(entry.seq, {(name, "exported"): n for name, n in entry.by_domain.items()})])
    assert_conserved(made.bench.partition)
    made.bench.close()


def fill(bench: Bench) -> None:
    """Read at once; hers by text, for bodies are all that these records have."""
    bench.put(f"for {SHE}", "x", f"again {SHE}")
    bench.logs.step()
    bench.bench.clock.unix_ms += LATER_MS


def hers(**options: Any) -> Asked:
    return Asked.subject(f"user.id={SHE}", in_texts=True, **options)


def test_each_place_does_what_it_can_and_the_rest_is_told(bench: Bench) -> None:
    fill(bench)
    answer = bench.ask(hers())
    done = bench.work()

    assert (answer.outcome, answer.snapshot["subject"]) == ("applied", done.pseudonym)
    assert {name: (place.stage, place.records) for name, place in done.places.items() if name != "on the way"} == {
        "outbox": (Stage.DONE, 2), "dead letters": (Stage.DONE, 0), "state": (Stage.DONE, 0), "exporter/store": (Stage.DONE, 4),
        "exporter/siem": (Stage.CANNOT, 0), "exporter/nop": (Stage.DONE, 0),
    }  # fmt: skip
    assert done.places["exporter/siem"].said == "cannot: ask them"
    assert [after for _, after in bench.far.asked] == ["", "", "half"]
    assert [body for body in bench.bodies() if SHE in body] == []
    assert bench.bench.ledger.state("memory", DOMAIN)[b"last"] == b"again ***"


def test_it_is_told_without_the_value_which_is_kept_no_longer(bench: Bench) -> None:
    fill(bench)
    bench.ask(hers())
    bench.work()
    bench.reopen()  # what was on its way is not any more
    done = bench.work()

    operators, concerned = bench.told.records
    assert (operators.name, operators.domain, concerned.domain) == ("logboom.service.privacy.erased", "logboom", DOMAIN)
    assert operators.attributes["user.id"] == "ann"
    assert operators.attributes["logboom.reason"] == "request 7"
    assert operators.attributes["logboom.places"] == "outbox 2, exporter/store 8"
    assert done.value is None
    assert not any(SHE in str(record) for record in bench.told.records)
    everything = concat([bench.content()])
    assert not any(SHE in str(row) for row in everything.all_attributes().rows())
    assert "logboom.subject.value" not in everything.all_attributes().get_column("key").to_list()


def test_a_restart_goes_on_where_it_was(bench: Bench) -> None:
    fill(bench)
    bench.ask(hers())
    for _ in range(3):
        bench.erasing.look(bench.bench.clock() * 1_000_000)
        bench.reopen()
    done = bench.work()

    assert done.ended_unix_nano
    assert done.places["outbox"].records == 2


def test_what_went_before_a_death_is_told_by_who_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are out of the outbox, and the note of it was not written."""
    fill(bench)
    bench.ask(hers())
    with monkeypatch.context() as patched:
        patched.setattr(bench.erasing, "_keep", lambda *_: None)
        for _ in range(3):
            bench.erasing.look(bench.bench.clock() * 1_000_000)
            bench.erased.tombstones[0] = bench.erased.tombstones[0].at(STATE, Place(Stage.DONE))
    assert bench.bodies()[0] == "x"
    for _ in range(2):  # the last one has nothing of before in its memory
        bench.reopen()
        done = bench.work()

    assert (bool(done.ended_unix_nano), done.places["outbox"].records) == (True, 2)
    assert not bench.bench.ledger.state(RECEIVER, "").scan(b"erased "), "nothing but the tombstone stays"


def test_what_was_not_read_yet_is_left_out_when_it_is(bench: Bench) -> None:
    """Before the work, and after it, when the value is known no more."""
    bench.put(f"for {SHE}", "x")
    bench.bench.clock.unix_ms += LATER_MS
    bench.ask(hers())
    bench.logs.step()
    assert [body for body in bench.bodies() if SHE in body] == []
    assert bench.bench.count("pipeline/logs", "dropped:erased") == 1


def test_what_comes_back_is_known_by_its_hash(bench: Bench) -> None:
    bench.ask(Asked.subject(f"user.id={SHE}"))
    assert bench.work().value is None
    made = batch(["x", "y", "z"], ["bert", SHE, None])

    rest, counts = bench.erased.without(made, "pipeline/logs")

    assert rest.column("body").to_list() == ["x", "z"]
    assert dict(counts) == {(DOMAIN, "pipeline/logs", "dropped:erased"): 1}


def test_what_is_sent_later_is_nobodys_business(bench: Bench) -> None:
    bench.ask(hers())
    bench.work()
    bench.bench.clock.unix_ms += LATER_MS
    bench.put(f"for {SHE}")
    bench.logs.step()

    assert f"for {SHE}" in bench.bodies()


def test_a_dry_run_counts_what_would_go_and_changes_nothing(bench: Bench) -> None:
    fill(bench)
    before = bench.bodies()
    bench.ask(hers(dry_run=True))
    counted = bench.work()
    left = [body for body in bench.bodies() if SHE in body]
    bench.ask(hers())
    done = bench.work()

    assert (
        {name: place.records for name, place in counted.places.items()}["outbox"] == done.places["outbox"].records == 2
    )
    assert len(left) == 2
    assert len(before) == 3
    assert bench.far.asked[0][0].counts_only
    assert not any(record.attributes.get("logboom.erasure") == counted.id for record in bench.told.records)


def test_what_was_on_its_way_is_erased_where_it_arrived(bench: Bench) -> None:
    """Loaded before, it comes to the destination after that was done: so that is done again."""
    fill(bench)
    loaded = bench.bench.deliverable("store")
    bench.ask(hers())
    assert bench.work().places["on the way"].stage is Stage.WAITS
    asked = len(bench.far.asked)

    batches = [entry.content for entry in loaded]
    assert isinstance(batches[0], LogBatch)
    letter = DeadLetter(loaded[0].seq, "no", batches[0])
    bench.bench.ledger.ack("store", [Ack(loaded[0].seq, {(DOMAIN, "dead_lettered"): 3}, [letter])])
    done = bench.work()

    assert (done.places["on the way"].stage, bool(done.ended_unix_nano)) == (Stage.DONE, True)
    assert len(bench.far.asked) > asked
    assert done.places["dead letters"].records == 2
    assert [info.records for info in bench.bench.partition.dead_letters()] == [1]


def test_a_whole_domain_goes_with_what_components_know_of_it(bench: Bench) -> None:
    fill(bench)
    bench.ask(Asked(everything=True))
    done = bench.work()

    assert done.of_domain
    assert done.places["outbox"].records == 3
    assert list(bench.bench.ledger.state("memory", DOMAIN)) == []
    assert bench.bodies()[:1] != ["x"]


def test_the_keys_of_a_whole_domain_are_destroyed(tmp_path: Path) -> None:
    """Once, and not those that it got since; a dry run and one that is about the past leave them."""
    now = [1_600_000_000.0]
    keys = key_ring(tmp_path / "keys", now=lambda: now[0])
    bench = Bench(tmp_path, keys)
    fill(bench)
    sealed = keys.seal(DOMAIN, "journal", b"text")

    def said() -> list[str]:
        bench.work()
        return sorted(each.places["keys"].said for each in bench.erased.tombstones if "keys" in each.places)

    bench.ask(Asked(everything=True, dry_run=True))
    assert said() == []
    bench.ask(Asked(everything=True, before_unix_nano=1))
    assert [each[:9] for each in said()] == ["they stay"]
    assert keys.open(DOMAIN, "journal", sealed) == b"text"
    bench.ask(Asked(everything=True))
    assert [each[:9] for each in said()] == ["1 data ke", "they stay"]
    with pytest.raises(KeyDestroyed):
        keys.open(DOMAIN, "journal", sealed)
    now[0] = 1_900_000_000.0
    later = keys.seal(DOMAIN, "journal", b"later")
    assert keys.destroy(DOMAIN, 1_800_000_000.0) == 0  # the same erasure, over a kill
    assert keys.open(DOMAIN, "journal", later) == b"later"
    bench.bench.close()


REFUSED: Mapping[str, tuple[Callable[[Bench], Answer], str]] = {
    "without a reason": (lambda bench: bench.ask(hers(), why=""), "a reason is needed"),
    "all of the service's own": (
        lambda bench: bench.ask(Asked(everything=True), domain="logboom"),
        "account of what was done",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(bench: Bench, name: str) -> None:
    ask, reason = REFUSED[name]
    answer = ask(bench)

    assert answer.outcome == "refused"
    assert reason in answer.reason


def test_a_legal_hold_refuses_with_its_reason(bench: Bench) -> None:
    own = Erasures(["user.id"], Pseudonyms(bench.folder).of, lambda domain, _: "court order 3" * (domain == DOMAIN))
    bench.service = Pipeline(
        PIPELINE, bench.bench.ledger, [], attempts_path=bench.bench.root / "partition", takers=[Taker(OWNER, [ERASE], own)],
        on_answers=bench.answers.extend,
    )  # fmt: skip

    assert bench.ask(hers()).reason == f"{DOMAIN} is under a legal hold: court order 3"


def test_one_that_is_under_way_waits_for_a_hold_to_end(bench: Bench) -> None:
    fill(bench)
    before = {body for body in bench.bodies() if SHE in body}
    bench.ask(hers())
    bench.hold = "court order 3"
    waiting = bench.work()
    assert (waiting.ended_unix_nano, dict(waiting.places), bench.far.asked) == (0, {}, [])
    assert before
    assert before <= set(bench.bodies())
    late, _ = bench.erased.without(batch(["of hers"], [SHE]), "x")
    assert len(late) == 1
    bench.hold = ""
    late, _ = bench.erased.without(batch(["of hers"], [SHE]), "x")
    assert len(late) == 0
    bench.work()
    bench.reopen()
    assert bench.work().ended_unix_nano


def batch(bodies: list[str], users: list[str | None]) -> LogBatch:
    return LogBatch.of(
        {"body": bodies, "domain": [DOMAIN] * len(bodies), "record_id": ["0" * 26] * len(bodies)}
    ).with_attributes({"user.id": pl.Series(users)})
