"""What exporters ask of the order, the company and the memory of their records: `Ordered`, `OneRequestPer`, `KeepsReceipts`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from collector.batch import LogBatch
from collector.component import KeepsReceipts, OneRequestPer, Ordered
from collector.delivery.config import DeliveryConfig
from collector.delivery.events import EventKind
from collector.journal.entry import Entry
from collector.outcomes import MOST_RECEIPT_BYTES, Ok, ReceiptKey, Reject, Retry, Split
from collector.testing.payloads import payload
from collector.testing.scripted_exporter import ScriptedExporter
from collector.testing.text_batch import text_batch

Receipts = Mapping[ReceiptKey, bytes]


def config(**options: Any) -> DeliveryConfig:
    return DeliveryConfig.model_validate({"timeout": "0s", **options})


def subject(batch: LogBatch) -> pl.Series:
    """`k:text` is about k; what has no colon is about nothing."""
    return batch.records.select(pl.col("body").str.extract("^(.*?):")).to_series()


class InOrder(ScriptedExporter):
    """Key by key."""

    def order_by(self, batch: LogBatch) -> pl.Series:
        return subject(batch)


class Apart(ScriptedExporter):
    """A request a key."""

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        return subject(batch)


class Tickets(InOrder):
    """Opens a ticket for a key, and writes into it from then on; remembers its number and how often it was written to."""

    receipts_for_secs = 3600.0

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.seen: list[dict[ReceiptKey, bytes]] = []
        self.opened: list[ReceiptKey] = []

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        return subject(batch)

    def encode_with(self, batch: LogBatch, receipts: Receipts) -> Any:
        self.seen.append(dict(receipts))
        return self.encode(batch), dict(receipts)

    async def send(self, request: Any) -> Any:
        batch, known = request
        return batch, known, await super().send(batch)

    def classify(self, answer: Any) -> Any:
        if isinstance(answer, Exception):
            return super().classify(answer)
        batch, known, verdicts = answer
        return self.told(batch, known) if list(verdicts) == [Ok()] else verdicts

    def told(self, batch: LogBatch, known: dict[ReceiptKey, bytes]) -> Any:
        key = (batch.column("domain")[0], subject(batch)[0])
        if key not in known:
            self.opened.append(key)
        return [Ok(receipts={key: str(int(known.get(key, b"0")) + len(batch)).encode()})]


def test_records_of_a_key_arrive_in_order_and_others_pass_by(rig: Any) -> None:
    """While the first of `a` is retried, the other of `a` waits, and `b`, and those about nothing, go on; with many in flight."""
    one = rig("x")
    for body in ("a:1", "b:1", "a:2", "none", "b:2"):
        one.ledgers[0].put(text_batch([body]))
    failures = iter([Retry("down"), Retry("down")])

    def answer(batch: LogBatch) -> Any:
        return next(failures, Ok()) if "a:1" in batch.column("body") else Ok()

    exporter = InOrder(answer)
    one.run({"x": (exporter, config(sending_queue={"batch": {"min_size": 0}}))}, 120)
    assert [body for body in exporter.bodies() if body.startswith("b")] == ["b:1", "b:2"]
    assert exporter.bodies()[-2:] == ["a:1", "a:2"]
    assert exporter.bodies().count("a:2") == 1
    assert one.ledgers[0].outcomes("x") == {"enqueued": 5, "exported": 5}


def test_the_same_key_of_another_domain_is_another_key(rig: Any) -> None:
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"], "first.example"))
    one.ledgers[0].put(text_batch(["a:2"], "second.example"))
    exporter = InOrder(lambda batch: Retry("down") if "a:1" in batch.column("body") else Ok())
    one.run({"x": (exporter, config(sending_queue={"batch": {"min_size": 0}}))}, 3)
    assert "a:2" in exporter.bodies()


def test_what_waits_for_its_turn_holds_no_place(rig: Any) -> None:
    """Two places, twenty requests of a key that hangs in front of one of another: it passes them."""
    one = rig("x")
    for n in range(20):
        one.ledgers[0].put(text_batch([f"a:{n}"]))
    one.ledgers[0].put(text_batch(["b:1"]))
    exporter = InOrder(lambda batch: Retry("down") if "a:0" in batch.column("body") else Ok())
    one.run({"x": (exporter, config(sending_queue={"num_consumers": 2, "batch": {"min_size": 0}}))}, 30)
    assert "b:1" in exporter.bodies()
    assert set(exporter.bodies()) == {"a:0", "b:1"}


def test_a_key_goes_on_behind_a_dead_letter(rig: Any) -> None:
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:bad"]))
    one.ledgers[0].put(text_batch(["a:2"]))
    exporter = InOrder(lambda batch: Reject("no") if "a:bad" in batch.column("body") else Ok())
    one.run({"x": (exporter, config(sending_queue={"batch": {"min_size": 0}}))}, 5)
    assert exporter.bodies() == ["a:bad", "a:2"]
    assert one.ledgers[0].outcomes("x") == {"enqueued": 2, "exported": 1, "dead_lettered": 1}


def test_each_request_is_about_one_thing(rig: Any) -> None:
    """Keys in the order of their first records, domains apart, records of a key together; joined with those of the next entry
    only where these are of the same key."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1", "b:1", "a:2", "none", "b:2"], ["d", "d", "d", "d", "e"]))
    one.ledgers[0].put(text_batch(["b:3"], "e"))
    exporter = Apart()
    one.run({"x": (exporter, config())}, 2)
    requests = sorted(batch.column("body").to_list() for batch in exporter.sent)
    assert requests == [["a:1", "a:2"], ["b:1"], ["b:2", "b:3"], ["none"]]
    assert one.ledgers[0].adds_up("x")


