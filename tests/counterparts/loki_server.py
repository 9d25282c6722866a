"""A real Grafana Loki of a test: built from its Go module (beside `logcli`), one process, chunks in a folder, no TLS, no tenants. Go 1.25 or later is needed."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from collector.testing.service import free_ports
from counterparts.logcli import built

_READY_SECS, _ASK_SECS = 120, 60
_AROUND_NANOS = 3_600_000_000_000


class LokiServer:
    """`url` is where it is pushed to and asked."""

    def __init__(self, url: str) -> None:
        self.url = url

    def lines(self, selector: str, unix_nano: int) -> Counter[str]:
        """How often each line stands in the streams, within an hour of a moment."""
        streams = self.streams(selector, unix_nano)
        return Counter(line for stream in streams for _, line in stream["values"])

    def streams(self, selector: str, unix_nano: int) -> list[dict[str, Any]]:
        """As its query API gives them."""
        asked = {
            "query": selector, "start": unix_nano - _AROUND_NANOS, "end": unix_nano + _AROUND_NANOS, "limit": 100_000, "direction": "forward",
        }  # fmt: skip
        url = f"{self.url}/loki/api/v1/query_range?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=_ASK_SECS) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


@contextmanager
def running(folder: Path) -> Iterator[LokiServer]:
    """Started, empty; ended at the end."""
    http, grpc = free_ports(2)
    options = folder / "loki.yaml"
    options.write_text(yaml.safe_dump(_options(folder / "data", http, grpc)))
    with (folder / "loki.log").open("wb") as log:
        process = subprocess.Popen([built("loki"), f"-config.file={options}"], stdout=log, stderr=subprocess.STDOUT)
    try:
        server = LokiServer(f"http://127.0.0.1:{http}")
        _await(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(_READY_SECS)


def _await(server: LokiServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECS
    while True:
        assert process.poll() is None, "Loki ended: see its log"
        assert time.monotonic() < deadline, "Loki does not start: see its log"
        try:
            with urllib.request.urlopen(f"{server.url}/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.2)


def _options(data: Path, http: int, grpc: int) -> dict[str, Any]:
    local = "127.0.0.1"
    return {
        "auth_enabled": False,
        "server": {
            "http_listen_address": local, "http_listen_port": http, "grpc_listen_address": local, "grpc_listen_port": grpc, "log_level": "warn",
        },
        "common": {
            "instance_addr": local, "path_prefix": str(data), "replication_factor": 1,
            "ring": {"instance_addr": local, "kvstore": {"store": "inmemory"}},
            "storage": {"filesystem": {"chunks_directory": str(data / "chunks"), "rules_directory": str(data / "rules")}},
        },
        "frontend": {"address": local},
        "querier": {"query_ingesters_within": "0s"},
        # however old the records are, they stay in memory and are found there
        "ingester": {"lifecycler": {"min_ready_duration": "0s"}, "max_chunk_age": "100000h", "chunk_idle_period": "24h"},
        "schema_config": {"configs": [{
            "from": "2020-01-01", "store": "tsdb", "object_store": "filesystem", "schema": "v13", "index": {"prefix": "index_", "period": "24h"},
        }]},
        "limits_config": {
            "reject_old_samples": False, "max_entries_limit_per_query": 100_000, "ingestion_rate_mb": 100, "ingestion_burst_size_mb": 200,
            "per_stream_rate_limit": "100MB", "per_stream_rate_limit_burst": "200MB", "max_line_size": "256KB",
        },
        "analytics": {"reporting_enabled": False},
    }  # fmt: skip
