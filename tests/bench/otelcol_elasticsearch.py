"""OTLP in, Elasticsearch (and D1) out: CPU of all processes of a system; logboom and an OpenTelemetry Collector, in memory and durable, in one run.

    make bench-elasticsearch

The same records over gRPC, in turn; a ratio is that of one turn. The system under test has core 0 for itself, everything else shares core 1: the
sender, the sink, OpenSearch or the counterpart of D1. So CPU per record is the figure that compares; the rate is bounded by the other side. All
send bulk requests of 1 to 5 MB, or after a second. logboom writes every record to disk and fsyncs it before the sender is answered, and so does
the Collector with its queue on disk (`file_storage`, `fsync`); the other one has its queue in memory. What arrived is exactly what was
acknowledged: no less, and nothing twice, in the sink, in OpenSearch and in D1.
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
from functools import partial
from pathlib import Path

from load import Sent, send
from measuring import drained, row
from processes import CLIENT_CORE, SERVER_CORE, Tree, Usage, await_port, free_port
from systems import EXPORTERS, System, logboom
from tables import Row, machine, render
from turns import OURS, Compared, in_turn, table

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


def theirs(mode: str, port: int, *, durable: bool = False) -> System:
    """The Collector. `durable`: its queue is on disk, fsynced, before a sender is answered."""
    folder = Path(tempfile.mkdtemp(prefix="otelcol-bench-", dir=Path.cwd() / "build"))
    grpc, http = free_port(), free_port()
    queue = {
        "block_on_overflow": True,
        "queue_size": 64 << 20,
        "sizer": "bytes",
        "num_consumers": 4,
        "batch": BATCH_OF_BOTH,
    }
    sending = {
        "endpoint": f"http://127.0.0.1:{port}",
        "mapping": {"allowed_modes": [mode]},
        "sending_queue": {**queue, **({"storage": "file_storage"} if durable else {})},
    }
    protocols = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
    storage = {"directory": str(folder / "queue"), "create_directory": True, "fsync": True}
    config = {
        "receivers": {"otlp": {"protocols": protocols}},
        "exporters": {"elasticsearch": sending},
        "extensions": {"file_storage": storage} if durable else {},
        "service": {
            "extensions": ["file_storage"] if durable else [],
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


SYSTEMS: dict[str, Callable[[str, int], System]] = {
    OURS: ours,
    "Collector": theirs,
    "Collector, queue on disk": partial(theirs, durable=True),
}


@contextlib.contextmanager
def running(system: System) -> Iterator[System]:
    """It ends with the block."""
    try:
        yield system
    finally:
        system.stop()


def measured(system: System, records: int, counted: Counted, *, warm: bool = False) -> tuple[Sent, Usage]:
    """Warm up unless that was done, then send `records` and wait until the other side has them. Raises when they do not come."""
    before, goal = counted(), 0
    if not warm:
        goal = send("grpc", system.grpc, BATCH, CONNECTIONS, max(records // 10, BATCH * CONNECTIONS)).acknowledged
        _await(lambda: counted() - before, goal)
    began, start = time.monotonic(), system.tree.usage()
    sent = send("grpc", system.grpc, BATCH, CONNECTIONS, records)
    goal += sent.acknowledged
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


def to_nothing(mode: str, records: int, turns: int) -> Compared:
    """All systems, running beside each other, against a `_bulk` that answers at once."""
    with contextlib.ExitStack() as all_of_it:
        systems = {}
        for name, start in SYSTEMS.items():
            port, counted = all_of_it.enter_context(sink())
            systems[name] = (all_of_it.enter_context(running(start(mode, port))), counted)
        return in_turn(
            f"OTLP → `_bulk`, mode {mode}",
            list(systems),
            turns,
            lambda name, turn: measured(systems[name][0], records, systems[name][1], warm=turn > 0),
        )


def to_opensearch(mode: str, records: int, turns: int) -> Compared:
    """All systems against OpenSearch; each document is there once, as OpenSearch counts them."""
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "build") as folder:
        opensearch = OpenSearch(Path(folder), max_body="100mb")
        opensearch.start()

        def taken(name: str, _: int) -> tuple[Sent, Usage]:
            opensearch.call("DELETE", f"/{INDICES}")
            with sink(opensearch.url) as (port, counted):
                with running(SYSTEMS[name](mode, port)) as system:
                    found = measured(system, records, counted)
                passed, stored = counted(), opensearch.count(INDICES)
            assert stored == passed, f"{name}: OpenSearch has {stored} of {passed}"
            return found

        try:
            return in_turn(f"OTLP → OpenSearch, mode {mode}", list(SYSTEMS), turns, taken)
        finally:
            opensearch.kill()


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
    parser.add_argument("--quick", action="store_true", help="short turns")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=["null", "opensearch", "d1"], nargs="*", default=["null", "opensearch", "d1"])
    parser.add_argument("--modes", choices=["otel", "ecs"], nargs="*", default=["otel", "ecs"])
    options = parser.parse_args()
    Path("build").mkdir(exist_ok=True)
    os.sched_setaffinity(0, {CLIENT_CORE})  # inherited by all but the systems
    scale = 0.2 if options.quick else 1.0
    rows: list[Compared] = []
    for mode in options.modes:
        if "null" in options.only:
            rows.append(to_nothing(mode, int(600_000 * scale), options.turns))
        if "opensearch" in options.only:
            rows.append(to_opensearch(mode, int(100_000 * scale), options.turns))
    print(f"{machine()}; Collector {version('elasticsearch')}; load {os.getloadavg()[0]:.1f}\n")
    print(table("Elasticsearch", rows))
    if "d1" in options.only:
        print("\n" + render("D1", to_d1(int(50_000 * scale), options.turns)))


if __name__ == "__main__":
    main()
