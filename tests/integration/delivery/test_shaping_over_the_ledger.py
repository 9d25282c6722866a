"""Selecting and redacting on a real partition, to a real server: the account adds up on disk, and nothing hidden leaves."""

from __future__ import annotations

import time
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from collector.component import Context
from collector.delivery.engine import Delivery
from collector.ledger.interface import Commit
from collector.ledger.plan import PipelinePlan
from collector.testing.conservation import assert_conserved
from counterparts.partition_bench import PartitionBench, plan
from exporters.otlp_grpc.config import OtlpConfig
from exporters.otlp_grpc.exporter import OtlpExporter


class Recorder(logs_service_pb2_grpc.LogsServiceServicer):
    """Keeps every request; refuses those with the body `bad`."""

    def __init__(self):
        self.requests = []
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):
        if "bad" in bodies([request]):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        self.requests.append(request)
        return logs_service_pb2.ExportLogsServiceResponse()


def bodies(requests):
    return [
        record.body.string_value
        for request in requests
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@pytest.fixture
def server():
    one = Recorder()
    yield one
    one.server.stop(0).wait()


@pytest.mark.parametrize("passthrough", [True, False], ids=["payloads", "batches"])
def test_selected_redacted_counted(tmp_path, server, passthrough):
    """Entries of two domains, a body that the server refuses, a secret in a body: each record ends where it must."""
    bench = PartitionBench(
        tmp_path, plan(PipelinePlan("logs", frozenset({"otlp"}), ("otlp",), passthrough=passthrough))
    )
    for n in range(20):
        bench.put(f"{n} s3cret", "noise", domain="a.example")
        bench.put(f"{n} other", domain="b.example")
    bench.put("bad", "fine", domain="a.example")
    while (read := bench.read()).entries:
        if passthrough:
            bench.ledger.commit(Commit("logs", read, {"logs": read.entries}))
        else:
            bench.step()
    options = {
        "endpoint": f"127.0.0.1:{server.port}",
        "tls": {"insecure": True},
        "select": {"domains": ["a.*"], "conditions": ['not IsMatch(body, "noise")']},
        "attributes": {"deny": ["*"]},
        "redact": {"patterns": ["s3cret"]},
    }
    config = OtlpConfig.model_validate(options)
    delivery = Delivery({"otlp": (OtlpExporter(config, Context("otlp", Path())), config)}, {0: bench.ledger})
    delivery.start()
    try:
        while bench.partition.queues()["otlp"].records:
            time.sleep(0.01)
    finally:
        delivery.shutdown(5)
    assert sorted(bodies(server.requests)) == sorted([f"{n} ****" for n in range(20)] + ["fine"])
    assert not any(b"s3cret" in request.SerializeToString() for request in server.requests)
    assert not any(resource.resource.attributes for request in server.requests for resource in request.resource_logs)
    found = {outcome: bench.count("exporter/otlp", outcome) for outcome in ("exported", "filtered", "dead_lettered")}
    assert found == {"exported": 21, "filtered": 20, "dead_lettered": 1}
    assert bench.count("exporter/otlp", "filtered", domain="b.example") == 20
    assert_conserved(bench.partition)
    bench.close()
