"""What pages and the API of the console take over a large store: wall time of requests in one process, warm, one after the other.

.venv/bin/python tests/bench/console.py [--records 5000000] [--keep FOLDER]

A store of seven days and three domains (60, 30, 10 %) is made first (about 20 µs a record); `--keep` leaves it for the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl
from sample_records import triaged

from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from counterparts.console import asked

_DAY_NANO = 86_400 * 10**9
_BATCH = 8000
_ROUNDS = 15
SHOP = "shop.example"
DOMAINS = (SHOP, SHOP, SHOP, SHOP, SHOP, SHOP, "bank.example", "bank.example", "bank.example", "small.example")
"""Of each ten records."""
ASKED: dict[str, tuple[str, float]] = {
    "list, newest 100": (f"/api/v1/logs?domain={SHOP}&from=now-7d", 100),
    "list, all domains": ("/api/v1/logs?from=now-24h", 100),
    "list, critical": (f"/api/v1/logs?domain={SHOP}&q=level:critical&from=now-7d", 100),
    "list, a word": (f"/api/v1/logs?domain={SHOP}&q=order&from=now-24h", 100),
    "list, absent word (sliced)": (f"/api/v1/logs?domain={SHOP}&q=nowhere&from=now-7d", 2500),
    "histogram, 24 h by level": (f"/api/v1/logs/histogram?domain={SHOP}&from=now-24h", 50),
    "facets, 24 h": (f"/api/v1/logs/facets?domain={SHOP}&from=now-24h", 50),
    "issues": (f"/api/v1/issues?domain={SHOP}", 50),
    "patterns, 24 h": (f"/api/v1/patterns?domain={SHOP}&from=now-24h", 100),
    "page Overview": (f"/?domain={SHOP}", 500),
    "page Logs": (f"/logs?domain={SHOP}", 500),
    "page Issues": (f"/issues?domain={SHOP}", 500),
    "page Patterns": (f"/patterns?domain={SHOP}", 500),
}
"""What is asked, and the ms that it may take."""


def filled(path: Path, records: int) -> None:
    """A store with so many records, the last of them of now."""
    source = rows(triaged(), Limits())
    first = time.time_ns() - 7 * _DAY_NANO
    store = EmbeddedStore(path)
    store.select("PRAGMA synchronous = OFF")
    for done in range(0, records, _BATCH):
        number = pl.int_range(pl.len()) + done
        batch = pl.concat([source] * (_BATCH // source.height + 1)).head(_BATCH).with_columns(
            record_id=number.cast(pl.String).str.zfill(10) + pl.col("record_id").str.slice(10),
            time_unix_nano=pl.lit(first) + number * (7 * _DAY_NANO // records),
            domain=(number % 10).replace_strict(dict(enumerate(DOMAINS))),
        )  # fmt: skip
        store.insert(batch)
    store.close()


async def measured(path: Path) -> None:
    """Print a table."""
    async with asked(path.parent) as client:
        for name, (url, budget_ms) in ASKED.items():
            taken, statuses = [], set()
            for _ in range(_ROUNDS):
                began = time.perf_counter()
                statuses.add((await client.get(url)).status_code)
                taken.append((time.perf_counter() - began) * 1000)
            said = f"{statistics.median(taken):8.1f} ms median, {max(taken):8.1f} largest (first {taken[0]:.1f})"
            over = "" if statistics.median(taken) <= budget_ms else "  OVER"
            print(
                f"{name:28} {said}, budget {budget_ms:g}{over}{'' if statuses == {200} else f'  {statuses}'}",
                flush=True,
            )


def main() -> None:
    """Make the store where there is none, and ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.keep or Path(temporary)) / "store.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            began = time.perf_counter()
            filled(path, given.records)
            print(
                f"{given.records:,} records stored in {time.perf_counter() - began:.0f} s, {path.stat().st_size >> 20} MiB"
            )
        print(f"SQLite {sqlite3.sqlite_version}")
        asyncio.run(measured(path))


if __name__ == "__main__":
    main()
