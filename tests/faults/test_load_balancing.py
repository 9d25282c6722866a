"""Bad days between delivery and three OTLP servers: over ten thousand records, none missing, whoever goes, refuses or loses an answer."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from counterparts.bad_days import QUICK, Load
from counterparts.otlp_grpc_server import otlp_server
from exporters.load_balancing import FACTORY

OPTIONS = {
    **QUICK,
    "timeout": "0s",
    "protocol": {"otlp": {"tls": {"insecure": True}, "timeout": "10s"}},
    "routing_key": "attributes",
    "routing_attributes": ["log.body"],
    "leave_out_for": "100ms",
}


class BadDay:
    """Answers of one server: `codes` in turn, None takes; then all is well. DEADLINE_EXCEEDED: it has taken what it then denies."""

    def __init__(self, codes):
        self.codes, self.taken = list(codes), Counter()

    def __call__(self, request, context):
        code = self.codes.pop(0) if self.codes else None
        if code is None or code is grpc.StatusCode.DEADLINE_EXCEEDED:  # an answer that was lost
            for resource in request.resource_logs:
                for scope in resource.scope_logs:
                    self.taken.update(record.body.string_value for record in scope.log_records)
        if code is not None:
            context.abort(code, "a bad day")
        return logs_service_pb2.ExportLogsServiceResponse()


def delivered(tmp_path, days):
    """How often each record arrived, all servers together."""
    with Load(tmp_path, FACTORY) as load, ExitStack() as stack:
        servers = [stack.enter_context(otlp_server()) for _ in days]
        for server, day in zip(servers, days, strict=True):
            server.answer = day
        load.deliver({**OPTIONS, "resolver": {"static": {"hostnames": [f"127.0.0.1:{each.port}" for each in servers]}}})
        times = sum((day.taken for day in days), Counter())
        assert times.keys() == set(load.bodies)
        return times


def test_without_faults_each_record_arrives_once(tmp_path):
    """At one of the three, which all have a part."""
    days = [BadDay(()) for _ in range(3)]
    assert set(delivered(tmp_path, days).values()) == {1}
    assert min(len(day.taken) for day in days) > 1000


def test_all_of_it_at_once(tmp_path):
    """Nothing missing; doubled only where an answer was lost."""
    codes = grpc.StatusCode
    mixed = [
        codes.UNAVAILABLE,
        codes.UNAUTHENTICATED,
        codes.RESOURCE_EXHAUSTED,
        codes.INTERNAL,
        codes.DEADLINE_EXCEEDED,
        None,
        None,
    ]
    days = []
    for seed in range(3):
        each = mixed * 2
        random.Random(seed).shuffle(each)
        days.append(BadDay([codes.DEADLINE_EXCEEDED, *each]))
    assert max(delivered(tmp_path, days).values()) > 1
    assert sum(len(day.codes) for day in days) < 3 * len(mixed)
