"""`logboom send` against nobody."""

from __future__ import annotations

import json

import pytest
import typer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from typer.testing import CliRunner

from collector.cli.send import _requests, send
from collector.testing.service import free_ports


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_collector_that_is_not_there_is_named_at_once_and_given_up_after_one_patience(protocol):
    """Twenty requests do not wait twenty times; each connection tries one, and the answer says why."""
    app = typer.Typer()
    app.command()(send)
    [port] = free_ports(1)
    options = ["--protocol", protocol, "--endpoint", f"127.0.0.1:{port}", "--patience", "0.2", "--connections", "2"]
    result = CliRunner().invoke(app, [*options, "--records", "10000", "--batch-size", "500", "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["acknowledged"] == 0
    assert 500 <= told["failed"] <= 1000
    assert "refused" in told["problem"]
    assert result.stderr.count("not taken yet, sending it again: ") == 1


@pytest.mark.parametrize(("records", "batch_size"), [(5, 500), (500, 500), (1001, 500), (1, 1), (7, 3)])
def test_exactly_the_asked_number_of_records_is_sent(records, batch_size):
    """The last request holds what is left."""
    bodies = [template.numbered(n) for n, template in enumerate(_requests(records, batch_size, seed=1))]
    counts = [
        sum(len(s.log_records) for r in ExportLogsServiceRequest.FromString(body).resource_logs for s in r.scope_logs)
        for body in bodies
    ]
    assert sum(counts) == records
    assert set(counts[:-1]) <= {batch_size}
