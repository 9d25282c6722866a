"""Five typical configurations: CPU of all processes of a system, logboom's and an OpenTelemetry Collector's in one run.

    make bench-collector

OTLP over gRPC in, the processors of the configuration, OTLP over gRPC out to a sink that counts. The same file for both; runs alternate. The system
under test has core 0 for itself, sender and sink share core 1: CPU per record sent is the figure that compares. The Collector's queue is in memory;
logboom writes every record to disk and fsyncs it before the sender is answered. Both let the same number of records through.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from load import Sent, Sink, send
from measuring import row
from processes import CLIENT_CORE, SERVER_CORE, Tree, Usage, await_port, free_port
from systems import System
from tables import Row, machine, render

from counterparts.configurations.chosen import OWN
from counterparts.otelcol import built, version

FILES = ("plain", "filter-conditions", "attributes-actions", "transform-ten", "gateway")
BATCH, CONNECTIONS = 500, 4
_QUIET_SECS, _MOST_SECS = 3.0, 300.0


def tree(name: str, receiver: Mapping[str, Any], sink: int) -> dict[str, Any]:
    """The configuration's processors between a receiver and the sink, with its own sizes of batches."""
    written = yaml.safe_load((OWN / f"{name}.yaml").read_text().replace("${env:ENVIRONMENT:-production}", "production"))
    [pipeline] = written["service"]["pipelines"].values()
    for ident, options in written["processors"].items():
        if ident == "batch":
            (options or {}).pop("timeout", None)  # so that what is through is known soon
    exporter = {"endpoint": f"127.0.0.1:{sink}", "tls": {"insecure": True}, "compression": "none"}
    return {
        "receivers": {"otlp": {"protocols": receiver}},
        "processors": written["processors"],
        "exporters": {"otlp": exporter},
        "service": {"pipelines": {"logs": {"receivers": ["otlp"], "processors": pipeline["processors"], "exporters": ["otlp"]}}},
    }  # fmt: skip


def started(system: str, name: str, sink: int) -> System:
    """One of both, ready."""
    folder = Path(tempfile.mkdtemp(prefix="configurations-bench-", dir=Path.cwd() / "build"))
    grpc, http = free_port(), free_port()
    receiver = {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}
    config = tree(name, receiver, sink)
    config["service"]["telemetry"] = {"metrics": {"level": "none"}}
    file = folder / "config.yaml"
    file.write_text(json.dumps(config))
    began = time.monotonic()
    ours = [str(Path(sys.executable).with_name("logboom")), "run", "--config", str(file), "--data-dir", str(folder / "data")]  # fmt: skip
    command = ours if system == "logboom" else [str(built("processors")), f"--config={file}"]
    running = Tree(command, str(SERVER_CORE), log=folder / "log")
    await_port(grpc, 120.0)
    return System(system, running, grpc, http, time.monotonic() - began, folder)


def measured(system: str, name: str, records: int) -> tuple[Sent, Usage, int]:
    """Warm up, send, wait until nothing more comes; and how many came through."""
    sink = Sink()
    running = started(system, name, sink.port)
    try:
        send("grpc", running.grpc, BATCH, CONNECTIONS, records // 5)
        before, _ = _settled(sink, running.tree)
        start = running.tree.usage()
        sent = send("grpc", running.grpc, BATCH, CONNECTIONS, records)
        after, end = _settled(sink, running.tree)
        return sent, end.since(start), after - before
    finally:
        running.stop()
        sink.stop()


def _settled(sink: Sink, tree: Tree) -> tuple[int, Usage]:
    """How many came once no more do, and what had been used when the last were there: not what is used while nothing comes."""
    deadline, last, since, used = time.monotonic() + _MOST_SECS, -1, time.monotonic(), tree.usage()
    while time.monotonic() - since < _QUIET_SECS and time.monotonic() < deadline:
        if (now := sink.records()) != last:
            last, since, used = now, time.monotonic(), tree.usage()
        time.sleep(0.1)
    return last, used


def compared(name: str, records: int, runs: int) -> list[Row]:
    """Rows of both. The load is the same each time, so what comes through is."""
    taken: dict[str, list[tuple[Sent, Usage]]] = {"logboom": [], "Collector": []}
    shares = set()
    for _ in range(runs):
        for system, found in taken.items():
            sent, usage, through = measured(system, name, records)
            found.append((sent, usage))
            shares.add(round(through / sent.acknowledged, 2))
    assert len(shares) == 1, f"{name}: of what was sent {sorted(shares)} came through"
    return [row(f"{name}.yaml", system, found) for system, found in taken.items()]


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two short runs of each")
    parser.add_argument("--only", choices=FILES, nargs="*", default=FILES)
    options = parser.parse_args()
    Path("build").mkdir(exist_ok=True)
    built("processors")
    os.sched_setaffinity(0, {CLIENT_CORE})  # inherited by all but the systems
    records, runs = (100_000, 2) if options.quick else (400_000, 3)
    rows = [each for name in options.only for each in compared(name, records, runs)]
    print(f"{machine()}; Collector {version('processors')}\n")
    print(render("The same configuration, by logboom and by the Collector", rows, peer="Collector"))


if __name__ == "__main__":
    main()
