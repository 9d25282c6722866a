"""What encryption at rest adds: µs of CPU a record, each part with and without, in turn, the least of many rounds (others only ever add).

python tests/bench/encryption_cost.py [--rounds 25]

The journal: bodies encrypted, checksums made of the stored bytes, bodies opened. The outbox: contents encoded, and decoded again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(ROOT / "tests")]

from collector.cli.traffic.payloads import templates  # noqa: E402
from collector.encryption import Keys  # noqa: E402
from collector.journal.entry import Entry  # noqa: E402
from collector.journal.layout import checksum_of  # noqa: E402
from collector.ledger.contents import Contents  # noqa: E402
from collector.pipeline.decode import decode  # noqa: E402
from counterparts.keys import key_ring  # noqa: E402

CASES = ((20, 1), (200, 1), (500, 1), (500, 4), (500, 16))
"""Records a request, and domains whose requests are in one step."""
RECORDS = 8_000
PARTS = ("journal", "outbox, written", "outbox, read")


def ways(records: int, domains: int, keys: Keys) -> Mapping[tuple[str, bool], Callable[[], object]]:
    """(part, encrypted) → its work."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, records, RECORDS // records))]
    entries = [
        Entry("j", at, f"{at % domains}.example", "otlp", body, records, 1_800_000_000_000, b"")
        for at, body in enumerate(bodies)
    ]
    batch = decode(entries).batch
    sealed = [keys.seal(entry.domain, "journal", entry.body) for entry in entries]
    plain, secret = Contents(), Contents(keys)
    stored = {False: plain.of_batch(batch), True: secret.of_batch(batch)}

    def through() -> None:
        for entry in entries:
            checksum_of(keys.seal(entry.domain, "journal", entry.body), 0)
        for entry, body in zip(entries, sealed, strict=True):
            keys.open(entry.domain, "journal", body)

    return {
        ("journal", False): lambda: None,  # the checksum of a plain body is a part of its digest
        ("journal", True): through,
        ("outbox, written", False): lambda: plain.of_batch(batch),
        ("outbox, written", True): lambda: secret.of_batch(batch),
        ("outbox, read", False): lambda: plain.opened(stored[False], len(batch)),
        ("outbox, read", True): lambda: secret.opened(stored[True], len(batch)),
    }


def micros(work: Callable[[], object]) -> float:
    """µs of CPU a record, once."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / RECORDS * 1e6


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=25)
    rounds = arguments.parse_args().rounds
    print(f"| records a request, domains | {' | '.join(PARTS)} | together |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        keys = key_ring(Path(folder))
        for records, domains in CASES:
            doing = ways(records, domains, keys)
            least = dict.fromkeys(doing, float("inf"))
            for _ in range(rounds):
                for part, work in doing.items():
                    least[part] = min(least[part], micros(work))
            added = [least[part, True] - least[part, False] for part in PARTS]
            shown = [f"{least[part, False]:.2f} + {more:.2f}" for part, more in zip(PARTS, added, strict=True)]
            print(f"| {records}, {domains} | {' | '.join(shown)} | + {sum(added):.2f} |", flush=True)


if __name__ == "__main__":
    main()
