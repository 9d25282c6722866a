"""The gRPC exporter against a real gRPC server made from the official stubs: every answer of OTLP's table."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.text_batch import text_batch
from collector.transport import grpc_client
from counterparts.otlp_grpc_server import otlp_server
from exporters.otlp_grpc.config import OtlpConfig
from exporters.otlp_grpc.exporter import OtlpExporter
from otlp_wire.status import status


@pytest.fixture
def served():
    with otlp_server() as servicer:
        yield servicer


def config(port, **options):
    return OtlpConfig.model_validate(
        {"endpoint": f"127.0.0.1:{port}", "timeout": "20s", "tls": {"insecure": True}, **options}
    )


def exchange(options, *requests):
    """Send each of `requests` (exporter → encoded) and give the verdicts."""

    async def main():
        exporter = OtlpExporter(options, Context("otlp", Path()))
        await exporter.start()
        verdicts = []
        for request in requests:
            try:
                answer = await exporter.send(request(exporter))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answer = error
            verdicts += exporter.classify(answer)
        await exporter.shutdown()
        await exporter.shutdown()
        return verdicts

    return asyncio.run(main())


def batch_of(*bodies):
    return lambda exporter: exporter.encode(text_batch(list(bodies)))


def payload(*bodies):
    request = logs_service_pb2.ExportLogsServiceRequest()
    for body in bodies:
        request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return request.SerializeToString()


def bodies(request):
    return [
        record.body.string_value
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


@pytest.mark.parametrize("compression", ["gzip", "none", "", "zstd"])
def test_batches_and_payloads_arrive_whole(served, compression):
    """A batch is encoded, payloads are joined untouched; both are compressed as configured."""
    verdicts = exchange(
        config(served.port, compression=compression),
        batch_of("a" * 2000, "b"),
        lambda exporter: exporter.encode_payloads([payload("c", "d"), payload("e")]),
    )
    assert verdicts == [Ok(), Ok()]
    assert [bodies(request) for request in served.requests] == [["a" * 2000, "b"], ["c", "d", "e"]]


def test_gzip_is_made_by_us_and_not_by_grpc(served):
    """The way behind grpc's API works with this version; without it each request costs six times the CPU."""

    async def main():
        exporter = OtlpExporter(config(served.port), Context("otlp", Path()))
        await exporter.start()
        encoded = exporter.encode(text_batch(["a" * 10_000]))
        await exporter.send(encoded)
        await exporter.shutdown()
        return encoded

    assert asyncio.run(main())[:2] == b"\x1f\x8b"
    assert bodies(served.requests[0]) == ["a" * 10_000]


def test_grpc_compresses_where_it_cannot_be_told_otherwise(served, monkeypatch):
    """With a grpc that looks different inside, its own compression is used."""
    monkeypatch.setattr(grpc_client, "precompressed", lambda channel, method: None)
    assert exchange(config(served.port), batch_of("a" * 10_000)) == [Ok()]
    assert bodies(served.requests[0]) == ["a" * 10_000]


def test_headers_and_user_agent(served):
    """Headers become metadata with lower-case keys; we say who we are."""
    options = config(served.port, headers=[{"name": "X-Api-Key", "value": "s3cret"}])
    exchange(options, batch_of("a"))
    assert served.metadata[0]["x-api-key"] == "s3cret"
    assert served.metadata[0]["user-agent"].startswith("logboom/")
    assert "s3cret" not in repr(options)


def abort(code, message="why", details=None):
    def answer(request, context):
        if details is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(code, message)

    return answer


C = grpc.StatusCode
CODES = {
    C.CANCELLED: Retry("CANCELLED: why"),
    C.UNKNOWN: Retry("UNKNOWN: why"),
    C.INVALID_ARGUMENT: Split("INVALID_ARGUMENT: why"),
    C.DEADLINE_EXCEEDED: Retry("DEADLINE_EXCEEDED: why", throttled=True),
    C.NOT_FOUND: Blocked("NOT_FOUND: why"),
    C.ALREADY_EXISTS: Blocked("ALREADY_EXISTS: why"),
    C.PERMISSION_DENIED: Blocked("PERMISSION_DENIED: why"),
    C.RESOURCE_EXHAUSTED: Retry("RESOURCE_EXHAUSTED: why", throttled=True),
    C.FAILED_PRECONDITION: Blocked("FAILED_PRECONDITION: why"),
    C.ABORTED: Retry("ABORTED: why"),
    C.OUT_OF_RANGE: Retry("OUT_OF_RANGE: why"),
    C.UNIMPLEMENTED: Blocked("UNIMPLEMENTED: why"),
    C.INTERNAL: Retry("INTERNAL: why"),
    C.UNAVAILABLE: Retry("UNAVAILABLE: why", throttled=True),
    C.DATA_LOSS: Retry("DATA_LOSS: why"),
    C.UNAUTHENTICATED: Blocked("UNAUTHENTICATED: why"),
}


