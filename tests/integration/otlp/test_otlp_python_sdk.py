"""The Python SDK's exporters against the receiver."""

from __future__ import annotations

import grpc
import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collector.errors import Exhausted, Refusal, Unavailable
from collector.testing.intake import MemoryIntake
from counterparts.receiving import Receiving, receiving


def grpc_exporter(running: Receiving, compression: str) -> LogRecordExporter:
    kind = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}[compression]
    return GrpcExporter(endpoint=running.grpc, insecure=True, compression=kind, timeout=10)


def http_exporter(running: Receiving, compression: str) -> LogRecordExporter:
    kind = {"none": Compression.NoCompression, "gzip": Compression.Gzip}[compression]
    return HttpExporter(endpoint=f"http://{running.http}/v1/logs", compression=kind, timeout=10)


EXPORTERS = {"grpc": grpc_exporter, "http": http_exporter}


def emit(exporter: LogRecordExporter, count: int) -> None:
    provider = LoggerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("test")
    for number in range(count):
        logger.emit(timestamp=number + 1, severity_number=SeverityNumber.WARN, body=f"record {number}")
    provider.shutdown()


def bodies(intake: MemoryIntake) -> list[str]:
    requests = [ExportLogsServiceRequest.FromString(payload.body) for payload in intake.payloads]
    return [
        record.body.string_value
        for request in requests
        for resource_logs in request.resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", EXPORTERS)
def test_every_record_arrives(protocol, compression):
    """Each record that the SDK emits arrives once, in order."""
    with receiving() as running:
        emit(EXPORTERS[protocol](running, compression), 5)
        assert bodies(running.intake) == [f"record {number}" for number in range(5)]


class RefusingOnce(MemoryIntake):
    """Refuses the first request, then accepts."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refused = 0

    def append(self, payloads, done):
        super().append(payloads, done)
        if self.answer is not None:
            self.refused += 1
            self.answer = None


@pytest.mark.parametrize(
    "refusal", [Unavailable("full", 0.1), Exhausted("too fast", 0.1)], ids=["unavailable", "exhausted"]
)
@pytest.mark.parametrize("protocol", EXPORTERS)
def test_the_sdk_comes_again(protocol, refusal):
    """A refusal of ours makes the SDK retry: nothing is lost and nothing comes twice."""
    intake = RefusingOnce(refusal)
    with receiving(intake=intake) as running:
        emit(EXPORTERS[protocol](running, "none"), 1)
    assert intake.refused == 1
    assert bodies(intake) == ["record 0"]
