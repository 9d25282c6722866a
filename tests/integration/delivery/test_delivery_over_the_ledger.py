"""Delivery on a real partition, to real servers: nothing is lost while they are down, and the account adds up."""

from __future__ import annotations

import json
import time
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from typer.testing import CliRunner

from collector.cli.deadletter import app
from collector.component import Context
from collector.delivery.config import DeliveryConfig
from collector.delivery.engine import Delivery
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PartitionBench, plan
from exporters.nop.config import NopConfig
from exporters.nop.exporter import NopExporter
from exporters.otlp_grpc.config import OtlpConfig
from exporters.otlp_grpc.exporter import OtlpExporter

QUICK = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"}}


class LogsServer(logs_service_pb2_grpc.LogsServiceServicer):
    """Keeps the bodies of what it accepts; `refusal(bodies)` gives a status and a message, or None."""

    def __init__(self, port=0):
        self.bodies, self.calls, self.refusal = [], 0, lambda bodies: None
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    def Export(self, request, context):
        self.calls += 1
        bodies = [
            record.body.string_value
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        if refused := self.refusal(bodies):
            context.abort(*refused)
        self.bodies += bodies
        return logs_service_pb2.ExportLogsServiceResponse()

    def stop(self):
        self.server.stop(0).wait()


def otlp(port, **options):
    config = OtlpConfig.model_validate({"endpoint": f"127.0.0.1:{port}", "tls": {"insecure": True}, **QUICK, **options})
    return OtlpExporter(config, Context("otlp", Path())), config


@pytest.fixture
def bench(tmp_path):
    one = PartitionBench(tmp_path, plan(PipelinePlan("logs", frozenset({"otlp"}), ("otlp", "nop"), passthrough=True)))
    (tmp_path / "data" / "partition").mkdir(parents=True)
    (tmp_path / "data" / "partition" / "0").symlink_to(tmp_path / "partition")
    yield one
    assert_conserved(one.partition)
    one.close()


@pytest.fixture
def server():
    one = LogsServer()
    yield one
    one.stop()


def deliver(bench, exporters, until):
    """Deliver until the condition holds."""
    delivery = Delivery(exporters, {0: bench.ledger})
    delivery.start()
    try:
        while not until():
            time.sleep(0.01)
    finally:
        delivery.shutdown(5)
    return delivery


def queued(bench, exporter):
    state = bench.partition.queues().get(exporter)
    return state.records if state else 0


def forward(bench):
    """One step of a pipeline without processors."""
    read = bench.read()
    bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))


def command(bench, *arguments):
    result = CliRunner().invoke(app, [*arguments, "--data-dir", str(bench.root / "data")])
    assert result.exit_code == 0, result.output
    return result.output


def test_destination_down_at_shutdown_then_restart(bench):
    """Stopping while the server is away keeps everything; after the restart all arrive, once in the account."""
    server = LogsServer()
    server.stop()
    for n in range(30):
        bench.put(f"{n}a", f"{n}b")
        bench.step()
    exporters = {"otlp": otlp(server.port), "nop": (NopExporter(NopConfig(), Context("nop", Path())), DeliveryConfig())}
    delivery = Delivery(exporters, {0: bench.ledger})
    delivery.start()
    while queued(bench, "nop") or (away := delivery.statistics()["otlp"]).state != "retrying":
        time.sleep(0.01)  # between two attempts, that is; during one the state is another
    assert away.reason.startswith("UNAVAILABLE")
    delivery.shutdown(5)
    assert queued(bench, "otlp") == 60
    assert bench.count("exporter/nop", "exported") == 60

    bench.reopen()
    again = LogsServer(server.port)
    try:
        deliver(bench, {"otlp": otlp(server.port)}, lambda: not queued(bench, "otlp"))
    finally:
        again.stop()
    assert sorted(again.bodies) == sorted(f"{n}{x}" for n in range(30) for x in "ab")
    assert bench.count("exporter/otlp", "exported") == 60


