"""OTLP in, Elasticsearch (and D1) out: CPU of all processes of a system, logboom's and an OpenTelemetry Collector's in one run.

    make bench-elasticsearch

The same records over gRPC; runs alternate. The system under test has core 0 for itself, everything else shares core 1: the
sender, the sink, OpenSearch or the counterpart of D1. So CPU per record is the figure that compares; the rate is bounded
by the other side. Both send bulk requests of 1 to 5 MB, or after a second. The Collector's queue is in memory; logboom
writes every record to disk and fsyncs it before the sender is answered. What arrived is exactly what was acknowledged: no
less, and nothing twice, in the sink, in OpenSearch and in D1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from load import Sent, send
from measuring import drained, row
from processes import CLIENT_CORE, SERVER_CORE, Tree, Usage, await_port, free_port
from systems import EXPORTERS, System, logboom
from tables import Row, machine, render

from counterparts.cloudflare import Cloudflare, Place
from counterparts.opensearch import OpenSearch
from counterparts.otelcol import built, version

BATCH, CONNECTIONS = 500, 4
INDICES = "logs-*"
Counted = Callable[[], int]


BATCH_OF_BOTH = {"flush_timeout": "1s", "min_size": 1_000_000, "max_size": 5_000_000, "sizer": "bytes"}


def ours(mode: str, port: int) -> System:
    """logboom, its queue as in config/elasticsearch.yaml."""
    queue = {"num_consumers": 4, "max_request_bytes": "5MB", "batch": BATCH_OF_BOTH}
    options = {"endpoint": f"http://127.0.0.1:{port}", "mapping": {"mode": mode}, "sending_queue": queue}
    EXPORTERS["elasticsearch"] = json.dumps({"exporters": {"elasticsearch": options}})[1:-1] + "\n"
    return logboom("elasticsearch", triage=False)


def theirs(mode: str, port: int) -> System:
    """The Collector."""
    folder = Path(tempfile.mkdtemp(prefix="otelcol-bench-", dir=Path.cwd() / "build"))
    grpc, http = free_port(), free_port()
    sending = {
        "endpoint": f"http://127.0.0.1:{port}",
        "mapping": {"allowed_modes": [mode]},
        "sending_queue": {
            "block_on_overflow": True,
            "queue_size": 64 << 20,
            "sizer": "bytes",
            "num_consumers": 4,
            "batch": BATCH_OF_BOTH,
        },
    }
    protocols = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
    config = {
        "receivers": {"otlp": {"protocols": protocols}},
        "exporters": {"elasticsearch": sending},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["elasticsearch"]}},
        },
    }
    (folder / "otelcol.yaml").write_text(json.dumps(config))
    began = time.monotonic()
    command = [str(built("elasticsearch")), f"--config={folder / 'otelcol.yaml'}"]
    tree = Tree(command, str(SERVER_CORE), log=folder / "log")
    await_port(grpc)
    return System("Collector", tree, grpc, http, time.monotonic() - began, folder)


SYSTEMS = {"logboom": ours, "Collector": theirs}


@contextlib.contextmanager
def running(system: System) -> Iterator[System]:
    """It ends with the block."""
    try:
        yield system
    finally:
        system.stop()


def measured(system: System, records: int, counted: Counted) -> tuple[Sent, Usage]:
    """Warm up, then send `records` and wait until the other side has them. Raises when they do not come."""
    before = counted()
    warm = send("grpc", system.grpc, BATCH, CONNECTIONS, max(records // 10, BATCH * CONNECTIONS))
    _await(lambda: counted() - before, warm.acknowledged)
    began, start = time.monotonic(), system.tree.usage()
    sent = send("grpc", system.grpc, BATCH, CONNECTIONS, records)
    goal = warm.acknowledged + sent.acknowledged
    _await(lambda: counted() - before, goal)
    seconds, usage = time.monotonic() - began, system.tree.usage().since(start)
    time.sleep(1.0)
    assert counted() - before == goal, f"{counted() - before} of {goal} arrived"
    return replace(sent, seconds=seconds), usage


def _await(counted: Counted, goal: int) -> None:
    deadline = time.monotonic() + 300
    while (found := counted()) < goal:
        if time.monotonic() > deadline:
            raise AssertionError(f"{found} of {goal} arrived")
        time.sleep(0.05)


@contextlib.contextmanager
def sink(server: str = "") -> Iterator[tuple[int, Counted]]:
    """The counting sink, with OpenSearch behind it or nothing: its port and its count."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("bulk_sink.py")), str(port), *([server] if server else [])]
    process = subprocess.Popen(command)

    def counted() -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/count", timeout=60) as answer:
            return int(answer.read())

    try:
        await_port(port)
        yield port, counted
    finally:
        process.terminate()
        process.wait()


