"""Columns → the bodies of D1 calls and the lines of the KV view, on the demo's traffic: µs a record of CPU, one thread.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/d1_encoding.py
"""

from __future__ import annotations

from collections.abc import Callable

from sample_records import batch, micros, triaged

from collector.batch import LogBatch
from collector.documents.json_text import EMBEDDED
from collector.store.json_rows import row_texts
from collector.store.rows import Limits, rows
from exporters.d1.requests import Places, parts
from exporters.kv.records import viewed


def steps(records: LogBatch) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    frame = rows(records, Limits(), EMBEDDED)
    places = Places({}, "id", "")
    return {
        "rows (as for SQLite)": lambda: rows(records, Limits()),
        "rows → JSON": lambda: row_texts(frame, EMBEDDED),
        "d1: all of encode": lambda: parts(records, places, Limits()),
        "kv: all of encode": lambda: viewed(records, 4096),
    }


def main() -> None:
    """Print a table."""
    received, sorted_out = batch(), triaged()
    bytes_each = [len(parts(it, Places({}, "id", ""), Limits())[0].body) / len(it) for it in (received, sorted_out)]
    print(f"{len(received)} records: as received ({bytes_each[0]:.0f} bytes each), triaged ({bytes_each[1]:.0f})")
    for (name, plain), full in zip(steps(received).items(), steps(sorted_out).values(), strict=True):
        print(f"{name:22} {micros(plain, len(received)):5.2f} {micros(full, len(sorted_out)):5.2f} µs")


if __name__ == "__main__":
    main()
