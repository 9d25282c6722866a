"""Entries of the outbox that kill the process while they are loaded, and entries that are too large to be held at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from collector.ledger import deadletters
from collector.ledger.codec import decode_batch
from collector.ledger.interface import Commit
from collector.pipeline.decode import decode
from collector.testing.conservation import assert_conserved
from counterparts.delivering_child import PLAN
from counterparts.partition_bench import MIB, PartitionBench

GIANT = 300_000
# Allocators that reserve a GiB at once, or keep what is freed, would be measured in place of what is held.
FRUGAL = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_MMAP_THRESHOLD_": "131072"}
ENVIRONMENT = {"PYTHONPATH": ":".join(sys.path), **FRUGAL}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PartitionBench]:
    one = PartitionBench(tmp_path, PLAN)
    yield one
    one.close()


def child(bench: PartitionBench, mode: str, *room: str) -> int:
    """What a process that delivers ended with; the partition is its own meanwhile."""
    bench.ledger.close()
    command = [sys.executable, "-m", "counterparts.delivering_child", str(bench.root), mode, *room]
    code = subprocess.run(command, env=ENVIRONMENT, timeout=300, check=False).returncode
    bench.open()
    return code


def deaths(bench: PartitionBench, mode: str) -> int:
    """How often it is killed until it comes to its end."""
    for number in range(12):
        code = child(bench, mode)
        if code == 0:
            return number
        assert code == -signal.SIGKILL
    raise AssertionError("it dies for ever")


def delivered(bench: PartitionBench) -> set[str]:
    """What was delivered at least once: a death forgets what was not acknowledged yet."""
    return set((bench.root / "delivered").read_text().splitlines())


def fill(bench: PartitionBench) -> None:
    for bodies in (["a", "b"], ["c", "dynamite", "d"], ["e"]):
        bench.put(*bodies)
        bench.step()


def test_an_entry_whose_loading_kills_is_set_aside_unread(bench: PartitionBench) -> None:
    fill(bench)
    assert deaths(bench, "decoding") == 4, "once with its neighbours, three times alone"
    assert delivered(bench) == {"a", "b", "e"}
    (letter,) = bench.partition.dead_letters()
    assert (letter.owner, letter.reason, letter.records, letter.pipeline) == ("exporter/file", "poison", 3, "logs")
    assert decode_batch(bench.partition.dead_letter_content(letter.id)).column("body").to_list() == [
        "c",
        "dynamite",
        "d",
    ]
    assert bench.drain("other") == ["a", "b", "c", "dynamite", "d", "e"], "no other exporter is touched"
    assert_conserved(bench.partition)


def test_it_is_replayed_like_any_dead_letter(bench: PartitionBench) -> None:
    fill(bench)
    deaths(bench, "decoding")
    deadletters.request(bench.root / "partition", "replay", [bench.partition.dead_letters()[0].id])
    bench.ledger.maintain()
    assert child(bench, "quiet") == 0
    assert delivered(bench) == {"a", "b", "c", "d", "dynamite", "e"}
    assert_conserved(bench.partition)


def test_one_that_kills_even_then_is_dropped(bench: PartitionBench) -> None:
    fill(bench)
    assert deaths(bench, "moving") == 5
    assert delivered(bench) == {"a", "b", "e"}
    assert bench.partition.dead_letters() == []
    assert bench.count("exporter/file", "dropped:poison") == 3
    assert_conserved(bench.partition)


@pytest.fixture
def giant(bench: PartitionBench, monkeypatch: pytest.MonkeyPatch) -> PartitionBench:
    """One entry as it was written before entries were cut, and another behind it."""
    monkeypatch.setattr("collector.ledger.outgoing.MOST_RECORDS", 1 << 40)
    monkeypatch.setattr("collector.ledger.outgoing.MOST_BYTES", 1 << 40)
    bench.put(*(f"number {number} of many" for number in range(GIANT)))
    read = bench.read(max_bytes=1 << 40, max_records=GIANT)
    wide = {f"column {number}": pl.Series([f"{number}" * 64]).new_from_index(0, GIANT) for number in range(10, 34)}
    bench.ledger.commit(Commit("logs", read, {"logs": decode(read.entries).batch.with_attributes(wide)}))
    bench.put("last")
    bench.step()
    sizes = [entry.records for entry in bench.ledger.waiting("file", -1, 1 << 40)]
    assert sizes == [GIANT], "a giant comes by itself"
    return bench


def test_a_giant_is_delivered_where_there_is_no_room_for_it(giant: PartitionBench) -> None:
    room = str(640 * MIB)
    assert child(giant, "whole", room) != 0, "it is too large to be held at once"
    assert child(giant, "quiet", room) == 0
    assert delivered(giant) == {*(f"number {number} of many" for number in range(GIANT)), "last"}
    assert_conserved(giant.partition)
