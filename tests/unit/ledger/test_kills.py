"""The worker dies between and inside steps; every entry still ends in the outbox once, with state and counts."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from xxhash import xxh3_128_digest

from collector.journal.entry import Payload
from collector.pipeline.suspects import Suspects
from collector.testing.conservation import assert_conserved
from counterparts.examples import rounds
from counterparts.mortal_worker import KillAt, Killed, MortalWorker, run_to_the_end
from counterparts.partition_bench import START_UNIX_MS, PartitionBench, request

Make = Callable[..., PartitionBench]
POINTS = (
    "read",
    "decode",
    "process",
    "emitted",
    "tick",
    "commit:begin",
    "commit:middle",
    "commit:done",
    "spill:written",
    "ack:middle",
    "ack:done",
)
RECORDS = rounds(300, 120)
TWICE = RECORDS // 10


def journal(bench: PartitionBench) -> None:
    """Numbered records of three domains in payloads of 3, and every tenth payload sent twice."""
    bench.ledger.close()
    payloads = []
    for first in range(0, RECORDS, 3):
        body = request([str(number) for number in range(first, first + 3)])
        domain = f"{first % 9}.example"
        payload = Payload(domain, "otlp", body, 3, START_UNIX_MS, xxh3_128_digest(body))
        payloads += [payload] * (2 if first % 30 == 0 else 1)
    bench.put_all(payloads)


def check(bench: PartitionBench) -> None:
    """Exactly once: in the outbox, in the state, in the counts."""
    assert_conserved(bench.partition)
    lines = {tuple(line.split(" ", 2)) for line in (bench.root / "delivered").read_text().splitlines()}
    kept = Counter(number for number in map(str, range(RECORDS)) if int(number) % 7)
    fifth = range(0, RECORDS, 5)
    ticks = Counter(f"after {number}{again}" for number in fifth for again in ("", " again"))
    made = Counter(f"of {number}" for number in fifth) + ticks
    for exporter in ("slow", "fast"):
        assert Counter(number for name, _, number in lines if name == exporter) == kept + made
    counts = bench.partition.counts()
    totals: Counter[tuple[str, str]] = Counter()
    for (_, component, outcome), records in counts.items():
        totals[component, outcome] += records
    assert totals["pipeline/logs", "accepted"] == RECORDS + TWICE
    assert totals["pipeline/logs", "duplicate"] == TWICE
    assert totals["processor/logs/tally", "filtered"] == RECORDS - kept.total()
    assert totals["processor/logs/tally", "created"] == made.total()
    total = kept.total() + made.total()
    assert totals["exporter/slow", "exported"] == totals["exporter/fast", "exported"] == total
    ledger = bench.open()
    seen = [ledger.state("tally", f"{number}.example")[b"seen"] for number in (0, 3, 6)]
    attempts = Suspects(bench.root / "partition", "logs", bench.ledger.applied("logs"))
    assert not attempts.suspicious, "what is done is suspected no more"
    attempts.close()
    assert sum(map(int, seen)) == RECORDS
    told = [
        name.decode() for number in (0, 3, 6) for name, _ in ledger.state("tally", f"{number}.example").scan(b"after")
    ]
    assert sorted(told) == sorted(ticks)
    assert not ledger.due("logs", ["tally"], 1 << 62, 1)
    assert {state.entries for state in bench.partition.queues().values()} == {0}
    bench.ledger.close()
    assert list((bench.root / "partition" / "spill").glob("*/*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_real_sigkill(make_bench: Make, point: str) -> None:
    bench = make_bench()
    journal(bench)
    command = [sys.executable, "-m", "counterparts.mortal_worker", str(bench.root)]
    killed = subprocess.run([*command, point, "2"], capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    run_to_the_end(bench.root, bench.clock)
    check(bench)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(rounds(8, 2)))
def test_many_deaths_at_random_points(make_bench: Make, seed: int) -> None:
    """A dead process, as the files see it: nothing after the point happens, the kernel lets go of the locks. The first
    step always ends, else three deaths in a row would make a healthy entry look like poison."""
    chance = random.Random(seed)
    bench = make_bench()
    journal(bench)
    deaths = 0
    while True:
        worker = MortalWorker(bench.root, KillAt("*", chance.randint(9, 60), _die), bench.clock)
        try:
            worker.run()
        except Killed:
            deaths += 1
        else:
            break
        finally:
            worker.vanish()
    check(bench)
    assert deaths


def _die() -> None:
    raise Killed
