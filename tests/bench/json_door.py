"""What the `json` receiver takes for a record, with plans of forms and without, in one run: `python tests/bench/json_door.py`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from unittest.mock import patch

import orjson

from collector.receivers.json.loggers import read_logs
from collector.receivers.json.plans import Plans
from collector.receivers.json.taking import Taking

RECORDS, ROUNDS = 1000, 15
SENT = [
    {
        "timestamp": f"2026-11-29T10:11:{number % 60:02d}.{number % 1000:03d}Z", "level": "info" if number % 3 else "error",
        "message": f"query {number} took {number % 800} ms in shop", "service": "shop", "host": "web-1", "logger": "shop.db",
        "thread": "main-1", "user_id": number, "duration_ms": number * 0.5, "path": "/api/users/{id}",
    }
    for number in range(RECORDS)
]  # fmt: skip
BODIES = {"lines": b"\n".join(map(orjson.dumps, SENT)), "an array": orjson.dumps(SENT)}


def taken(body: bytes) -> None:
    taking = Taking()
    read_logs(taking, body)
    assert taking.received().records == RECORDS


def best(call: Callable[[], object]) -> float:
    """µs of CPU a record."""
    found = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        call()
        found.append((time.thread_time() - began) / RECORDS * 1e6)
    return min(found)


def main() -> None:
    sys.stdout.write("| 10 keys a record, µs a record | by form | key by key | ratio |\n| --- | --- | --- | --- |\n")
    for name, body in BODIES.items():
        planned = best(lambda body=body: taken(body))
        with patch.object(Plans, "of", lambda *_: None):
            mapped = best(lambda body=body: taken(body))
        sys.stdout.write(f"| {name} | {planned:.1f} | {mapped:.1f} | {planned / mapped:.2f} |\n")


if __name__ == "__main__":
    main()
