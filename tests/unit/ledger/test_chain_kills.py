"""The worker dies in a chain of three pipelines: each record and event is once where it belongs, and both accounts add up."""

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
from counterparts.mortal_chain import STAGES, MortalChain
from counterparts.mortal_worker import KillAt, Killed
from counterparts.partition_bench import START_UNIX_MS, PartitionBench, request

Make = Callable[..., PartitionBench]
POINTS = (
    "read",
    *(f"{stage}:{point}" for stage in STAGES.values() for point in ("process", "emitted", "tick")),
    "fork:connect",
    "join:connect",
    "commit:begin",
    "commit:middle",
    "commit:done",
    "spill:written",
    "ack:middle",
)
RECORDS = 60


def journal(bench: PartitionBench) -> None:
    """60 numbered records of three domains in payloads of 3."""
    bench.ledger.close()
    payloads = []
    for first in range(0, RECORDS, 3):
        body = request([str(number) for number in range(first, first + 3)])
        payloads.append(Payload(f"{first % 9}.example", "otlp", body, 3, START_UNIX_MS, xxh3_128_digest(body)))
    bench.put_all(payloads)


def made_of(numbers: range | list[int]) -> Counter[str]:
    """What a tally makes of every fifth, at once and in two ticks."""
    fifth = [number for number in numbers if number % 5 == 0]
    return Counter(text for n in fifth for text in (f"of {n}", f"after {n}", f"after {n} again"))


def check(bench: PartitionBench) -> None:
    """Exactly once in each outbox, in the state of each stage, in the counts of all."""
    kept = [number for number in range(RECORDS) if number % 7]
    own = Counter(map(str, kept))
    expected = {
        "first": own + made_of(range(RECORDS)),
        "middle": own + made_of(range(RECORDS)) + made_of(kept),
        "last": own + made_of(range(RECORDS)) + made_of(kept) + made_of(kept),
    }
    lines = {tuple(line.split(" ", 2)) for line in (bench.root / "delivered").read_text().splitlines()}
    for stage, bodies in expected.items():
        assert Counter(body for name, _, body in lines if name == stage) == bodies
    assert_conserved(bench.partition)
    totals: Counter[tuple[str, str]] = Counter()
    for (_, component, outcome), records in bench.partition.counts().items():
        totals[component, outcome] += records
    for (pipeline, stage), exporter in zip(STAGES.items(), expected, strict=True):
        assert totals[f"pipeline/{pipeline}", "out"] == totals[f"exporter/{exporter}", "exported"]
        assert totals[f"exporter/{exporter}", "exported"] == expected[stage].total()
    assert totals["pipeline/logs/middle", "fed"] == totals["pipeline/logs", "out"]
    assert totals["connector/logs/middle/join", "passed:logs/last"] == totals["pipeline/logs/last", "fed"]
    ledger = bench.open()
    for stage, numbers in (("first", range(RECORDS)), ("middle", kept), ("last", kept)):
        seen = [ledger.state(f"tally_{stage}", f"{number}.example")[b"seen"] for number in (0, 3, 6)]
        assert sum(map(int, seen)) == len(numbers)
        assert not ledger.due("logs", [f"tally_{stage}"], 1 << 62, 1)
    for pipeline in STAGES:
        attempts = Suspects(bench.root / "partition", pipeline, ledger.applied(pipeline))
        assert not attempts.suspicious
        attempts.close()
    assert {state.entries for state in bench.partition.queues().values()} == {0}
    assert bench.partition.dead_letters() == []
    assert bench.partition.low_watermarks(bench.journal_id)["0.example"] > 0
    bench.ledger.close()


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_real_sigkill(make_bench: Make, point: str) -> None:
    bench = make_bench()
    journal(bench)
    command = [sys.executable, "-m", "counterparts.mortal_chain", str(bench.root), point, "2"]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    worker = MortalChain(bench.root, lambda _: None, bench.clock)
    worker.run()
    worker.vanish()
    check(bench)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(rounds(4, 1)))
def test_many_deaths_at_random_points(make_bench: Make, seed: int) -> None:
    """As the files see them. The first step always ends, else three deaths in a row would make a healthy entry look like poison."""
    chance = random.Random(seed)
    bench = make_bench()
    journal(bench)
    deaths = 0
    while deaths < 200:
        worker = MortalChain(bench.root, KillAt("*", chance.randint(30, 150), _die), bench.clock)
        try:
            worker.run()
        except Killed:
            deaths += 1
            continue
        finally:
            worker.vanish()
        break
    check(bench)
    assert deaths


def _die() -> None:
    raise Killed
