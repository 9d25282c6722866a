"""Tenants that are told apart by a header: each record reaches its destination with its own sender's header, over kill -9, and nobody reads it on the way."""

from __future__ import annotations

import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from typer.testing import CliRunner

from collector.cli import app
from collector.testing.payloads import payload
from collector.testing.service import Service
from counterparts.http_recorder import Answer, HttpRecorder, Received

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECRET = "marker7d1e5b90c24f8a63"
CONFIG = """
receivers: {{otlp: {{protocols: {{grpc: {{include_metadata: true}}, http: {{include_metadata: true}}}}}}}}
processors:
  batch: {{metadata_keys: [X-Scope-OrgID], metadata_cardinality_limit: 3}}
  attributes: {{actions: [{{key: tenant, action: insert, from_context: metadata.x-scope-orgid}}]}}
exporters:
  otlp_http/bytes: {{endpoint: "{url}/bytes", auth: {{authenticator: headers_setter}}, retry_on_failure: {{max_interval: 1s}}}}
  otlp_http/batches: {{endpoint: "{url}/batches", auth: {{authenticator: headers_setter}}, retry_on_failure: {{max_interval: 1s}}}}
extensions:
  headers_setter: {{headers: [{{key: X-Scope-OrgID, from_context: x-scope-orgid, default_value: nobody}}, {{key: authorization, from_context: authorization}}]}}
service:
  processes: {{ingest: 1, shutdown_timeout: 2s}}
  extensions: [health_check, headers_setter]
  pipelines:
    logs: {{receivers: [otlp], processors: [batch], exporters: [otlp_http/bytes]}}
    logs/batches: {{receivers: [otlp], processors: [batch, attributes], exporters: [otlp_http/batches]}}
"""
TENANTS = ["acme", "globex", "nobody"]


def post(service: Service, tenant: str, text: str) -> tuple[int, bytes]:
    headers = {"content-type": "application/x-protobuf", "authorization": f"Bearer {SECRET}-{tenant}"}
    headers |= {} if tenant == "nobody" else {"x-scope-orgid": tenant}
    request = urllib.request.Request(f"http://127.0.0.1:{service.http}/v1/logs", payload(3, text), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def call(service: Service, tenant: str, text: str) -> None:
    metadata = (("x-scope-orgid", tenant), ("authorization", f"Bearer {SECRET}-{tenant}"))
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc}") as channel:
        export = LogsServiceStub(channel).Export  # type: ignore[no-untyped-call]  # generated
        export(
            ExportLogsServiceRequest.FromString(payload(3, text)), metadata=metadata, timeout=60, wait_for_ready=True
        )


def bodies(got: Received) -> list[tuple[str, str]]:
    """(body, attribute `tenant`) of each record."""
    request = ExportLogsServiceRequest.FromString(got.body)
    return [
        (record.body.string_value, next((a.value.string_value for a in record.attributes if a.key == "tenant"), ""))
        for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]  # fmt: skip


def eventually(condition: Callable[[], object], service: Service) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, service.log.read_text()[-4000:]
        time.sleep(0.1)


def test_each_record_with_its_own_header(tmp_path):
    up, arrived = False, []

    def answer(got: Received) -> Answer:
        arrived.append(got)
        return Answer(b"", 200 if up else 503)

    with HttpRecorder(answer) as upstream, Service(tmp_path, CONFIG.format(url=upstream.url)) as service:
        for number in range(4):
            for tenant in TENANTS:
                assert post(service, tenant, f"{tenant} {number}")[0] == 200
        call(service, "globex", "globex 4")
        status, said = post(service, "fourth", "fourth 0")
        assert status == 500
        assert b"too many batcher metadata-value combinations" in said
        eventually(lambda: {got.path.split("/")[1] for got in arrived} == {"bytes", "batches"}, service)
        service.kill()
        holding = [path for path in service.data.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
        up = True
        arrived.clear()
        service.start()
        expected = {f"{tenant} {number} {place}" for tenant in TENANTS for number in range(4) for place in range(3)}
        expected |= {f"globex 4 {place}" for place in range(3)}
        for way in ("bytes", "batches"):
            eventually(lambda way=way: expected == {
                body for got in arrived if got.path.startswith(f"/{way}") for body, _ in bodies(got)
            }, service)  # fmt: skip
        for got in arrived:
            tenant = got.headers["x-scope-orgid"]
            assert got.headers["authorization"] == f"Bearer {SECRET}-{tenant}"
            assert {body.split()[0] for body, _ in bodies(got)} == {tenant}
            if got.path.startswith("/batches"):
                assert {told for _, told in bodies(got)} == {"" if tenant == "nobody" else tenant}
        service.await_ready()
        shown = service.get("/")[1] + service.get("/metrics", service.metrics)[1] + service.log.read_text()
        shown += CliRunner().invoke(app, ["deadletter", "list", "--json", "--data-dir", str(service.data)]).output
        assert SECRET not in shown
        assert service.terminate() == 0
