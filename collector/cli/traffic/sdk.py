"""The demo's senders: one OpenTelemetry SDK a service, exactly as a program would set it up."""

from __future__ import annotations

import itertools
import time

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.resources import Resource

from collector.cli.traffic.scenario import SERVICES, SEVERITY_TEXT, Line, Service, lines, resource_of

DOMAIN_HEADER = "x-logboom-domain"


class Senders:
    """An SDK for each service of the scenario."""

    def __init__(self, grpc_endpoint: str, http_endpoint: str, seed: int) -> None:
        self.sent = 0
        self._lines = lines(seed)
        self._providers = {service.name: provider(service, grpc_endpoint, http_endpoint) for service in SERVICES}

    def emit(self, count: int) -> None:
        """Log the next `count` lines, each through its service's SDK."""
        for line in itertools.islice(self._lines, count):
            self._providers[line.service.name].get_logger(line.logger).emit(record(line))
        self.sent += count

    def close(self) -> None:
        """Flush every SDK; all that was emitted is acknowledged, or the SDK has logged why not."""
        for provider in self._providers.values():
            provider.shutdown()


def provider(service: Service, grpc_endpoint: str, http_endpoint: str, version: str = "") -> LoggerProvider:
    """The SDK of a service; of another version than the scenario's where one is named."""
    named = {"service.version": version} if version else {}
    resource = Resource.create(resource_of(service) | named)
    headers = {DOMAIN_HEADER: service.domain}
    exporter: LogRecordExporter = (
        GrpcExporter(endpoint=grpc_endpoint, insecure=True, headers=headers)
        if service.protocol == "grpc"
        else HttpExporter(endpoint=f"{http_endpoint}/v1/logs", headers=headers)
    )
    made = LoggerProvider(resource, shutdown_on_exit=False)
    made.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=200))
    return made


def record(line: Line) -> LogRecord:
    """A line as an SDK's record, said now."""
    attributes = dict(line.attributes)
    if line.error:
        kind, message = line.error
        attributes |= {"exception.type": kind, "exception.message": message}
    now = time.time_ns()
    return LogRecord(
        timestamp=now,
        observed_timestamp=now,
        severity_number=SeverityNumber(line.severity),
        severity_text=SEVERITY_TEXT[line.severity],
        body=line.body,
        attributes=attributes,
    )
