"""The pages of the extension `zpages`: what each shows, that nothing in them is markup of others, and where they are served."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import pytest

from collector.extensions.zpages.config import ZPagesConfig
from collector.outcomes import Outcome
from collector.service.zpages import ZPages
from collector.settings import load
from collector.telemetry.health import Health
from collector.telemetry.snapshot import ExporterQueue, JournalState, ListenerState, ProcessState, Snapshot

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "localhost:0"}}}}
processors: {triage: {}}
exporters: {debug: {}, otlp_http/secret: {endpoint: "https://example.com", headers: {authorization: hidden}}}
extensions: {zpages: {}, pprof: {}}
service:
  extensions: [zpages, pprof]
  pipelines:
    logs: {receivers: [otlp], processors: [triage], exporters: [debug, otlp_http/secret]}
    traces: {receivers: [otlp], processors: [triage], exporters: [debug]}
"""
SNAPSHOT = Snapshot(
    Counter({("a.com", "pipeline/logs", str(Outcome.ACCEPTED)): 3, ("b.com", "pipeline/logs", str(Outcome.ACCEPTED)): 4,
             ("a.com", "exporter/debug", str(Outcome.EXPORTED)): 6}),
    journals=[JournalState(0, 1 << 20, 64 << 20, 2, int(time.time() * 1000) - 5000)],
    queues={"debug": ExporterQueue(1, 2 << 20, 8 << 20, 0), "otlp_http/secret": ExporterQueue(0, 0, 8 << 20, 0)},
    processes=[ProcessState("ingest 0", 4711, 1.5, 90 << 20)],
    exporters={"debug": {"state": "retrying", "reason": "<script>alert(1)</script>"}},
    listeners={"otlp http": ListenerState(0, 0.002)},
    operations={"worker-0": {"step": [0, 0, 7, 0, 0, 0, 1, 0, 0]}},
    slow=[("worker-0", "step", 1_700_000_000 * 10**9, 1_500_000_000, {"logboom.pipeline": "logs", "logboom.records": 3}, {"processor <b>": 1_400_000_000})],
)  # fmt: skip
SHOWN = {
    "/": ["What runs"],
    "/debug/servicez": ["ingest 0", "4711", "90.0 MiB", "refusing", "a disk is full", "otlp http", "2 ms"],
    "/debug/pipelinez": ["<td>logs</td><td>otlp</td><td>triage</td><td>debug, otlp_http/secret</td><td>7</td>", "<td>36",   "retrying", "2.0 MiB", "Not run", "traces"],
    "/debug/extensionz": ["zpages", "pprof", "without effect: py-spy"],
    "/debug/featurez": ["no feature gates"],
    "/debug/tracez": ["<td>step</td><td>worker-0</td><td>0</td><td>0</td><td>7</td>", "under 0.001 s", "2023-11-14T22:13:20.000+00:00", "1500.0 ms",
                      "pipeline logs, records 3", "processor &lt;b&gt; 1400.0 ms"],
}  # fmt: skip


@pytest.fixture(scope="module")
def routes():
    """Of a service that is not well."""
    settings = load([f"yaml:{CONFIG}"])
    health = Health(ready=False, live=True, phase="refusing", started_unix=time.time(), degraded=["a disk is full"])

    def seen() -> Snapshot:
        return replace(SNAPSHOT, unread_unix_ms={"logs": int(time.time() * 1000) - 3_600_000})

    return ZPages(lambda: settings, lambda: health, seen).routes()


@pytest.mark.parametrize("path", SHOWN)
def test_each_page_shows_what_it_is_for(routes, path):
    """And links to all others."""
    status, kind, body = routes[path]()
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert [text for text in SHOWN[path] if text not in body] == []
    assert [other for other in SHOWN if other != "/" and f'<a href="{other}">' not in body] == []


def test_no_page_has_options_addresses_or_markup_of_others(routes):
    everything = "".join(answer()[2] for answer in routes.values())
    assert "example.com" not in everything
    assert "hidden" not in everything
    assert "<script" not in everything
    assert "&lt;script&gt;" in everything


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ("localhost:55679", "localhost:55679"),
        ("0.0.0.0:1234", "127.0.0.1:1234"),
        (":1234", "127.0.0.1:1234"),
        ("192.0.2.7:1234", "127.0.0.1:1234"),
        ("[::1]:1234", "[::1]:1234"),
    ],
)
def test_other_machines_do_not_reach_them(written, served):
    """What is served elsewhere than it is written is told."""
    config = ZPagesConfig(endpoint=written)
    assert (config.served_at(), list(config.listens_on())) == (served, [served])
    assert bool(config.cautions()) == (written != served)
