"""`service.encryption` in a real service: nothing that waits is readable on disk, and a domain's key takes its records with it."""

from __future__ import annotations

import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector.backend.compacting import ask, is_asked
from collector.backend.offline import view_of
from collector.encryption.master_key import new_master_key, written
from collector.encryption.place import KeyPlace
from collector.outcomes import Counts
from collector.testing.conservation import assert_directory_conserved
from collector.testing.service import Service, free_ports
from counterparts.keys import bytes_in

CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
processors: {{categorize: {{}}, triage: {{}}, patterns: {{}}, issues: {{}}}}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  domains: {{names: [a.example, b.example], header: x-logboom-domain}}
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {metrics}}}}}}}}}]}}}}
  journal: {{max_bytes: 16MiB}}
  ledger: {{max_bytes: 16MiB, partitions: 1}}
  processes: {{shutdown_timeout: 2s}}
  pipelines:
    logs: {{receivers: [otlp], processors: [categorize, triage, patterns, issues], exporters: [otlp_http/late, otlp_http/spilling]}}
"""
A, B = "a.example", "b.example"
EXPORTERS = ("otlp_http/late", "otlp_http/spilling")
MARK = {A: "Zaphod Beeblebrox was here", B: "Tricia McMillan was here"}


class Destination:
    """Takes OTLP, as soon as it listens."""

    def __init__(self) -> None:
        [self.port] = free_ports(1)
        self.got: list[bytes] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        got = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def send(service: Service, domain: str) -> None:
    record = {
        "timeUnixNano": str(time.time_ns()), "severityNumber": 17, "body": {"stringValue": f"{MARK[domain]}: failed"},
        "attributes": [{"key": "exception.type", "value": {"stringValue": f"{MARK[domain]}Error"}}],
    }  # fmt: skip
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs",
        body,
        {"content-type": "application/json", "x-logboom-domain": domain},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def await_counts(service: Service, said: Callable[[Counts], bool]) -> Counts:
    """Until the account of the data directory is so."""
    deadline = time.monotonic() + 90
    while True:
        with closing(view_of(service.data)) as view:
            counts = view.counts()
        if said(counts):
            return counts
        assert time.monotonic() < deadline, f"{counts}\n{service.log.read_text()[-4000:]}"
        time.sleep(0.1)


def readable(*roots: Path) -> list[str]:
    found = bytes_in(*roots)
    return [domain for domain, mark in MARK.items() if mark.encode() in found or mark.lower().encode() in found]


@pytest.mark.e2e
@pytest.mark.slow
def test_a_domain_whose_key_is_destroyed_leaves_nothing_and_the_other_is_delivered(tmp_path: Path) -> None:
    (tmp_path / "master.key").touch(mode=0o600)
    (tmp_path / "master.key").write_text(written([new_master_key()]))
    destination = Destination()
    to = f"endpoint: 'http://127.0.0.1:{destination.port}', compression: none, retry_on_failure: {{initial_interval: 100ms, max_interval: 500ms}}"
    exporters = (
        f"exporters: {{otlp_http/late: {{{to}}}, "
        f"otlp_http/spilling: {{{to}, sending_queue: {{sizer: bytes, queue_size: 1, on_full: spill}}}}}}"
    )
    keys = f"service: {{encryption: {{master_key: {{file: {tmp_path}/master.key}}, keys: {tmp_path}/keys.db}}}}"
    service = Service(tmp_path, exporters, keys, config=CONFIG)
    with service:
        for domain in (A, B):
            send(service, domain)
        await_counts(
            service, lambda counts: all(counts[d, f"exporter/{e}", "enqueued"] >= 1 for d in (A, B) for e in EXPORTERS)
        )
        assert readable(service.data) == []
        assert service.terminate() == 0
    assert readable(service.data) == []
    assert list(service.data.glob("partition/0/spill/*/0*"))
    shutil.copytree(service.data, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))

    place = KeyPlace.remembered(service.data)
    assert place is not None
    assert place.ring().destroy(A) >= 2
    ask(service.data)
    with destination.listening(), service:
        assert not is_asked(service.data)
        counts = await_counts(
            service,
            lambda counts: all(
                counts[B, f"exporter/{e}", "exported"] >= 1
                and counts[A, f"exporter/{e}", "dropped:erased"] >= counts[A, f"exporter/{e}", "enqueued"]
                for e in EXPORTERS
            ),
        )
        assert not any(counts[A, f"exporter/{e}", "exported"] for e in EXPORTERS)
        send(service, A)  # under a new key
        await_counts(service, lambda counts: all(counts[A, f"exporter/{e}", "exported"] >= 1 for e in EXPORTERS))
        assert service.terminate() == 0
    assert_directory_conserved(service.data)
    assert readable(service.data, tmp_path / "copy") == []
    before, _, after = b"\n".join(destination.got).partition(MARK[A].encode())
    assert MARK[B].encode() in before
    assert after
