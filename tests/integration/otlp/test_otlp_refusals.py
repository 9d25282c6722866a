"""What a sender is told when we can't, or won't, take its data."""

from __future__ import annotations

import http.client
import json
import logging

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from collector.domains.resolver import DomainRules
from collector.errors import Exhausted, InvalidPayload, PermissionDenied, TooLarge, Unauthenticated, Unavailable
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.intake import MemoryIntake
from collector.testing.payloads import payload
from counterparts.receiving import receiving

GOOD = payload(3)
REFUSALS = [
    (Unavailable("full"), grpc.StatusCode.UNAVAILABLE, 503, True),
    (Exhausted("too fast"), grpc.StatusCode.RESOURCE_EXHAUSTED, 429, True),
    (InvalidPayload("bad"), grpc.StatusCode.INVALID_ARGUMENT, 400, False),
    (TooLarge("big"), grpc.StatusCode.RESOURCE_EXHAUSTED, 413, False),
    (Unauthenticated("who"), grpc.StatusCode.UNAUTHENTICATED, 401, False),
    (PermissionDenied("no"), grpc.StatusCode.PERMISSION_DENIED, 403, False),
    (RuntimeError("secret detail"), grpc.StatusCode.UNAVAILABLE, 503, True),
]
IDS = [type(case[0]).__name__ for case in REFUSALS]


def post(address: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", "/v1/logs", GOOD, {"content-type": "application/x-protobuf", **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def export(address: str, metadata: tuple = ()) -> grpc.RpcError:
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(GRPC_PATH)(GOOD, timeout=10, metadata=metadata)
    return caught.value


def delay(info: error_details_pb2.RetryInfo) -> float:
    return info.retry_delay.seconds + info.retry_delay.nanos / 1e9


@pytest.mark.parametrize(("answer", "code", "status", "hinted"), REFUSALS, ids=IDS)
def test_grpc(answer, code, status, hinted):
    """The code, and for a sender that shall come again the hint in both trailers, 1 s ± 50 %."""
    with receiving(intake=MemoryIntake(answer)) as running:
        error = export(running.grpc)
    trailers = dict(error.trailing_metadata())
    details = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert (error.code(), details.code) == (code, code.value[0])
    assert error.details() == details.message
    assert "secret" not in details.message
    assert ("google.rpc.retryinfo-bin" in trailers, len(details.details)) == (hinted, int(hinted))
    if hinted:
        info = error_details_pb2.RetryInfo()
        assert details.details[0].Unpack(info)
        assert info == error_details_pb2.RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
        assert 0.5 <= delay(info) <= 1.5


@pytest.mark.parametrize(("answer", "code", "status", "hinted"), REFUSALS, ids=IDS)
def test_http(answer, code, status, hinted):
    """Status, `google.rpc.Status` in the body, and Retry-After in whole seconds where the sender shall come again."""
    with receiving(intake=MemoryIntake(answer)) as running:
        response, content = post(running.http)
    told = status_pb2.Status.FromString(content)
    assert (response.status, told.code) == (status, code.value[0])
    assert response.getheader("retry-after") in (("1", "2") if hinted else (None,))
    assert len(told.details) == int(hinted)
    assert "secret" not in told.message


def test_http_json_details():
    """In JSON the hint is a duration as proto3 writes it."""
    with receiving(intake=MemoryIntake(Unavailable("full"))) as running:
        connection = http.client.HTTPConnection(running.http, timeout=30)
        body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}'
        connection.request("POST", "/v1/logs", body, {"content-type": "application/json"})
        told = json.loads(connection.getresponse().read())
        connection.close()
    assert (told["code"], told["message"]) == (14, "full")
    assert told["details"][0]["@type"] == "type.googleapis.com/google.rpc.RetryInfo"
    assert 0.5 <= float(told["details"][0]["retryDelay"].removesuffix("s")) <= 1.5


def test_a_defect_is_logged_once(caplog):
    """A defect of ours reaches the operator's log with its traceback, but not once a request."""
    with caplog.at_level(logging.ERROR), receiving(intake=MemoryIntake(RuntimeError("disk on fire"))) as running:
        for _ in range(5):
            assert post(running.http)[0].status == 503
    logged = [entry for entry in caplog.records if entry.name.startswith("collector.")]
    assert len(logged) == 1
    assert "disk on fire" in str(logged[0].exc_info)
    assert running.admission.statistics().in_flight_requests == 0


def test_refusals_are_counted():
    """Every refusal reaches the callback with its receiver, domain and records, over both protocols."""
    counted = []
    with receiving(
        intake=MemoryIntake(Exhausted("too fast")),
        rules=DomainRules(names=["tamyla.com"]),
        on_refused=lambda *facts: counted.append(facts),
    ) as running:
        post(running.http, host="logger.tamyla.com")
        export(running.grpc)
    assert counted == [("otlp", "tamyla.com", "Exhausted", 3), ("otlp", "default", "Exhausted", 3)]
    assert running.admission.statistics().refused_records == {"Exhausted": 6}


RULES = DomainRules(names=["tamyla.com", "wetechfounders.com"], default=None, header="x-logboom-domain")


def test_domain_from_the_request():
    """Host or `:authority`, the configured header and X-Forwarded-Host name the domain over both protocols."""
    with receiving(rules=RULES) as running:
        for headers in (
            {"host": "logger.tamyla.com:4318"},
            {"host": "x", "x-logboom-domain": "wetechfounders.com"},
            {"host": "x", "x-forwarded-host": "logs.tamyla.com"},
        ):
            assert post(running.http, **headers)[0].status == 200
        for authority, metadata in (
            ("logger.tamyla.com:4317", ()),
            ("x", (("x-logboom-domain", "wetechfounders.com"),)),
            ("x", (("x-forwarded-host", "logs.tamyla.com"),)),
        ):
            options = [("grpc.default_authority", authority)]
            with grpc.insecure_channel(running.grpc, options) as channel:
                channel.unary_unary(GRPC_PATH)(GOOD, timeout=10, metadata=metadata)
        domains = [came.domain for came in running.intake.payloads]
    assert domains == ["tamyla.com", "wetechfounders.com", "tamyla.com"] * 2


def test_unknown_host_without_a_default():
    """Without a default an unknown host is refused for good."""
    with receiving(rules=RULES) as running:
        assert post(running.http, host="elsewhere.example")[0].status == 403
        assert export(running.grpc).code() is grpc.StatusCode.PERMISSION_DENIED
        assert running.intake.payloads == []


def test_too_much_in_flight():
    """Beyond the bound of bytes in flight senders are told to come again; afterwards they are served."""
    intake = MemoryIntake(delayed=True)
    with receiving(intake=intake, max_in_flight_bytes=len(GOOD) + 10) as running:
        with grpc.insecure_channel(running.grpc) as channel:
            waiting = channel.unary_unary(GRPC_PATH).future(GOOD, timeout=30)
            assert intake.wait_for(payloads=1)
            response, _ = post(running.http)
            assert (response.status, response.getheader("retry-after") is not None) == (503, True)
            assert export(running.grpc).code() is grpc.StatusCode.UNAVAILABLE
            intake.release()
            assert waiting.result() == b""
        intake.delayed = False
        assert post(running.http)[0].status == 200
