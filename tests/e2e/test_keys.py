"""Keys of a running logboom: made, rotated and revoked by the command, in force in every process within a second or two."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from collector.testing.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

GUARDED = """
receivers:
  otlp:
    protocols:
      grpc: {auth: {authenticator: api_keys}}
      http: {auth: {authenticator: api_keys}}
extensions: {api_keys: {}}
service:
  extensions: [health_check, api_keys]
  domains: {names: [], default: null}
  processes: {ingest: 2}
"""


def keys(service: Service, *arguments: str) -> dict[str, str]:
    """What a command prints as JSON."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "collector.cli",
        "keys",
        *arguments,
        "--data-dir",
        str(service.data),
        "--json",
    ]
    found: dict[str, str] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def send(service: Service, key: str, body: str, protocol: str = "http") -> None:
    """One record through the SDK, over a connection of its own, so that any of the processes may get it."""
    headers = {"authorization": f"Bearer {key}"}
    exporter = (
        GrpcExporter(endpoint=f"127.0.0.1:{service.grpc}", insecure=True, headers=headers, timeout=10)
        if protocol == "grpc"
        else HttpExporter(endpoint=f"http://127.0.0.1:{service.http}/v1/logs", headers=headers, timeout=10)
    )
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    provider.get_logger("test").emit(timestamp=time.time_ns(), severity_number=SeverityNumber.WARN, body=body)
    provider.shutdown()


def status(service: Service, key: str) -> int:
    """The answer to a request with nothing in it."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"http://127.0.0.1:{service.http}/v1/logs", b"",
        {"authorization": f"Bearer {key}", "content-type": "application/x-protobuf"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def until_all_say(service: Service, key: str, expected: int) -> None:
    """Each of the processes, which share the port, answers so: twenty connections in a row."""
    deadline = time.monotonic() + 30
    in_a_row = 0
    while in_a_row < 20:
        in_a_row = in_a_row + 1 if status(service, key) == expected else 0
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]


def test_a_key_from_its_making_to_its_end(tmp_path):
    """Made while it runs, an SDK sends with it, for a domain that nobody configured; rotated, both are good; revoked, nobody gets
    in; health holds through it all, and no secret stands in a log line, a metric, an answer or a file."""
    with Service(tmp_path, GUARDED) as service:
        assert status(service, "nonsense") == 401
        key = keys(service, "create", "--domain", "tamyla.com")
        until_all_say(service, key["key"], 200)
        send(service, key["key"], "over http")
        send(service, key["key"], "over grpc", "grpc")
        send(service, key["key"], f"started with KEY={key['key']}")
        service.await_stored(3)
        assert service.rows("SELECT DISTINCT domain FROM sent") == [("tamyla.com",)]
        masked = f"started with KEY=lbi_{key['id']}_{'*' * 49}"
        assert service.rows("SELECT count(*) FROM sent WHERE body LIKE 'started%'") == [(1,)]
        assert service.rows("SELECT body FROM sent WHERE body LIKE 'started%'") == [(masked,)]
        heir = keys(service, "rotate", key["id"])
        until_all_say(service, heir["key"], 200)
        assert status(service, key["key"]) == 200
        keys(service, "revoke", key["id"])
        until_all_say(service, key["key"], 401)
        assert status(service, heir["key"]) == 200
        severities = {"expiring": "WARN", "exposed": "ERROR"}
        told = [
            (f"logboom.service.key.{what}", severities.get(what, "INFO"))
            for what in ("created", "expiring", "exposed", "revoked", "rotated")
        ]
        for domain in ("logboom", "tamyla.com"):
            service.await_rows(
                "SELECT DISTINCT event_name, severity_text FROM logs WHERE event_name LIKE 'logboom.service.key.%'"
                f" AND domain = '{domain}' AND event_name NOT LIKE '%used' ORDER BY 1", told,
            )  # fmt: skip
        service.await_rows(
            "SELECT DISTINCT triage_level, triage_rule FROM logs WHERE event_name = 'logboom.service.key.exposed'",
            [("critical", "service/key-exposed")],
        )
        assert service.get("/ready")[0] == 200
        metrics = service.get("/metrics", service.metrics)[1]
        counted = [line for line in metrics.splitlines() if line.startswith("logboom_auth_requests_total{")]
        for labels in (('outcome="let_in"',), ('outcome="Unauthenticated"', 'reason="malformed"')):
            assert [line for line in counted if all(label in line for label in labels)], counted
        shown = service.log.read_text() + service.get("/metrics", service.metrics)[1]
        assert service.terminate() == 0
        shown += service.log.read_text()
        for secret in (key["key"], heir["key"]):
            assert secret.split("_")[2][:20] not in shown
            for path in service.data.rglob("*"):
                if path.is_file():
                    assert secret.split("_")[2].encode() not in path.read_bytes(), path
