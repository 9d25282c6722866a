"""State that older versions kept by processor and key belongs to components and domains once the partition is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from xxhash import xxh3_128_hexdigest

from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.ledger import former_state
from collector.ledger.tables import FORMAT_VERSION, KIND, Tables, key
from counterparts.partition_bench import MIB, PLAN, PartitionBench
from processors.triage.config import CountLimit
from processors.triage.counting import Counter

DOMAINS = ("a.example", "b.example")
LABELS = [os.urandom(15) + end for end in (b"/", b"\0", b"x")]
COUNT = b"[[28333333,3]]"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PartitionBench]:
    bench = PartitionBench(tmp_path)
    for domain in DOMAINS:
        bench.put("one", domain=domain)
    bench.step()
    bench.ledger.close()
    yield bench
    bench.close()


def leave(
    bench: PartitionBench, rows: Mapping[bytes, bytes], pipeline: str = "logs", processor: str = "triage"
) -> None:
    """What an older version wrote."""
    with Environment.create(bench.root / "partition", PLAN.partition_bytes, KIND, FORMAT_VERSION) as environment:
        tables = Tables.of(environment)
        assert tables is not None
        with environment.write() as txn:
            for name, value in rows.items():
                txn.put(key(pipeline, processor, name), b"\0" + value, db=tables.state)


def kept(bench: PartitionBench, component: str) -> dict[str, dict[bytes, bytes]]:
    ledger = bench.open()
    found = {domain: dict(ledger.state(component, domain)) for domain in (*DOMAINS, "")}
    ledger.close()
    return {domain: values for domain, values in found.items() if values}


def test_values_of_categories_belong_to_their_domain(bench: PartitionBench) -> None:
    leave(
        bench,
        {
            **{b"value/endpoint/a.example/" + label: b"20000" for label in LABELS},
            b"value/component/b.example/" + LABELS[0]: b"20001",
            b"number/endpoint/a.example": b"3",
            b"number/component/b.example": b"1",
        },
        processor="categorize",
    )
    leave(bench, {b"value/endpoint/a.example/" + LABELS[0]: b"20002"}, "logs/second", "categorize")
    assert kept(bench, "categorize") == {
        "a.example": {
            b"value/endpoint/" + LABELS[0]: b"20002",
            **{b"value/endpoint/" + label: b"20000" for label in LABELS[1:]},
            b"number/endpoint": b"3",
        },
        "b.example": {b"value/component/" + LABELS[0]: b"20001", b"number/component": b"1"},
    }


@pytest.mark.parametrize(
    ("group", "domains", "now"),
    [
        ("a.example", "a", "a.example"),
        ("a.example\x1f/api/b.example", "a", "a.example\x1f/api/b.example"),
        ("AuthService\x1fb.example", "b", "AuthService\x1fb.example"),
        ("AuthService", "ab", "AuthService"),
        (xxh3_128_hexdigest(b"long"), "ab", xxh3_128_hexdigest(b"long")),
        ("a.example\x1f" + "x" * 150, "a", xxh3_128_hexdigest(b"a.example\x1f" + b"x" * 150)),
        ("x" * 150, "", ""),
    ],
)
def test_counts_go_on_in_the_domain_that_their_group_says(
    bench: PartitionBench, group: str, domains: str, now: str
) -> None:
    leave(bench, {f"count/own/often/{group}".encode(): COUNT})
    name = f"count/logs/own/often/{now}".encode()
    assert kept(bench, "triage") == {f"{domain}.example": {name: COUNT} for domain in domains}


@pytest.mark.parametrize("group", ["a.example\x1fb", "a.example\x1f" + "y" * 150, "z" * 111, "z" * 119])
@pytest.mark.parametrize("pipeline", ["logs", "logs/" + "p" * 40])
def test_triage_finds_them_under_these_names(bench: PartitionBench, group: str, pipeline: str) -> None:
    leave(bench, {f"count/own/often/{group}".encode(): COUNT}, pipeline)
    asked = Counter(pipeline, "own/often", CountLimit(more_than=1))._name(group)
    (names,) = {tuple(values) for values in kept(bench, "triage").values()} or {()}
    assert names in ((asked,), ())
    assert names or "z" * 118 in group, "only a long group without a domain begins anew"


def test_keys_of_other_processors_stay_as_they_are(bench: PartitionBench) -> None:
    leave(bench, {b"any/key": b"v" * 3000}, processor="own")
    assert kept(bench, "own") == {"": {b"any/key": b"v" * 3000}}


def test_what_nobody_has_any_more_is_forgotten_after_a_day(bench: PartitionBench) -> None:
    leave(bench, {b"any/key": b"v"}, processor="gone")
    ledger = bench.open()
    bench.clock.unix_ms += 25 * 3_600_000
    ledger.maintain()
    assert dict(ledger.state("gone", "")) == {}


def test_a_kill_between_two_transactions_leaves_nothing_twice(
    bench: PartitionBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [os.urandom(16) for _ in range(50)]
    leave(bench, {b"value/endpoint/a.example/" + label: b"20000" for label in labels}, processor="categorize")
    monkeypatch.setattr(former_state, "_AT_ONCE", 7)
    deletions = iter(range(1000))

    def dies(*_: object) -> None:
        if next(deletions) == 24:
            raise RuntimeError

    with monkeypatch.context() as dying:
        delete = former_state.delete_former
        dying.setattr(former_state, "delete_former", lambda *given: (dies(), delete(*given)))
        with pytest.raises(RuntimeError):
            bench.open()
    found = kept(bench, "categorize")["a.example"]
    assert found.pop(b"number/endpoint") == b"50"
    assert found == {b"value/endpoint/" + label: b"20000" for label in labels}


def test_an_older_logboom_is_told_why_it_can_not_read_the_directory(bench: PartitionBench) -> None:
    with pytest.raises(StorageError, match=r"later version of logboom \(format 4\); .* reads formats 1 to 2"):
        Environment.create(bench.root / "partition", 16 * MIB, KIND, 2, 1)
