"""What waits for destinations is found in the topics, wherever it is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cluster import outgoing as module
from collector.cluster.options import KafkaLedgerConfig
from collector.cluster.outgoing import outgoing
from counterparts.partition_bench import exported
from counterparts.replicated_bench import PREFIX, ReplicatedBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ReplicatedBench]:
    bench = ReplicatedBench(tmp_path)
    yield bench
    bench.close()


def found(bench: ReplicatedBench, domain: str = "a.example", **bounds: int) -> list[str | int]:
    said: list[str | int] = []
    for each in outgoing(bench.wire, KafkaLedgerConfig(prefix=PREFIX), 1, domain, **bounds):
        said += [each] if isinstance(each, int) else each.column("body").to_list()  # type: ignore[union-attr]
    return said


def test_what_waits_and_nothing_else(bench: ReplicatedBench) -> None:
    bench.put("delivered")
    bench.step()
    bench.drain()
    for body, domain in (("a", "a.example"), ("b", "b.example"), ("c" * 2_000_000, "a.example")):
        bench.put(body, domain=domain)
        bench.step()
    assert found(bench) == ["a", "c" * 2_000_000]
    assert found(bench, "b.example") == ["b"]
    assert found(bench, "c.example") == []
    bench.ledger.ack("sqlite", [exported(bench.deliverable()[0])])
    assert found(bench) == ["c" * 2_000_000]


def test_what_is_too_much_is_counted(bench: ReplicatedBench) -> None:
    for bodies in (("a",), (secrets.token_hex(200_000), "c")):
        bench.put(*bodies)
        bench.step()
    assert found(bench, most_bytes=100_000) == ["a", 2]
    assert module.MOST_BYTES > 100_000
