"""How long it takes from the acknowledgement of a critical record to the call of whoever is to hear of it, beside other traffic: `make alert-latency`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import urllib.request
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


def probe(port: int, name: str) -> float:
    """A critical record; when it was acknowledged."""
    record = {"timeUnixNano": str(time.time_ns()), "severityNumber": 21, "body": {"stringValue": "boom"}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
    body = json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60):
        return time.monotonic()


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
        load = pool.submit(send, "grpc", service.grpc, 1000, 4, asked.rate * asked.seconds, float(asked.rate))
        taken, number = {}, 0
        while not load.done():
            taken[f"probe-{number}"] = probe(service.http, f"probe-{number}")
            number += 1
            time.sleep(0.25)
        deadline = time.monotonic() + 60
        while taken.keys() - calls.at.keys() and time.monotonic() < deadline:
            time.sleep(0.1)
        sent = load.result()
    found = sorted(1000 * (calls.at[name] - at) for name, at in taken.items() if name in calls.at)
    sys.stdout.write(
        f"{sent.acknowledged / sent.seconds:,.0f} records/s acknowledged for {sent.seconds:.0f} s; {len(taken)} alerts, {len(taken) - len(found)} never told; "
        f"ms from acknowledgement to call: median {found[len(found) // 2]:.0f}, p99 {found[int(len(found) * 0.99)]:.0f}, largest {found[-1]:.0f}\n"
    )  # fmt: skip


if __name__ == "__main__":
    main()
