"""Each ingest slot has a journal of its own; a partition reads them all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.ledger.interface import Commit
from collector.ledger.journal_sources import JournalSources
from collector.ledger.partition import PartitionLedger
from collector.ledger.plan import LedgerPlan, PipelinePlan, Quota
from collector.pipeline.decode import decode
from counterparts.partition_bench import MIB, PLAN, PartitionBench

Make = Callable[..., PartitionBench]
HOUR_MS = 3_600_000


@pytest.fixture
def slots(make_bench: Make) -> list[PartitionBench]:
    """Two journals; the ledger of the first bench is closed, to be opened over both."""
    benches = [make_bench(), make_bench()]
    benches[0].ledger.close()
    return benches


def over(slots: list[PartitionBench], *paths: Path) -> PartitionLedger:
    sources = JournalSources(paths or [bench.root / "journal" for bench in slots])
    return PartitionLedger.open(slots[0].root / "partition", PLAN, sources, 0, 1, now_unix_ms=slots[0].clock)


def step(ledger: PartitionLedger, max_records: int = 1000) -> tuple[list[str], int]:
    """The bodies that were taken, and how many payloads were duplicates."""
    read = ledger.read("logs", MIB, max_records)
    batch = decode(read.entries).batch
    ledger.commit(Commit("logs", read, {"logs": batch}))
    return batch.column("body").to_list(), len(read.duplicates)


def test_all_are_read_and_neither_starves(slots: list[PartitionBench]) -> None:
    for number in range(4):
        slots[0].put(f"a{number}")
        slots[1].put(f"b{number}")
    ledger = over(slots)
    taken = [step(ledger, max_records=1)[0][0] for _ in range(8)]
    assert sorted(taken) == sorted(f"{slot}{number}" for slot in "ab" for number in range(4))
    assert {body[0] for body in taken[:2]} == {"a", "b"}
    assert step(ledger) == ([], 0)
    for bench in slots:
        assert slots[0].partition.low_watermarks(bench.journal_id) == {"a.example": 4}
    ledger.close()


def test_a_backlog_of_an_earlier_hour_forgets_nothing_newer(slots: list[PartitionBench]) -> None:
    """Each journal has its own time: what one of them has received since is still known, in whichever it comes again."""
    slots[0].clock.unix_ms += HOUR_MS
    slots[0].put("new")
    ledger = over(slots)
    assert step(ledger) == (["new"], 0)
    slots[1].put("old", received_unix_ms=slots[0].clock.unix_ms - HOUR_MS)
    assert step(ledger) == (["old"], 0)
    slots[0].put("new")
    assert step(ledger) == ([], 1)
    slots[1].put("new", received_unix_ms=slots[0].clock.unix_ms)
    assert step(ledger) == ([], 1)
    ledger.close()


def test_a_payload_that_is_sent_again_to_another_slot_is_a_duplicate(slots: list[PartitionBench]) -> None:
    slots[0].put("once")
    ledger = over(slots)
    assert step(ledger) == (["once"], 0)
    slots[1].put("once")
    assert step(ledger) == ([], 1)
    ledger.close()


def test_a_journal_that_comes_back_is_not_read_again(slots: list[PartitionBench], tmp_path: Path) -> None:
    """Its files were not there when the ledger was opened, and appear under the path it was told."""
    slots[1].put("once")
    ledger = over(slots)
    assert step(ledger) == (["once"], 0)
    ledger.close()
    late = tmp_path / "late"
    ledger = over(slots, late)
    assert step(ledger) == ([], 0)
    slots[1].close()
    shutil.copytree(slots[1].root / "journal", late)
    assert step(ledger) == ([], 0)
    ledger.close()


@pytest.mark.parametrize("name", ["", "x" * 91, "nul\0"])
def test_ids_that_can_not_be_part_of_a_key_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="an id has between"):
        LedgerPlan((PipelinePlan(name, frozenset({"otlp"}), ("sqlite",)),), {"sqlite": Quota()})
