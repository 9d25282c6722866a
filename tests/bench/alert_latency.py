"""How long it takes from a critical record to its row in SQLite and to the call of whoever is to hear of it, beside other traffic: `make alert-latency`.

Both from when the record was sent, the second from its acknowledgement as well. A row is seen by who looks each 5 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from load import send

from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder, Received


def configuration(url: str) -> str:
    """Probes alert at once; what else is critical goes elsewhere."""
    return json.dumps({
        "connectors": {
            "alerting": {
                "route": {"receiver": "other", "routes": [
                    {"matchers": ['service=~"probe-.*"'], "receiver": "page", "group_by": ["service"], "group_wait": "0s"},
                ]},
                "receivers": {"page": ["webhook"], "other": ["webhook/other"]}, "limits": {"groups": 100_000},
            }
        },
        "exporters": {"webhook": {"endpoint": f"{url}/page"}, "webhook/other": {"endpoint": f"{url}/other"}},
        "service": {
            "pipelines": {
                "logs": {"receivers": ["otlp"], "processors": ["categorize", "triage"], "exporters": ["sqlite", "alerting"]},
                "logs/alerts": {"receivers": ["alerting"], "exporters": ["webhook", "webhook/other"]},
            }
        },
    })  # fmt: skip


class Calls:
    """When each probe's call came."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def __call__(self, received: Received) -> Answer:
        if received.path == "/page":
            self.at.setdefault(json.loads(received.body)["groupLabels"]["service"], time.monotonic())
        return Answer()


class Rows(threading.Thread):
    """When each probe's row was to be read."""

    def __init__(self, store: Path) -> None:
        super().__init__(daemon=True)
        self.at: dict[str, float] = {}
        self.ended = threading.Event()
        self._store = store

    def run(self) -> None:
        """Until `ended`: read what is new."""
        seen = 0
        with contextlib.closing(sqlite3.connect(f"file:{self._store}?mode=ro", uri=True, timeout=10)) as reading:
            while not self.ended.wait(0.005):
                (newest,) = reading.execute("SELECT coalesce(max(rowid), 0) FROM logs").fetchone()
                now = time.monotonic()
                new = reading.execute(
                    "SELECT service_name FROM logs WHERE rowid > ? AND rowid <= ? AND service_name GLOB 'probe-*'",
                    (seen, newest),
                )
                for (name,) in new.fetchall():
                    self.at.setdefault(name, now)
                seen = newest


def probe(port: int, name: str) -> tuple[float, float]:
    """A critical record; when it was sent and acknowledged."""
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 21, "body": {"stringValue": "boom"}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", body, {"Content-Type": "application/json"})
    sent = time.monotonic()
    with urllib.request.urlopen(asked, timeout=60):
        return sent, time.monotonic()


def said(what: str, begin: Mapping[str, float], end: Mapping[str, float]) -> str:
    """A line: of how many, in ms."""
    took = sorted(1000 * (end[name] - at) for name, at in begin.items() if name in end)
    return (
        f"{what}: {len(took)} of {len(begin)}; median {took[len(took) // 2]:.0f}, p99 {took[int(len(took) * 0.99)]:.0f}, "
        f"largest {took[-1]:.0f} ms\n"
    )


def main() -> None:
    """Probe, wait, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    calls = Calls()
    with (
        tempfile.TemporaryDirectory() as folder,
        HttpRecorder(calls) as recorder,
        Service(Path(folder), configuration(recorder.url)) as service,
        ThreadPoolExecutor(1) as pool,
    ):
        rows = Rows(service.data / "store.db")
        rows.start()
        load = pool.submit(send, "grpc", service.grpc, 1000, 4, asked.rate * asked.seconds, float(asked.rate))
        taken, number = {}, 0
        while not load.done():
            taken[f"probe-{number}"] = probe(service.http, f"probe-{number}")
            number += 1
            time.sleep(0.25)
        deadline = time.monotonic() + 60
        while taken.keys() - (calls.at.keys() & rows.at.keys()) and time.monotonic() < deadline:
            time.sleep(0.1)
        rows.ended.set()
        rows.join()
        sent = load.result()
    began = {name: at for name, (at, _) in taken.items()}
    acknowledged = {name: at for name, (_, at) in taken.items()}
    sys.stdout.write(f"{sent.acknowledged / sent.seconds:,.0f} records/s acknowledged for {sent.seconds:.0f} s\n")
    sys.stdout.write(said("sent to acknowledged", began, acknowledged) + said("sent to row", began, rows.at))
    sys.stdout.write(said("sent to call", began, calls.at) + said("acknowledged to call", acknowledged, calls.at))


if __name__ == "__main__":
    main()