def to_nothing(mode: str, records: int, runs: int) -> list[Row]:
    """Both systems against a `_bulk` that answers at once."""
    taken: dict[str, list[tuple[Sent, Usage]]] = {name: [] for name in SYSTEMS}
    for _ in range(runs):
        for name, start in SYSTEMS.items():
            with sink() as (port, counted), running(start(mode, port)) as system:
                taken[name].append(measured(system, records, counted))
    return [row(f"OTLP → `_bulk`, mode {mode}", name, found) for name, found in taken.items()]


def to_opensearch(mode: str, records: int, runs: int) -> list[Row]:
    """Both systems against OpenSearch; each document is there once, as OpenSearch counts them."""
    taken: dict[str, list[tuple[Sent, Usage]]] = {name: [] for name in SYSTEMS}
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        opensearch = OpenSearch(Path(folder), max_body="100mb")
        opensearch.start()
        try:
            for _ in range(runs):
                for name, start in SYSTEMS.items():
                    opensearch.call("DELETE", f"/{INDICES}")
                    with sink(opensearch.url) as (port, counted):
                        with running(start(mode, port)) as system:
                            taken[name].append(measured(system, records, counted))
                        passed, stored = counted(), opensearch.count(INDICES)
                    assert stored == passed, f"{name}: OpenSearch has {stored} of {passed}"
        finally:
            opensearch.kill()
    return [row(f"OTLP → OpenSearch, mode {mode}", name, found) for name, found in taken.items()]


def to_d1(records: int, runs: int) -> list[Row]:
    """logboom against workerd's own D1; every record is there once."""
    taken = []
    with Cloudflare(pool=runs) as place:
        for database in place.databases:
            EXPORTERS["d1"] = (
                f"exporters: {{d1: {{base_url: {place.base_url}, account_id: {place.account_id}, "
                f"api_token: {place.token}, database_id: {database}}}}}\n"
            )
            stored = _rows(place, database)
            with running(logboom("d1", triage=False)) as system:
                done = drained(system)
                taken.append(measured(system, records, stored))
                while not done():
                    time.sleep(0.05)
            accepted = taken[-1][0].acknowledged + max(records // 10, BATCH * CONNECTIONS)
            assert stored() == accepted, f"D1 has {stored()} of {accepted}"
    return [row("OTLP → D1", "logboom", taken)]


def _rows(place: Place, database: str) -> Counted:
    url = f"{place.base_url}/accounts/{place.account_id}/d1/database/{database}/query"
    headers = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}

    def counted() -> int:
        body = json.dumps({"sql": "SELECT count(*) AS n FROM logs"}).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
                return int(json.loads(answer.read())["result"][0]["results"][0]["n"])
        except urllib.error.HTTPError:  # before the table is made
            return 0

    return counted


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--only", choices=["null", "opensearch", "d1"], nargs="*", default=["null", "opensearch", "d1"])
    options = parser.parse_args()
    Path("build").mkdir(exist_ok=True)
    os.sched_setaffinity(0, {CLIENT_CORE})  # inherited by all but the systems
    scale, runs = (0.1, 1) if options.quick else (1.0, 3)
    rows: list[Row] = []
    for mode in ("otel", "ecs"):
        if "null" in options.only:
            rows += to_nothing(mode, int(600_000 * scale), runs)
        if "opensearch" in options.only:
            rows += to_opensearch(mode, int(100_000 * scale), runs)
    if "d1" in options.only:
        rows += to_d1(int(50_000 * scale), runs)
    print(f"{machine()}; Collector {version('elasticsearch')}\n")
    print(render("Elasticsearch and D1", rows, peer="Collector"))


if __name__ == "__main__":
    main()