def test_every_status_has_a_meaning(served):
    """The table, over the wire."""
    for code, expected in CODES.items():
        served.answer = abort(code)
        assert exchange(config(served.port), batch_of("a")) == [expected], code
    assert set(CODES) == set(C) - {C.OK}


@pytest.mark.parametrize("delay", [0.25, 30.0, 0.0])
@pytest.mark.parametrize("code", [C.UNAVAILABLE, C.RESOURCE_EXHAUSTED])
def test_retry_info_is_a_floor(served, code, delay):
    """RetryInfo in the status details makes RESOURCE_EXHAUSTED retryable and tells how long to wait."""
    served.answer = abort(code, "slow down", status(code.value[0], "slow down", delay))
    expected = Retry(f"{code.name}: slow down", after_secs=delay, throttled=True)
    assert exchange(config(served.port), batch_of("a")) == [expected]


def test_broken_status_details_say_nothing(served):
    """Bytes that are no Status are not an error of ours."""
    served.answer = abort(C.UNAVAILABLE, "down", b"\xff\xff\xff")
    assert exchange(config(served.port), batch_of("a")) == [Retry("UNAVAILABLE: down", throttled=True)]


def test_partial_success_is_delivered_and_told(served):
    """What the server left out is counted, and not sent again."""
    answer = logs_service_pb2.ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = 3
    answer.partial_success.error_message = "too old"
    served.answer = lambda request, context: answer
    assert exchange(config(served.port), batch_of("a")) == [Ok(3, "too old")]


def test_a_message_over_the_servers_limit_is_split(served):
    """grpc's own refusal of large messages."""
    import random

    noise = random.Random(1).randbytes(3 << 20).hex()
    [verdict] = exchange(config(served.port), batch_of(noise))
    assert isinstance(verdict, Split)


def test_a_server_that_is_not_there_is_retried():
    """Connection refused is UNAVAILABLE."""
    import socket

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        [verdict] = exchange(config(unused.getsockname()[1]), batch_of("a"))
    assert isinstance(verdict, Retry)
    assert verdict.reason.startswith("UNAVAILABLE")


def test_cancelling_the_task_cancels_the_call(served):
    """A timeout of delivery does not leave calls behind; the server sees them end."""
    import threading

    gone = threading.Event()

    def answer(request, context):
        context.add_callback(gone.set)
        gone.wait()
        return logs_service_pb2.ExportLogsServiceResponse()

    served.answer = answer

    async def main():
        exporter = OtlpExporter(config(served.port), Context("otlp", Path()))
        await exporter.start()
        task = asyncio.create_task(exporter.send(exporter.encode(text_batch(["a"]))))
        while not served.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(gone.wait, 30)
        await exporter.shutdown()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint": ""}, 'requires a non-empty "endpoint"'),
        ({"endpoint": "https://"}, 'requires a non-empty "endpoint"'),
        ({"endpoint": "host"}, "invalid port"),
        ({"endpoint": "host:99999"}, "invalid port"),
        ({"endpoint": "h:1", "headers": {"a": "b\nc"}}, "holds a line break"),
        ({"endpoint": "h:1", "headers": [{"name": "a"}]}, "exactly `name` and `value`"),
        ({"endpoint": "h:1", "enpoint": "x"}, "enpoint"),
    ],
)
def test_what_is_refused_at_start(options, message):
    """Mistakes in the options are found before anything is sent."""
    with pytest.raises(ValueError, match=message):
        OtlpConfig.model_validate(options)


def test_tls_is_on_unless_told_otherwise():
    """otelcol's rule: `https://` wins over `insecure`."""
    assert OtlpConfig(endpoint="h:1").secure
    assert not OtlpConfig.model_validate({"endpoint": "h:1", "tls": {"insecure": True}}).secure
    assert OtlpConfig.model_validate({"endpoint": "https://h:1", "tls": {"insecure": True}}).secure
    assert OtlpConfig(endpoint="http://h:1").target == "h:1"
