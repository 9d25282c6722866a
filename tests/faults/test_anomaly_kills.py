"""Anomalies over deaths: each is told once, with the id that it would have had, and the same ones as if nothing had happened."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xxhash

from collector.journal.entry import Payload
from counterparts.mortal_watch import FAULTS, PLAN, MortalWatch, course, the_end_unix_ms
from counterparts.partition_bench import PartitionBench

DEATHS = [("commit:middle", 9), ("ack:middle", 2)]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def write(root: Path) -> None:
    """A journal with all of it."""
    root.mkdir()
    bench = PartitionBench(root, PLAN)
    payloads = [Payload("a.example", "otlp", body, n, at, xxhash.xxh3_128_digest(body)) for at, body, n in course()]
    bench.put_all(payloads)
    bench.close()


def delivered(root: Path) -> list[str]:
    """As a store has it, whose rows are keyed by the record id: what is delivered again after a death is one row."""
    path = root / "delivered"
    return sorted(set(path.read_text().splitlines())) if path.exists() else []


def test_each_anomaly_is_told_once(tmp_path: Path) -> None:
    """By a worker that dies in the middle of commits and acknowledgements, as by one that lives."""
    calm, mortal = tmp_path / "calm", tmp_path / "mortal"
    write(calm)
    shutil.copytree(calm, mortal)
    worker = MortalWatch(calm, lambda _: None, the_end_unix_ms)
    worker.run()
    worker.vanish()
    ends = []
    for point, nth in [*DEATHS, ("none", 1)]:
        command = [sys.executable, "-P", "-m", "counterparts.mortal_watch", str(mortal), point, str(nth)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        ends.append(done.returncode)
    assert ends == [-9, -9, 0], done.stderr
    told = delivered(mortal)
    assert told == delivered(calm)
    subjects = [line.split()[2] for line in told]
    assert len(set(subjects)) == len(subjects) >= len(FAULTS) - 1
