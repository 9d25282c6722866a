"""Columns → the NDJSON of bulk requests, on the demo's traffic: µs a record of CPU, one thread, for each mapping mode.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/elasticsearch_encoding.py
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sample_records import batch, micros, triaged

from collector.batch import LogBatch
from collector.component import Context
from exporters.elasticsearch.config import ElasticsearchConfig
from exporters.elasticsearch.exporter import BulkRequest, ElasticsearchExporter

MAPPINGS: dict[str, dict[str, object]] = {
    **{mode: {"mode": mode} for mode in ("otel", "ecs", "none", "raw")},
    "ecs, security": {"mode": "ecs", "security": True},
}


def encoder(mapping: dict[str, object], compression: str) -> Callable[[LogBatch], BulkRequest]:
    """What makes the body of a request."""
    options = {"endpoint": "http://127.0.0.1:9200", "mapping": mapping, "compression": compression}
    return ElasticsearchExporter(ElasticsearchConfig.model_validate(options), Context("bench", Path())).encode


def main() -> None:
    """Print a table."""
    kinds = {"as received": batch(), "triaged": triaged()}
    print("| mapping | records | bytes each | plain, µs | gzip, µs |\n| --- | --- | --- | --- | --- |")
    for name, mapping in MAPPINGS.items():
        for kind, records in kinds.items():
            plain, gzip = encoder(mapping, "none"), encoder(mapping, "gzip")
            size = plain(records).size_bytes / len(records)
            times = [micros(partial(encode, records), len(records)) for encode in (plain, gzip)]
            print(f"| {name} | {kind} | {size:.0f} | {times[0]:.2f} | {times[1]:.2f} |")


if __name__ == "__main__":
    main()
