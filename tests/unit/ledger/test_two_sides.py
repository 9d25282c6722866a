"""The worker's thread and delivery's thread at once; other processes that look on."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.ledger.interface import Commit
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import PipelinePlan, Quota
from collector.ledger.reader import PartitionReader
from collector.ledger.sources import partition_of
from collector.ledger.tables import create_partition
from collector.pipeline.decode import decode
from counterparts.partition_bench import MIB, PartitionBench, bodies_of, exported, plan

Make = Callable[..., PartitionBench]
ENTRIES = 150


@pytest.mark.slow
@pytest.mark.parametrize("passthrough", [False, True])
def test_commits_and_acknowledgements_side_by_side(make_bench: Make, passthrough: bool) -> None:
    """Small quotas of every kind, so that blocking, spilling and dropping happen while delivery drains."""
    exporters = ("block", "spill", "drop_oldest")
    quotas = {name: Quota(max_bytes=12_000, on_full=name) for name in exporters}  # type: ignore[arg-type]
    pipeline = PipelinePlan("logs", frozenset({"otlp"}), exporters, passthrough=passthrough)
    bench = make_bench(plan(pipeline, quotas=quotas))
    done = threading.Event()

    def deliver(exporter: str) -> list[str]:
        bodies: list[str] = []
        while True:
            last = done.is_set()
            for entry in bench.deliverable(exporter, max_bytes=10_000):
                bodies += bodies_of(entry)
                bench.ledger.ack(exporter, [exported(entry)])
            if last and not bench.partition.queues()[exporter].entries:
                return bodies

    def all_exporters() -> dict[str, list[str]]:
        return {exporter: deliver(exporter) for exporter in ("spill", "drop_oldest")}

    with ThreadPoolExecutor(1) as delivery:
        for number in range(ENTRIES):
            bench.put(str(number))
        running = delivery.submit(lambda: deliver("block"))
        while bench.partition.cursors("logs", bench.journal_id).get("a.example", 0) < ENTRIES:
            read = bench.read(max_bytes=100)
            if read:
                outbox = read.entries if passthrough else decode(read.entries).batch
                bench.ledger.commit(Commit("logs", read, {"logs": outbox}))
        done.set()
        blocked = running.result()
    rest = all_exporters()
    everything = [str(number) for number in range(ENTRIES)]
    assert blocked == everything
    assert rest["spill"] == everything
    assert rest["drop_oldest"] == everything[-len(rest["drop_oldest"]) :]
    assert bench.partition.low_watermarks(bench.journal_id) == {"a.example": ENTRIES}


def test_payloads_of_a_wiped_journal_are_counted_as_missing(make_bench: Make) -> None:
    pipeline = PipelinePlan("logs", frozenset({"otlp"}), ("sqlite",), passthrough=True)
    bench = make_bench(plan(pipeline))
    bench.put("one", "two")
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
    bench.ledger.close()
    ledger = PartitionLedger.open(bench.root / "partition", bench.plan, JournalSources([]), 0, 1)
    assert ledger.deliverable("sqlite", -1, MIB) == []
    ledger.close()
    assert bench.count("exporter/sqlite", "dropped:missing") == 2
    assert bench.partition.queues()["sqlite"].entries == 0


def test_another_process_sees_what_is_committed_and_loads_no_columns(bench: PartitionBench) -> None:
    bench.put("one", "two")
    bench.step()
    script = """
import sys
from pathlib import Path
from collector.ledger.reader import PartitionReader
reader = PartitionReader.open(Path(sys.argv[1]))
assert not {"polars", "pyarrow", "grpc"} & set(sys.modules), "the supervisor must stay small"
state = reader.queues()["sqlite"]
print(state.records, state.entries, state.oldest_unix_ms, reader.low_watermarks(sys.argv[2]))
"""
    command = [sys.executable, "-c", script, str(bench.root / "partition"), bench.journal_id]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert seen.stdout.split() == ["2", "1", str(bench.clock()), "{'a.example':", "1}"]


def test_a_reader_may_come_before_the_files(make_bench: Make) -> None:
    bench = make_bench()
    path = bench.root / "later"
    reader = PartitionReader.open(path)
    assert (reader.counts(), reader.queues(), reader.low_watermarks("x"), reader.dead_letters()) == ({}, {}, {}, [])
    assert (reader.cursors("logs", "x"), reader.dead_letter_content(1), reader.size().budget_bytes) == ({}, b"", 0)
    create_partition(path, 16 * MIB)
    assert reader.size().budget_bytes == 16 * MIB
    assert reader.queues() == {}
    reader.close()


@pytest.mark.parametrize(("domain", "partition"), [("default", 2), ("tamyla.com", 1), ("ünïcödé.example", 3), ("", 2)])
def test_the_partition_of_a_domain_never_changes(domain: str, partition: int) -> None:
    """Data directories depend on these numbers."""
    assert partition_of(domain, 4) == partition
    assert partition_of(domain, 1) == 0