def test_payloads_pass_through_without_being_decoded(bench, server):
    """A pipeline without processors forwards whole payloads, several as one request, byte for byte."""
    for n in range(6):
        bench.put(f"{n}")
    forward(bench)
    seen = []
    exporter, config = otlp(server.port)
    exporter.encode = seen.append
    deliver(bench, {"otlp": (exporter, config)}, lambda: not queued(bench, "otlp"))
    assert seen == []
    assert server.bodies == [f"{n}" for n in range(6)]
    assert server.calls == 1


def test_payloads_are_decoded_only_to_find_what_is_refused(bench, server):
    """INVALID_ARGUMENT for one record: its neighbours arrive, it alone becomes a dead letter, replayable."""
    for n in range(4):
        bench.put(f"{n}a", f"{n}b", f"{n}c")
    forward(bench)
    server.refusal = lambda bodies: (grpc.StatusCode.INVALID_ARGUMENT, "no 2b") if "2b" in bodies else None
    deliver(bench, {"otlp": otlp(server.port)}, lambda: not queued(bench, "otlp"))
    assert sorted(server.bodies) == sorted(f"{n}{x}" for n in range(4) for x in "abc" if f"{n}{x}" != "2b")
    assert bench.count("exporter/otlp", "exported") == 11
    assert bench.count("exporter/otlp", "dead_lettered") == 1

    [letter] = [json.loads(line) for line in command(bench, "list", "--json").splitlines()]
    assert (letter["owner"], letter["reason"], letter["records"]) == (
        "exporter/otlp",
        "INVALID_ARGUMENT: no 2b",
        1,
    )
    assert "INVALID_ARGUMENT: no 2b" in command(bench, "list")
    assert '"stringValue":"2b"' in command(bench, "show", letter["id"])

    command(bench, "replay", letter["id"])
    server.refusal = lambda bodies: None
    bench.clock.unix_ms += 60_000
    bench.ledger.maintain()
    deliver(bench, {"otlp": otlp(server.port)}, lambda: not queued(bench, "otlp"))
    assert server.bodies.count("2b") == 1
    assert command(bench, "list") == "no dead letters\n"


def test_choosing_dead_letters(bench, server):
    """Filters choose by exporter, domain and reason; `--all` or names, never both or neither."""
    bench.put("a", domain="a.example")
    bench.step()
    bench.put("b", domain="b.example")
    bench.step()
    server.refusal = lambda bodies: (grpc.StatusCode.INVALID_ARGUMENT, f"not {bodies[0]}")
    deliver(bench, {"otlp": otlp(server.port)}, lambda: not queued(bench, "otlp"))

    def ids(*filters):
        return [json.loads(line)["id"] for line in command(bench, "list", "--json", *filters).splitlines()]

    both = ids()
    assert len(both) == 2
    [of_b] = ids("--domain", "b.example")
    assert ids("--reason", "not b") == [of_b]
    assert ids("--exporter", "nop") == []
    assert ids("--limit", "1") == both[:1]
    for code, wrong in (
        (2, []),
        (2, [both[0], "--all"]),
        (1, ["0:999"]),
        (1, ["nonsense"]),
        (1, ["--all", "--domain", "c.example"]),
    ):
        result = CliRunner().invoke(app, ["replay", *wrong, "--data-dir", str(bench.root / "data")])
        assert result.exit_code == code
        assert "error:" in result.output
    result = CliRunner().invoke(app, ["list", "--data-dir", str(bench.root / "nowhere")])
    assert (result.exit_code, "is no data directory" in result.output) == (1, True)
    command(bench, "delete", "--all", "--reason", "not a")
    bench.clock.unix_ms += 60_000
    bench.ledger.maintain()
    assert ids() == [of_b]


def test_a_server_that_wants_smaller_requests(bench, server):
    """Too large, split as long as needed: everything arrives, in order within the entry."""
    bench.put(*[f"{n}" for n in range(100)])
    bench.step()
    server.refusal = lambda bodies: (
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "received message larger than max") if len(bodies) > 13 else None
    )
    exporter = otlp(server.port, sending_queue={"num_consumers": 1})
    deliver(bench, {"otlp": exporter}, lambda: not queued(bench, "otlp"))
    assert server.bodies == [f"{n}" for n in range(100)]
    assert bench.count("exporter/otlp", "exported") == 100
