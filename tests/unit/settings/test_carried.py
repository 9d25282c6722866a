"""Which pipelines of other signals run, as what, and why the others don't."""

from __future__ import annotations

import pytest

from collector.batch import LogBatch
from collector.delivery.batcher import Batcher
from collector.delivery.request import Part, Pending
from collector.ledger.interface import OutboxEntry
from collector.reserved import carried_by, carrier_name
from collector.service.plan import used_exporters, used_receivers
from collector.settings import Settings, load

PARTS = """
receivers: {otlp: {protocols: {grpc: }}, otlp/edge: {protocols: {http: }}, file_log: {include: [/x]}}
processors: {batch: , memory_limiter: {check_interval: 1s, limit_mib: 64}, attributes: {actions: [{key: a, action: delete}]}}
exporters:
  otlp: {endpoint: "localhost:4317"}
  otlp_http: {endpoint: "http://localhost:4318"}
  otlp_http/json: {endpoint: "http://localhost:4318", encoding: json}
  otlp_http/logs: {logs_endpoint: "http://localhost:4318/v1/logs"}
  otlp_http/masked: {endpoint: "http://localhost:4318", redact: {patterns: [x]}}
  otlp/wrong: {endpoints: "localhost:4317"}
  debug: {}
  nop: {}
  sqlite: {}
connectors: {forward: }
"""
LOGS = "    logs: {receivers: [otlp], exporters: [sqlite]}\n"


def settings(pipelines: str) -> Settings:
    return load([f"yaml:{PARTS}service:\n  pipelines:\n{pipelines}"], environ={})


def test_each_signal_is_a_source_and_a_queue_of_its_own() -> None:
    """The receiver that logs share is one; what only another signal is sent to is one component, not two."""
    made = settings(
        LOGS
        + "    traces/all: {receivers: [otlp, otlp/edge], processors: [memory_limiter, batch], exporters: [otlp, debug, nop]}\n"
        + "    metrics: {receivers: [otlp], exporters: [otlp_http]}\n"
    )
    assert list(made.pipelines) == ["logs", "traces/all", "metrics"]
    assert made.pipelines["traces/all"].receivers == ["traces:otlp", "traces:otlp/edge"]
    assert used_receivers(made) == ["otlp", "otlp/edge"]
    assert used_exporters(made) == ["sqlite", "traces:otlp", "traces:debug", "traces:nop", "metrics:otlp_http"]
    assert set(made.exporters) == set(used_exporters(made))
    assert made.receivers["otlp"].signals == ("logs", "metrics", "traces")
    assert made.receivers["otlp/edge"].signals == ("traces",)
    assert made.exporters["traces:otlp"].factory.behaviour.endswith(":OtlpCarrier")
    assert made.exporters["traces:otlp"].signals == ("traces",)
    assert not made.not_run


@pytest.mark.parametrize(
    ("pipeline", "why"),
    [
        ("receivers: [file_log], exporters: [otlp]", "the receiver file_log carries none"),
        ("receivers: [otlp], exporters: [sqlite]", "the exporter sqlite carries none"),
        ("receivers: [otlp], exporters: [forward]", "the exporter forward carries none"),
        (
            "receivers: [otlp], exporters: [otlp_http/json]",
            "the exporter otlp_http/json carries none: encoding is json",
        ),
        ("receivers: [otlp], exporters: [otlp_http/logs]", "has neither endpoint nor traces_endpoint"),
        ("receivers: [otlp], exporters: [otlp_http/masked]", "the exporter otlp_http/masked looks at records"),
        ("receivers: [otlp], processors: [attributes], exporters: [otlp]", "the processor attributes looks into them"),
        ("receivers: [otlp], exporters: [otlp/wrong]", "something is wrong with the exporter otlp/wrong"),
        ("receivers: [otlp]", "it has no exporter"),
    ],
)
def test_what_looks_into_requests_does_not_run(pipeline: str, why: str) -> None:
    """The logs beside it do."""
    made = settings(f"{LOGS}    traces: {{{pipeline}}}\n")
    assert list(made.pipelines) == ["logs"]
    assert made.receivers["otlp"].signals == ("logs",)
    (told,) = made.not_run
    assert why in told.why


def test_traces_alone_run() -> None:
    """Then nothing takes logs."""
    made = settings("    traces: {receivers: [otlp], exporters: [otlp]}\n")
    assert made.receivers["otlp"].signals == ("traces",)


def test_names_of_carriers_are_no_ids() -> None:
    assert carried_by(carrier_name("traces", "otlp/a:b")) == "otlp/a:b"
    assert carried_by("otlp/a:b") == "otlp/a:b"


@pytest.mark.parametrize(
    "queue", ["", ", sending_queue: {enabled: false}", ", sending_queue: {batch: {min_size: 100}}"]
)
def test_requests_of_profiles_share_none(queue: str) -> None:
    """Each has a dictionary that its numbers are positions in: joined, those of the second would be positions in that of the first."""
    otlp = f'    profiles: {{receivers: [otlp], exporters: [otlp/profiles]}}\nexporters: {{otlp/profiles: {{endpoint: "localhost:4317"{queue}}}}}\n'
    made = load([f"yaml:{PARTS}", f"yaml:service:\n  pipelines:\n{otlp}"], environ={})
    batcher = Batcher(made.exporters["profiles:otlp/profiles"].config.sending_queue)
    batch = LogBatch.of({"body_any": [b"\x3a\x01a", b"\x3a\x01b", b"\x3a\x01c"]})
    pending = Pending(0, OutboxEntry(1, "profiles", 3, 1, batch.by_domain(), 0, batch))
    requests = [*batcher.add(Part.whole(pending)), *batcher.flush()]
    assert [sum(part.records for part in request.parts) for request in requests] == [1, 1, 1]
