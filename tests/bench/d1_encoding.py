"""Columns → the bodies of D1 calls and the lines of the KV view, on the demo's traffic: µs a record of CPU, one thread.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/d1_encoding.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

from collector.batch import LogBatch
from collector.cli.traffic.payloads import templates
from collector.decode import decode
from collector.journal.entry import Entry
from collector.store.d1 import INSERT, Statement, encoded
from collector.store.json_rows import parameters, row_texts
from collector.store.rows import Limits, rows
from exporters.d1.requests import Places, parts
from exporters.kv.records import viewed


def batch() -> LogBatch:
    """Ten thousand records of a shop's services."""
    bodies = [template.numbered(at) for at, template in enumerate(templates(1, 500, 20))]
    entries = [Entry("j", at, "a.example", "otlp", body, 500, 1_800_000_000_000, b"") for at, body in enumerate(bodies)]
    return decode(entries).batch


def micros(function: Callable[[], object], records: int, rounds: int = 7) -> float:
    """Least CPU time of some rounds."""
    least = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        function()
        least = min(least, time.process_time() - began)
    return least / records * 1e6


def main() -> None:
    """Print a table."""
    records = batch()
    frame = rows(records, Limits())
    texts = row_texts(frame)
    body = encoded([Statement(INSERT, (text,)) for text in parameters(texts, 1_600_000)])
    places = Places({}, "id", "")
    steps: dict[str, Callable[[], object]] = {
        "rows (as for SQLite)": lambda: rows(records, Limits()),
        "rows → JSON": lambda: row_texts(frame),
        "JSON → body": lambda: encoded([Statement(INSERT, (text,)) for text in parameters(texts, 1_600_000)]),
        "d1: all of encode": lambda: parts(records, places, Limits()),
        "kv: all of encode": lambda: viewed(records, 4096),
    }
    print(f"{len(records)} records, {len(body) / len(records):.0f} bytes each")
    for name, step in steps.items():
        print(f"{name:22} {micros(step, len(records)):5.2f} µs")


if __name__ == "__main__":
    main()