def test_payloads_are_decoded_for_whoever_asks_for_keys(rig: Any) -> None:
    class Forwarding(Apart):
        def encode_payloads(self, payloads: Any) -> Any:
            raise AssertionError("undecoded")

    one = rig("x")
    one.ledgers[0].put([Entry("0" * 16, 1, "a", "otlp", payload(3), 3, 1_700_000_000_000, b"")])
    exporter = Forwarding()
    one.run({"x": (exporter, config())}, 2)
    assert sum(len(batch) for batch in exporter.sent) == 3
    assert one.ledgers[0].outcomes("x") == {"enqueued": 3, "exported": 3}


def test_the_next_request_of_a_key_sees_what_the_last_one_told(rig: Any) -> None:
    """At once, before it is on disk; and after a restart from there. Each key has one ticket."""
    one = rig("x")
    for body in ("a:1", "b:1", "a:2", "a:3"):
        one.ledgers[0].put(text_batch([body]))
    exporter = Tickets()
    one.run({"x": (exporter, config())}, 2)
    assert sorted(exporter.opened) == [("default", "a"), ("default", "b")]
    kept = {key: value for (_, key), value in one.ledgers[0].kept_receipts.items()}
    assert kept == {("default", "a"): b"3", ("default", "b"): b"1"}
    one.ledgers[0].put(text_batch(["a:4"]))
    again = Tickets()
    one.run({"x": (again, config())}, 2)
    assert again.opened == []
    assert again.seen == [{("default", "a"): b"3"}]


