"""The JavaScript SDK's three log exporters against the receiver. npm and Node are needed; they are never skipped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.admission.limits import Limits
from collector.domains.limits import LimitRules
from collector.domains.rate_table import FILE, RateTable
from collector.errors import Unavailable
from collector.testing.intake import MemoryIntake
from counterparts.node_packages import with_packages
from counterparts.receiving import Receiving, receiving

RECORDS = 25


@pytest.fixture(scope="module")
def sender() -> Path:
    """send.mjs with its packages beside it."""
    return with_packages(Path(__file__).parent / "javascript")


def url(running: Receiving, protocol: str) -> str:
    return f"http://{running.grpc}" if protocol == "grpc" else f"http://{running.http}/v1/logs"


def send(sender: Path, running: Receiving, protocol: str) -> list[str]:
    """The bodies that arrived, in order."""
    command = ["node", str(sender), protocol, url(running, protocol), str(RECORDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    requests = [ExportLogsServiceRequest.FromString(payload.body) for payload in running.intake.payloads]
    return [
        record.body.string_value
        for request in requests
        for resource_logs in request.resource_logs
        for scope_logs in resource_logs.scope_logs
        for record in scope_logs.log_records
    ]


@pytest.mark.parametrize("protocol", ["grpc", "http", "proto"])
def test_every_record_arrives(sender, protocol):
    """gRPC, HTTP with JSON, HTTP with gzipped protobuf: all records arrive, once."""
    with receiving() as running:
        assert sorted(send(sender, running, protocol)) == sorted(f"record {number}" for number in range(RECORDS))


class RefusingOnce(MemoryIntake):
    """Refuses the first request, then accepts."""

    def append(self, payloads, done):
        super().append(payloads, done)
        self.answer = None


@pytest.mark.parametrize("protocol", ["http", "proto"])
def test_the_sdk_comes_again(sender, protocol):
    """After a refusal the SDK sends the same records again (its gRPC exporter never retries, whoever refuses)."""
    with receiving(intake=RefusingOnce(Unavailable("the journal is full", 0.1))) as running:
        assert sorted(send(sender, running, protocol)) == sorted(f"record {number}" for number in range(RECORDS))
        assert running.admission.statistics().refused_requests == {"Unavailable": 1}


@pytest.mark.parametrize("protocol", ["http", "proto"])
def test_the_sdk_keeps_to_a_limit(sender, protocol, tmp_path):
    """Two requests a second, three at once: told to wait, it waits, and loses nothing."""
    limits = Limits(LimitRules({"requests": 2.0}, burst_secs=0.0), RateTable(tmp_path / FILE))
    with receiving(before=[limits.before], behind=[limits.after]) as running:
        assert sorted(send(sender, running, protocol)) == sorted(f"record {number}" for number in range(RECORDS))
        assert [(domain, unit) for domain, unit, _ in limits.refused()] == [("default", "requests_per_second")]
