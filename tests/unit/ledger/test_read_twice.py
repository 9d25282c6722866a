"""What a receiver reads twice from a log of somebody else, after a move to another machine, is processed once, though it is cut otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.journal import rotation
from collector.journal.accompanied import accompanied
from collector.journal.entry import Payload
from collector.journal.provenance import Provenance
from collector.ledger.plan import PipelinePlan
from counterparts.partition_bench import START_UNIX_MS, PartitionBench, plan, request

SOURCE = "0123456789abcdef"


def put(bench: PartitionBench, first: int, behind: int, records: int = 1, source: str = SOURCE) -> None:
    """Messages of that many records each, as one payload; each record says which message it is of."""
    bodies = [str(offset) for offset in range(first, behind) for _ in range(records)]
    told = Provenance.of(source, [(offset, records, START_UNIX_MS) for offset in range(first, behind)])
    body = accompanied(request(bodies), "", told.text())
    digest = f"{first}-{behind}".encode().ljust(16)
    bench.put_all([Payload("a.example", "otlp", body, len(bodies), bench.clock(), digest, with_client=True)])


CUTS = {
    "the same again": [(0, 10), (0, 10)],
    "the end of it, and more": [(0, 10), (7, 15)],
    "more of it at once": [(0, 5), (5, 8), (2, 20)],
    "in smaller pieces": [(0, 10), (3, 5), (5, 12), (12, 14)],
    "two that read beside each other": [(0, 5), (0, 3), (5, 9), (3, 7), (7, 12)],
    "with a gap of offsets": [(0, 5), (100, 105), (3, 5), (100, 107)],
}


@pytest.mark.parametrize("together", [True, False], ids=["in one step", "in steps"])
@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
def test_each_message_once(bench: PartitionBench, cuts: list[tuple[int, int]], together: bool) -> None:
    for at, (first, behind) in enumerate(cuts):
        put(bench, first, behind)
        if not together:
            bench.step()
            if at % 2:
                bench.reopen()
    while bench.step():
        pass
    once = sorted({offset for first, behind in cuts for offset in range(first, behind)})
    assert bench.drain() == [str(offset) for offset in once]
    sent = sum(behind - first for first, behind in cuts)
    assert bench.count("pipeline/logs", "duplicate") == sent - len(once)
    assert bench.count("pipeline/logs", "accepted") == sent


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_in_pieces_that_end_within_a_message(bench: PartitionBench, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(rotation, "QUANTUM_BYTES", 1)
    partial = 0
    for first, behind in ((0, 3), (1, 5)):
        put(bench, first, behind, records=3)
    while read := bench.read(max_records=2 * most):
        partial += sum(entry.partial for entry in read.entries)
        bench.ledger.commit(bench.committed(read))
        bench.reopen()
    assert partial > 1
    assert bench.drain() == [str(offset) for offset in range(5) for _ in range(3)]


def test_sources_are_apart(bench: PartitionBench) -> None:
    put(bench, 0, 3)
    put(bench, 0, 3, source="f" * 16)
    bench.step()
    assert len(bench.drain()) == 6


def test_payloads_that_go_on_as_they_are_stay_whole(make_bench: Callable[..., PartitionBench]) -> None:
    """They are set aside where all of them came before."""
    bench = make_bench(plan(PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), passthrough=True)))
    for first, behind in ((0, 3), (1, 3), (2, 5)):
        put(bench, first, behind)
    read = bench.read()
    assert [entry.records for entry in read.entries] == [3, 3]
    assert [entry.records for entry in read.duplicates] == [2]


def test_it_is_forgotten_with_the_window(bench: PartitionBench) -> None:
    put(bench, 0, 3)
    bench.step()
    bench.clock.unix_ms += 3_600_000
    assert not bench.step()
    bench.reopen()
    put(bench, 0, 3)
    assert len(bench.step().entries) == 1