def test_an_older_receipt_never_goes_over_a_newer_one(rig: Any) -> None:
    """The first entry has another key that hangs: it is acknowledged, with the older receipt of `a`, long after the second."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1", "slow:1"]))
    one.ledgers[0].put(text_batch(["a:2"]))
    failures = iter([Retry("down")] * 3)
    exporter = Tickets(lambda batch: next(failures, Ok()) if "slow:1" in batch.column("body") else Ok())
    one.run({"x": (exporter, config())}, 120)
    assert one.ledgers[0].kept_receipts["x", ("default", "a")] == b"2"
    assert one.ledgers[0].kept_receipts["x", ("default", "slow")] == b"1"


def test_none_forgets(rig: Any) -> None:
    class Forgets(Tickets):
        def told(self, batch: LogBatch, known: dict[ReceiptKey, bytes]) -> Any:
            [done] = super().told(batch, known)
            return [Ok(receipts=dict.fromkeys(done.receipts))] if "a:end" in batch.column("body") else [done]

    one = rig("x")
    for body in ("a:1", "a:end", "a:3"):
        one.ledgers[0].put(text_batch([body]))
    exporter = Forgets()
    one.run({"x": (exporter, config(sending_queue={"batch": {"min_size": 0}}))}, 2)
    assert [len(seen) for seen in exporter.seen] == [0, 1, 0]
    assert one.ledgers[0].kept_receipts == {("x", ("default", "a")): b"1"}


@pytest.mark.parametrize(
    "receipts",
    [{("default", "stranger"): b"1"}, {("other", "a"): b"1"}, {("default", "a"): b"x" * (MOST_RECEIPT_BYTES + 1)}],
    ids=["no record has the key", "another domain", "too long"],
)
def test_what_can_not_be_remembered_is_told_and_costs_no_record(rig: Any, receipts: Receipts) -> None:
    class Wrong(Tickets):
        def told(self, batch: LogBatch, known: dict[ReceiptKey, bytes]) -> Any:
            return [Ok(receipts=receipts)]

    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"]))
    one.run({"x": (Wrong(), config())}, 2)
    assert one.ledgers[0].outcomes("x") == {"enqueued": 1, "exported": 1}
    assert one.ledgers[0].kept_receipts == {}
    assert [event.kind for event in one.events] == [EventKind.FAILED]


def test_a_request_that_is_halved_tells_for_its_halves(rig: Any) -> None:
    """Both are of the key, one after the other: the second sees the first's receipt."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1", "a:2", "a:3", "a:4"]))
    exporter = Tickets(lambda batch: Split("413") if len(batch) > 2 else Ok())
    one.run({"x": (exporter, config())}, 5)
    assert [len(seen) for seen in exporter.seen] == [0, 0, 1]
    assert one.ledgers[0].kept_receipts == {("x", ("default", "a")): b"4"}


@pytest.mark.parametrize("power", ["one_request_per", "order_by"])
def test_a_defect_in_a_key_stops_nobody(rig: Any, power: str) -> None:
    """The entry becomes a dead letter, where its requests can't be told apart; where only their order can't, it is delivered."""

    def broken(batch: LogBatch) -> pl.Series:
        if "bad:1" in batch.column("body"):
            raise KeyError("private")
        return subject(batch)

    one = rig("x")
    for body in ("bad:1", "a:2"):
        one.ledgers[0].put(text_batch([body]))
    exporter = type("Broken", (ScriptedExporter,), {power: lambda self, batch: broken(batch)})()
    one.run({"x": (exporter, config())}, 3)
    assert exporter.bodies()[-1] == "a:2"
    ended = "dead_lettered" if power == "one_request_per" else "exported"
    assert one.ledgers[0].outcomes("x") == (
        {"enqueued": 2, "exported": 1, ended: 1} if ended != "exported" else {"enqueued": 2, "exported": 2}
    )
    assert "private" not in str(one.events)


def test_a_ledger_that_fails_keeps_what_was_told(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The acknowledgement is tried again with it; meanwhile it is seen."""
    one = rig("x")
    one.ledgers[0].put(text_batch(["a:1"]))
    one.ledgers[0].put(text_batch(["a:2"]))
    ack, failing = one.ledgers[0].ack, iter([OSError("disk")] * 2)

    def unlucky(exporter: str, acks: Any) -> None:
        for error in failing:
            raise error
        ack(exporter, acks)

    monkeypatch.setattr(one.ledgers[0], "ack", unlucky)
    exporter = Tickets()
    one.run({"x": (exporter, config(sending_queue={"batch": {"min_size": 0}}))}, 20)
    assert exporter.opened == [("default", "a")]
    assert one.ledgers[0].kept_receipts == {("x", ("default", "a")): b"2"}


def test_powers_are_seen_at_run_time() -> None:
    assert isinstance(Tickets(), KeepsReceipts | OneRequestPer)
    assert isinstance(InOrder(), Ordered)
    assert not isinstance(InOrder(), KeepsReceipts)
    assert not isinstance(ScriptedExporter(), Ordered | OneRequestPer)
    assert asyncio.iscoroutinefunction(Tickets.send)
