"""What an exporter remembers is what the ledger acknowledged, over SIGKILLs; and each key has its ticket, opened once but for a death in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PartitionBench

ROOT = Path(__file__).parents[3]
KEYS = ("a", "b", "c")
RECORDS = 150
DEATHS = [(7, 0.0), (9, 0.21), (5, 0.35), (11, 0.05)]


def deliver(root: Path, calls: int = 0, secs: float = 0.0) -> int:
    command = [sys.executable, "-m", "counterparts.ticketing_child", str(root), str(calls), str(secs)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "proto")])
    return subprocess.run(command, timeout=120, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_receipts_are_exactly_what_was_acknowledged(tmp_path: Path) -> None:
    bench = PartitionBench(tmp_path)
    for number in range(RECORDS):
        bench.put(f"{KEYS[number % 3]}:{number}")
        bench.step()
    bench.ledger.close()
    for calls, secs in [*DEATHS, (0, 0.0)]:
        ended = deliver(tmp_path, calls, secs)
        assert ended == (-signal.SIGKILL if calls else 0)
        ledger = bench.open()
        kept = ledger.receipts("sqlite", [("a.example", key) for key in KEYS])
        assert sum(map(int, kept.values())) == bench.count("exporter/sqlite", "exported")
        ledger.close()
    lines = [line.split(" ") for line in (tmp_path / "tickets").read_text().splitlines()]
    calls_of: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for key, known, body in lines:
        calls_of[key].append((known, int(body.partition(":")[2])))
    for key in KEYS:
        assert [known for known, _ in calls_of[key]].count("opened") <= 1 + len(DEATHS)
        numbers = [number for _, number in calls_of[key]]
        assert sorted(set(numbers)) == [number for number in range(RECORDS) if KEYS[number % 3] == key]
        assert calls_of[key][-1] == (str(RECORDS // 3 - 1), max(numbers))
    assert int(kept["a.example", "a"]) == RECORDS // 3
    assert len(lines) <= RECORDS + 40 * len(DEATHS)
    bench.open()
    assert_conserved(bench.partition)
    bench.close()
