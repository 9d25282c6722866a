"""Senders that do it wrong for ever are named in the log: one line for each peer and reason, not for each request."""

from __future__ import annotations

import http.client
import logging

import grpc
import pytest

from collector.admission.remarks import Remarks
from counterparts.receiving import receiving

CORS = {"protocols": {"http": {"cors": {"allowed_origins": ["https://a.example"]}}}}
PREFLIGHT = {"origin": "https://b.example", "access-control-request-method": "POST"}
HEADER = {
    "origin": "https://a.example", "access-control-request-method": "POST", "access-control-request-headers": "x-domain",
}  # fmt: skip
OVER_HTTP = {
    "traces": ("POST", "/v1/traces", {}, "logboom takes logs only, traces are not accepted"),
    "metrics": ("POST", "/v1/metrics", {}, "logboom takes logs only, metrics are not accepted"),
    "an encoding": ("POST", "/v1/logs", {"content-encoding": "br"}, "unsupported Content-Encoding: 'br'"),
    "an origin": ("OPTIONS", "/v1/logs", PREFLIGHT, "the origin 'https://b.example' is not in allowed_origins"),
    "a header of a web page": (
        "OPTIONS",
        "/v1/logs",
        HEADER,
        "the request header 'x-domain' is not in allowed_headers",
    ),
}


@pytest.mark.parametrize(("method", "path", "headers", "text"), OVER_HTTP.values(), ids=OVER_HTTP)
def test_over_http(caplog, method, path, headers, text):
    with receiving(CORS) as running, caplog.at_level(logging.WARNING):
        connection = http.client.HTTPConnection(running.http, timeout=30)
        for _ in range(3):
            connection.request(method, path, b"x" if method == "POST" else None, headers)
            connection.getresponse().read()
        connection.close()
    assert [record.getMessage() for record in caplog.records if text in record.getMessage()] == [
        f"otlp: requests of 127.0.0.1 are refused: {'cors: ' if method == 'OPTIONS' else ''}{text}"
    ]


def test_over_grpc(caplog):
    method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    with receiving() as running, grpc.insecure_channel(running.grpc) as channel, caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(grpc.RpcError):
                channel.unary_unary(method)(b"", timeout=30)
    assert [r.getMessage() for r in caplog.records if "traces" in r.getMessage()] == [
        "otlp: requests of 127.0.0.1 are refused: logboom takes logs only, traces are not accepted"
    ]


def test_lines_are_bounded(caplog):
    """Whoever has many addresses can't fill the log."""
    remarks = Remarks("otlp")
    with caplog.at_level(logging.WARNING):
        for number in range(5000):
            remarks.tell(f"10.0.{number // 256}.{number % 256}", "why" * 1000)
    assert len(caplog.records) == 1001
    assert "more senders" in caplog.records[-1].getMessage()
    assert max(len(record.getMessage()) for record in caplog.records) < 400
