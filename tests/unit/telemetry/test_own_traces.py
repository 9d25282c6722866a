"""Own spans go out by the OpenTelemetry SDK, and nobody waits for who takes them."""

from __future__ import annotations

import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.settings.telemetry import TracesTelemetry
from collector.telemetry.own_traces import OwnTraces
from collector.timeline import Operation
from counterparts.http_recorder import Answer, HttpRecorder

OPERATION = Operation(
    "step", 1000, 9000, {"logboom.pipeline": "logs", "logboom.records": 7}, [("read", 1000, 2000), ("send", 2000, 8500)]
)
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def traces(*processors, **more):
    return TracesTelemetry.model_validate({"processors": processors, **more})


def otlp(url, **more):
    return {"exporter": {"otlp": {"endpoint": url, "protocol": "http/protobuf", **more}}}


@pytest.mark.parametrize("kind", ["batch", "simple"])
def test_an_operation_is_a_span_with_a_child_for_each_lap(kind):
    """With its own times, at OTLP's own path."""
    with HttpRecorder(lambda _: Answer(headers=PROTOBUF)) as backend:
        own = OwnTraces(
            traces({kind: otlp(backend.url, headers={"X-Key": "k"})}).processors,
            "worker 0",
            {"deployment.environment.name": "test"},
        )
        own.tell(OPERATION)
        own.shutdown()
        seen = backend.taken()
    assert {(one.path, one.headers["x-key"]) for one in seen} == {("/v1/traces", "k")}
    groups = [group for one in seen for group in ExportTraceServiceRequest.FromString(one.body).resource_spans]
    resource = {each.key: each.value.string_value for each in groups[0].resource.attributes}
    assert (
        resource.items()
        >= {"service.name": "logboom", "service.instance.id": "worker 0", "deployment.environment.name": "test"}.items()
    )
    spans = {span.name: span for group in groups for scope in group.scope_spans for span in scope.spans}
    assert {name: (span.start_time_unix_nano, span.end_time_unix_nano) for name, span in spans.items()} == {
        "step": (1000, 9000), "read": (1000, 2000), "send": (2000, 8500),
    }  # fmt: skip
    root = spans.pop("step")
    assert (root.parent_span_id, {span.parent_span_id for span in spans.values()}) == (b"", {root.span_id})
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    assert spans["send"].kind == Span.SPAN_KIND_CLIENT
    assert {each.key for each in root.attributes} == {"logboom.pipeline", "logboom.records"}


def test_a_destination_that_hangs_holds_nobody_up():
    """Neither who makes spans nor the end; what is over the queue's bound is given up."""
    go_on = threading.Event()

    def answer(_):
        go_on.wait(60)
        return Answer(headers=PROTOBUF)

    with HttpRecorder(answer) as backend:
        own = OwnTraces(
            traces({"batch": {**otlp(backend.url), "max_queue_size": 10, "schedule_delay": 10}}).processors, "worker 0"
        )
        for _ in range(1000):
            own.tell(OPERATION)
        own.shutdown()
        assert not go_on.is_set()
        go_on.set()


SAMPLERS = {
    "nothing said": ({}, 0.0),
    "always_on": ({"always_on": {}}, 1.0),
    "always_on, as YAML's schema has it": ({"always_on": None}, 1.0),
    "always_off": ({"always_off": {}}, 0.0),
    "a part": ({"trace_id_ratio_based": {"ratio": 0.25}}, 0.25),
    "of a parent": (
        {"parent_based": {"root": {"trace_id_ratio_based": {"ratio": 0.1}}, "local_parent_sampled": {"always_on": {}}}},
        0.1,
    ),
    "of any parent": ({"parent_based": {}}, 1.0),
}


@pytest.mark.parametrize("case", SAMPLERS)
def test_samplers_are_those_of_the_sdks_schema(case):
    """What is slow becomes a span in any case."""
    sampler, share = SAMPLERS[case]
    assert traces(sampler=sampler).share == share
    assert traces().share == 0
