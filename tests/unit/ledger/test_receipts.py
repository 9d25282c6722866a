"""What exporters remember: on disk with the acknowledgement or not at all, for a time, within a budget, with its domain."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from collector.ledger import receipts
from collector.ledger.interface import Ack
from collector.ledger.plan import PipelinePlan, Quota
from collector.ledger.roster import GRACE_SECS
from collector.outcomes import MOST_RECEIPT_BYTES, ReceiptKey
from collector.testing.conservation import assert_conserved
from collector.testing.memory_ledger import MemoryLedger
from collector.testing.text_batch import text_batch
from counterparts.partition_bench import PartitionBench, exported, plan

A, B = ("a.example", "k"), ("b.example", "k")
HOUR = 3600.0
_NUMBERS = count(1)  # equal payloads would be one
PLAN = plan(
    PipelinePlan("logs", frozenset({"otlp"}), ("sqlite", "other")), quotas={"sqlite": Quota(), "other": Quota()}
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PartitionBench]:
    bench = PartitionBench(tmp_path, PLAN)
    yield bench
    assert_conserved(bench.partition)
    bench.close()


def acknowledge(
    bench: PartitionBench, told: Mapping[ReceiptKey, bytes | None], exporter: str = "sqlite", secs: float = HOUR
) -> None:
    """A record comes, and is acknowledged with this."""
    bench.put(str(next(_NUMBERS)))
    bench.step()
    ledger = bench.ledger
    acks = [replace(exported(entry), receipts=told, receipts_for_secs=secs) for entry in bench.deliverable(exporter)]
    ledger.ack(exporter, acks[:1])
    ledger.ack(exporter, [replace(ack, receipts={}) for ack in acks[1:]])


def test_they_are_an_exporter_s_a_domain_s_and_a_key_s(bench: PartitionBench) -> None:
    """Written over, forgotten by None, there after a restart."""
    acknowledge(bench, {A: b"1", B: b"2"})
    acknowledge(bench, {A: b"3"}, "other")
    acknowledge(bench, {A: b"x" * MOST_RECEIPT_BYTES, ("a.example", "other"): b""})
    acknowledge(bench, {B: None, ("never", "was"): None})
    bench.reopen()
    asked = [A, B, ("a.example", "other"), ("a.example", "o"), ("a.example", "k\0")]
    assert bench.ledger.receipts("sqlite", asked) == {A: b"x" * MOST_RECEIPT_BYTES, ("a.example", "other"): b""}
    assert bench.ledger.receipts("other", asked) == {A: b"3"}


def test_memory_promises_the_same() -> None:
    ledger = MemoryLedger(["x"])
    for told in ({A: b"1", B: b"2"}, {A: b"3", B: None}):
        seq = ledger.put(text_batch(["r"]))
        ledger.ack("x", [Ack(seq, {("default", "exported"): 1}, receipts=told)])
    assert ledger.receipts("x", [A, B]) == {A: b"3"}
    ledger.ack("x", [Ack(1, {("default", "exported"): 1}, receipts={A: b"late"})])
    assert ledger.receipts("x", [A]) == {A: b"3"}


def test_keys_of_any_length_and_text_have_one_each(bench: PartitionBench) -> None:
    keys = ["", "a", "ab", "a\0b", "k" * 119, "k" * 120, "k" * 121, "k" * 5000, "ü" * 70, "\U0001f600"]
    told = {("d", key): str(number).encode() for number, key in enumerate(keys)}
    acknowledge(bench, told)
    assert bench.ledger.receipts("sqlite", list(told)) == told


def test_what_was_acknowledged_before_tells_nothing(bench: PartitionBench) -> None:
    """A repeated acknowledgement changes nothing, whatever it says."""
    bench.put(str(next(_NUMBERS)))
    bench.step()
    (entry,) = bench.deliverable()
    for value in (b"1", b"2"):
        bench.ledger.ack("sqlite", [replace(exported(entry), receipts={A: value}, receipts_for_secs=HOUR)])
    assert bench.ledger.receipts("sqlite", [A]) == {A: b"1"}


def test_they_go_when_they_were_not_written_for_long(bench: PartitionBench) -> None:
    acknowledge(bench, {A: b"1", B: b"2"}, secs=10)
    bench.clock.unix_ms += 9_000
    acknowledge(bench, {A: b"3"}, secs=10)
    bench.clock.unix_ms += 2_000
    bench.ledger.maintain()
    assert bench.ledger.receipts("sqlite", [A, B]) == {A: b"3"}
    bench.clock.unix_ms += 9_000
    bench.ledger.maintain()
    assert bench.ledger.receipts("sqlite", [A, B]) == {}
    assert held(bench) == 0


def test_above_the_budget_those_go_that_would_go_first(bench: PartitionBench) -> None:
    """The newest stays; what is held is what is counted."""
    budget = bench.ledger._store.max_receipt_bytes
    most = budget // MOST_RECEIPT_BYTES + 40
    for number in range(0, most, 20):
        bench.clock.unix_ms += 1
        acknowledge(bench, {("d", f"{n:05d}"): b"v" * MOST_RECEIPT_BYTES for n in range(number, number + 20)})
    keys = [("d", f"{n:05d}") for n in range(most + 20)]
    there = [int(key) for _, key in bench.ledger.receipts("sqlite", keys)]
    assert 0 < held(bench) <= budget
    assert len(there) > budget // MOST_RECEIPT_BYTES - 10
    assert there == sorted(there)
    assert min(there) > 20


def held(bench: PartitionBench) -> int:
    with bench.ledger._store.environment.read() as txn:
        return receipts._held(txn, bench.ledger._store.tables)


def test_they_go_with_their_domain(bench: PartitionBench) -> None:
    acknowledge(bench, {A: b"1", B: b"2", ("a.example.org", "k"): b"3"})
    acknowledge(bench, {A: b"4"}, "other")
    with bench.ledger._store.environment.write() as txn:
        receipts.forget_domain(txn, bench.ledger._store.tables, "a.example")
    assert bench.ledger.receipts("sqlite", [A, B, ("a.example.org", "k")]) == {B: b"2", ("a.example.org", "k"): b"3"}
    assert bench.ledger.receipts("other", [A]) == {}


def test_they_go_with_an_exporter_that_is_gone_for_good(bench: PartitionBench) -> None:
    acknowledge(bench, {A: b"1"})
    acknowledge(bench, {A: b"2"}, "other", secs=100 * 86_400.0)
    bench.drain("other")
    bench.reopen(plan(PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",)), quotas={"sqlite": Quota()}))
    assert bench.ledger.receipts("other", [A]) == {A: b"2"}
    bench.clock.unix_ms += int(GRACE_SECS * 1000) + 1
    bench.ledger.maintain()
    assert bench.ledger.receipts("other", [A]) == {}


@pytest.mark.parametrize("point", ["ack:middle", "ack:done"])
def test_a_death_keeps_both_or_none(bench: PartitionBench, point: str) -> None:
    """The receipt is there if the record is acknowledged."""
    bench.put(str(next(_NUMBERS)))
    bench.step()

    def die(at: str) -> None:
        if at == point:
            raise KeyboardInterrupt

    bench.reopen(at=die)
    (entry,) = bench.deliverable()
    with pytest.raises(KeyboardInterrupt):
        bench.ledger.ack("sqlite", [replace(exported(entry), receipts={A: b"1"}, receipts_for_secs=HOUR)])
    bench.reopen()
    left = len(bench.deliverable())
    assert bench.ledger.receipts("sqlite", [A]) == ({} if left else {A: b"1"})
    assert left == (point == "ack:middle")


@pytest.mark.parametrize("seed", range(3))
def test_a_count_kept_as_a_receipt_is_the_count_of_the_ledger(bench: PartitionBench, seed: int) -> None:
    """Over forty deaths: what is remembered is what was acknowledged, no more and no less."""
    rng = random.Random(seed)
    for _ in range(60):
        bench.put(str(next(_NUMBERS)), domain=rng.choice(["a.example", "b.example"]))
    bench.step()
    acknowledged: Counter[str] = Counter()
    for _ in range(40):
        dies_at = rng.choice(["ack:middle", "ack:done", ""])
        bench.reopen(at=lambda at, dies_at=dies_at: _die() if at == dies_at else None)
        bench.put(str(next(_NUMBERS)), domain=rng.choice(["a.example", "b.example"]))
        bench.step()
        entries = list(bench.deliverable())[: rng.randrange(1, 4)]
        known: dict[ReceiptKey, bytes] = dict(bench.ledger.receipts("sqlite", [A, B]))
        acks: list[Any] = []
        for entry in entries:
            for domain, records in entry.by_domain.items():
                known[domain, "k"] = str(int(known.get((domain, "k"), b"0")) + records).encode()
            told = {(domain, "k"): known[domain, "k"] for domain in entry.by_domain}
            acks.append(replace(exported(entry), receipts=told, receipts_for_secs=HOUR))
        with contextlib.suppress(KeyboardInterrupt):
            bench.ledger.ack("sqlite", acks)
        bench.reopen()
        acknowledged = Counter({key[0]: int(value) for key, value in bench.ledger.receipts("sqlite", [A, B]).items()})
        for domain in ("a.example", "b.example"):
            assert acknowledged[domain] == bench.count("exporter/sqlite", "exported", domain)
    assert sum(acknowledged.values()) > 20


def _die() -> None:
    raise KeyboardInterrupt
