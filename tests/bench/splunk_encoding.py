"""Columns → bodies for Splunk's HTTP Event Collector, and on to a server on loopback: µs of CPU a record, one thread.

The last column is encoding and sending together, without the server's part.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/splunk_encoding.py
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sample_records import batch, micros, triaged

from collector.batch import LogBatch
from collector.columns.text_buffers import text_bytes
from collector.component import Context
from counterparts.on_thread import on_thread
from counterparts.splunk import TOKEN, Splunk, says
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.exporter import SplunkHecExporter
from exporters.splunk_hec.parts import encoded

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "events": {},
    "events, ocsf": {"format": "ocsf"},
    "events, ecs": {"format": "ecs"},
    "events, cef": {"format": "cef"},
    "raw lines": {"export_raw": True},
}
_ROUNDS = 9


def exporter(url: str, **options: Any) -> SplunkHecExporter:
    """One with these options."""
    config = SplunkHecConfig.model_validate({"endpoint": url, "token": TOKEN, **options})
    return SplunkHecExporter(config, Context("splunk_hec", Path()))


async def sending(one: SplunkHecExporter, records: LogBatch) -> float:
    """Least CPU time of this thread to encode and send, µs a record."""
    least = float("inf")
    await one.start()
    for _ in range(_ROUNDS):
        began = time.thread_time()
        await one.send(one.encode(records))
        least = min(least, time.thread_time() - began)
    await one.shutdown()
    return least / len(records) * 1e6


def measure(name: str, records: LogBatch, splunk: Splunk, options: Mapping[str, Any]) -> str:
    """A row."""
    plain, zipped = (exporter(splunk.url, disable_compression=off, **options) for off in (True, False))
    parts = encoded(records, SplunkHecConfig.model_validate({"endpoint": splunk.url, "token": TOKEN, **options})).parts
    size = sum(len(text_bytes(part.texts)) for part in parts) / len(records)
    figures = [micros(partial(one.encode, records), len(records)) for one in (plain, zipped)]
    splunk.faults.extend([says(0)] * (_ROUNDS * len(parts)))  # the server only answers
    figures.append(asyncio.run(sending(zipped, records)))
    return f"{name:24} {size:6.0f} " + " ".join(f"{figure:7.2f}" for figure in figures)


def main() -> None:
    """Print a table."""
    print(f"{'10,000 records':24} {'bytes':>6} {'encode':>7} {'+ gzip':>7} {'+ send':>7}")
    with on_thread(Splunk()) as splunk:
        for name, records in (("", batch()), ("triaged ", triaged())):
            for shape, options in SHAPES.items():
                print(measure(name + shape, records, splunk, options))


if __name__ == "__main__":
    main()
