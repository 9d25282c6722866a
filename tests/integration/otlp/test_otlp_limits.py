"""Limits against real senders: SDKs slow down and lose nothing; a flooding domain is told, its neighbour does not notice."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from collector.admission.limits import Limits
from collector.domains.limits import LimitRules
from collector.domains.rate_table import FILE, RateTable
from collector.domains.resolver import DomainRules
from collector.testing.payloads import payload
from counterparts.receiving import Receiving, receiving

NAMES = DomainRules(names=["flood.example", "calm.example"], default="calm.example", header="x-domain")


@contextlib.contextmanager
def limited(folder: Path, **rates: float) -> Iterator[tuple[Receiving, Limits]]:
    limits = Limits(LimitRules(overrides={"flood.example": rates}, burst_secs=0.5), RateTable(folder / FILE))
    with receiving(rules=NAMES, before=[limits.before], behind=[limits.after]) as running:
        yield running, limits


def exporter(protocol: str, running: Receiving, domain: str):
    if protocol == "grpc":
        return GrpcExporter(endpoint=running.grpc, insecure=True, headers={"x-domain": domain}, timeout=20)
    return HttpExporter(f"http://{running.http}/v1/logs", headers={"x-domain": domain}, timeout=20)


def emit(made, records: int) -> float:
    """Sends one request a record; the seconds that it took."""
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(made))
    logger, began = provider.get_logger("test"), time.monotonic()
    for number in range(records):
        logger.emit(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body=f"record {number}")
    provider.shutdown()
    return time.monotonic() - began


@pytest.mark.parametrize("protocol", ["grpc", "http"])
@pytest.mark.parametrize("unit", ["requests", "records"])
def test_the_python_sdk_slows_down_and_loses_nothing(tmp_path, protocol, unit):
    """Ten a second, 20 at once: it is told several times to come again, and does."""
    with limited(tmp_path, **{unit: 10.0}) as (running, limits):
        emit(exporter(protocol, running, "flood.example"), 20)
        assert [(domain, of) for domain, of, _ in limits.refused()] == [("flood.example", f"{unit}_per_second")]
        assert len(running.intake.payloads) == 20


def test_the_neighbour_does_not_notice(tmp_path):
    """Not one refusal beside a domain that is refused all the time."""
    with limited(tmp_path, requests=0.001) as (running, limits):
        for number in range(20):
            connection = http.client.HTTPConnection(running.http, timeout=10)
            headers = {"content-type": "application/x-protobuf", "x-domain": "flood.example"}
            connection.request("POST", "/v1/logs", payload(number + 1), headers)
            with contextlib.closing(connection), connection.getresponse() as answer:
                assert answer.status == (200 if number == 0 else 429)
                assert number == 0 or answer.getheader("retry-after") in ("1", "2")
        emit(exporter("grpc", running, "calm.example"), 50)
        assert list(limits.refused()) == [("flood.example", "requests_per_second", 19)]
        assert [each.domain for each in running.intake.payloads].count("calm.example") == 50
