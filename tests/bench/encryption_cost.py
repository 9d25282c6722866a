"""What encryption at rest costs: CPU of the way from the journal through the outbox, with and without, in turn, in one run.

python tests/bench/encryption_cost.py [--rounds 7]

Of each the least of all rounds is told: the machine is shared, and what disturbs only ever adds. The way: append (fsync included, which
is no CPU), read, decode, commit with an outbox entry, and its content read back from disk, as after a restart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(ROOT / "tests")]

import xxhash  # noqa: E402

from collector.cli.traffic.payloads import templates  # noqa: E402
from collector.encryption import Keys  # noqa: E402
from collector.journal.entry import Payload  # noqa: E402
from counterparts.keys import key_ring  # noqa: E402
from counterparts.partition_bench import START_UNIX_MS, PartitionBench, exported, plan  # noqa: E402

CASES = ((20, 1), (200, 1), (500, 1), (500, 10))
"""Records a request, and domains that send in turn."""
RECORDS = 8_000


def way(root: Path, records: int, domains: int, keys: Keys | None) -> float:
    """µs of CPU a record."""
    bench = PartitionBench(root, plan(dedup_window_secs=0), keys=keys, cache_bytes=0)
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, records, RECORDS // records))]
    payloads = [
        Payload(f"{at % domains}.example", "otlp", body, records, START_UNIX_MS, xxhash.xxh3_128_digest(body))
        for at, body in enumerate(bodies)
    ]
    try:
        for number in range(2):
            began = time.process_time()
            for start in range(0, len(payloads), 40):
                bench.put_all(payloads[start : start + 40])
            while bench.step():
                pass
            entries = bench.deliverable()
            bench.ledger.ack("sqlite", [exported(entry) for entry in entries])
            took = time.process_time() - began
            assert sum(entry.records for entry in entries) == RECORDS, number  # the first round warms up
        return took / RECORDS * 1e6
    finally:
        bench.close()


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=7)
    rounds = arguments.parse_args().rounds
    least: dict[tuple[int, int, bool], float] = defaultdict(lambda: float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        keys = key_ring(Path(folder) / "keys")
        for turn in range(rounds):
            for records, domains in CASES:
                for sealed in (False, True):
                    root = Path(folder) / f"{turn}-{records}-{domains}-{sealed}"
                    took = way(root, records, domains, keys if sealed else None)
                    least[records, domains, sealed] = min(least[records, domains, sealed], took)
    print("| records a request, domains | off, µs a record | on | added |\n|---|---|---|---|")
    for records, domains in CASES:
        off, on = (least[records, domains, sealed] for sealed in (False, True))
        print(f"| {records}, {domains} | {off:.2f} | {on:.2f} | {on - off:+.2f} |")


if __name__ == "__main__":
    main()
