"""The HTTP exporter against a real HTTP server: every answer of OTLP's table, encodings and client options."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow
import pytest
import zstandard
from aiohttp import web
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry, Split
from collector.testing.text_batch import text_batch
from collector.transport.http_answers import retry_after_secs
from collector.transport.http_client import HttpAnswer
from exporters.otlp_http.config import OtlpHttpConfig
from exporters.otlp_http.exporter import OtlpHttpExporter
from otlp_wire.status import status, status_json

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class Server:
    """Answers with `answer(request)` and keeps requests with their bodies, as they came over the wire."""

    def __init__(self):
        self.seen = []
        self.answer = lambda request: web.Response(content_type=PROTOBUF)

    async def handle(self, request):
        request._client_max_size = 64 << 20
        self.seen.append((request, await request.read()))
        return self.answer(request)


def talk(server, options, *requests):
    """Serve, send each of `requests` (exporter → encoded), give the verdicts."""

    async def main():
        runner = web.ServerRunner(web.Server(server.handle, auto_decompress=False))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        server.port = port
        named = {key: value.format(port=port) if isinstance(value, str) else value for key, value in options.items()}
        exporter = OtlpHttpExporter(OtlpHttpConfig.model_validate(named), Context("otlphttp", Path()))
        await exporter.start()
        verdicts = []
        try:
            for request in requests:
                try:
                    async with asyncio.timeout(20):
                        answer = await exporter.send(request(exporter))
                except Exception as error:  # noqa: BLE001  delivery does the same
                    answer = error
                verdicts += exporter.classify(answer)
        finally:
            await exporter.shutdown()
            await exporter.shutdown()
            await runner.cleanup()
        return verdicts

    return asyncio.run(main())


BASE = {"endpoint": "http://127.0.0.1:{port}"}


def batch_of(*bodies):
    return lambda exporter: exporter.encode(text_batch(list(bodies)))


def payload(*bodies):
    request = logs_service_pb2.ExportLogsServiceRequest()
    for body in bodies:
        request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = body
    return request.SerializeToString()


def bodies(data):
    return [
        record.body.string_value
        for resource in logs_service_pb2.ExportLogsServiceRequest.FromString(data).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


UNPACK = {
    "gzip": gzip.decompress,
    "zstd": zstandard.decompress,
    "zlib": zlib.decompress,
    "deflate": zlib.decompress,
    "snappy": lambda data: pyarrow.Codec("snappy").decompress(data, decompressed_size=snappy_size(data), asbytes=True),
    "lz4": lambda data: pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "lz4").read(),
    "none": bytes,
    "": bytes,
}


def snappy_size(data):
    size = shift = 0
    for byte in data:
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return size
    raise AssertionError("no length")


@pytest.mark.parametrize("compression", UNPACK)
def test_batches_and_payloads_arrive_whole(compression):
    """A batch is encoded, payloads are joined untouched; the encoding is named as it is."""
    server = Server()
    verdicts = talk(
        server,
        {**BASE, "compression": compression},
        batch_of("a" * 2000, "b"),
        lambda exporter: exporter.encode_payloads([payload("c", "d"), payload("e")]),
    )
    assert verdicts == [Ok(), Ok()]
    assert [bodies(UNPACK[compression](data)) for _, data in server.seen] == [["a" * 2000, "b"], ["c", "d", "e"]]
    request = server.seen[0][0]
    assert (request.method, request.path) == ("POST", "/v1/logs")
    assert request.headers["Content-Type"] == PROTOBUF
    assert request.headers.get("Content-Encoding") == (None if compression in ("", "none") else compression)
    assert request.headers["User-Agent"].startswith("logboom/")


def test_json_of_batches_and_payloads():
    """`encoding: json` sends OTLP JSON, also of a pipeline that forwards payloads."""
    server = Server()
    talk(
        server,
        {**BASE, "encoding": "json", "compression": "none"},
        batch_of("a"),
        lambda exporter: exporter.encode_payloads([payload("c"), payload("e")]),
    )
    found = [
        [
            r["body"]["stringValue"]
            for rl in json.loads(data)["resourceLogs"]
            for s in rl["scopeLogs"]
            for r in s["logRecords"]
        ]
        for _, data in server.seen
    ]
    assert found == [["a"], ["c", "e"]]
    assert server.seen[0][0].headers["Content-Type"] == JSON


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"endpoint": "http://127.0.0.1:{port}/"}, "/v1/logs"),
        ({"endpoint": "http://127.0.0.1:{port}/otlp/"}, "/otlp/v1/logs"),
        ({"logs_endpoint": "http://127.0.0.1:{port}/ingest?x=1"}, "/ingest?x=1"),
    ],
)
def test_where_logs_are_posted_to(options, path):
    """`endpoint` gets `/v1/logs`, `logs_endpoint` is taken as it is."""
    server = Server()
    assert talk(server, options, batch_of("a")) == [Ok()]
    assert server.seen[0][0].path_qs == path


CASES = {
    **dict.fromkeys((200, 202, 204, 299), "ok"),
    **dict.fromkeys((408, 425, 429, 500, 501, 502, 503, 504, 505, 507, 599), "retry"),
    **dict.fromkeys((400, 413, 422), "split"),
    **dict.fromkeys((301, 302, 304, 307, 308, 401, 402, 403, 404, 405, 406, 409, 410, 415, 431, 451), "blocked"),
}
MEANING = {"ok": Ok, "retry": Retry, "split": Split, "blocked": Blocked}


@pytest.mark.slow
def test_every_status_has_a_meaning():
    """The table, over the wire; redirects are not followed (they would carry the credential elsewhere)."""
    server = Server()
    codes = iter(CASES)
    server.answer = lambda request: web.Response(status=next(codes), headers={"Location": "http://127.0.0.1:1/"})
    verdicts = talk(server, BASE, *[batch_of("a")] * len(CASES))
    assert {code: type(verdict) for code, verdict in zip(CASES, verdicts, strict=True)} == {
        code: MEANING[name] for code, name in CASES.items()
    }
    assert len(server.seen) == len(CASES)


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        (PROTOBUF, status(16, "no such key"), "401 Unauthorized: no such key"),
        (JSON, status_json(16, "no such key"), "401 Unauthorized: no such key"),
        ("text/html", b"<html>", "401 Unauthorized"),
        (PROTOBUF, b"\xff\xff", "401 Unauthorized"),
        (JSON, b"[1", "401 Unauthorized"),
        (JSON, b"[]", "401 Unauthorized"),
        (PROTOBUF, status(16, "x" * 100_000), "401 Unauthorized"),
    ],
)
def test_the_servers_words_are_passed_on(content_type, body, reason):
    """`google.rpc.Status` is read in both encodings; anything else says nothing and never breaks us."""
    server = Server()
    server.answer = lambda request: web.Response(status=401, body=body, content_type=content_type)
    assert talk(server, BASE, batch_of("a")) == [Blocked(reason)]


@pytest.mark.parametrize(
    ("code", "header", "after"),
    [(429, "7", 7.0), (503, "0", 0.0), (503, "", None), (503, "soon", None), (429, "-3", None), (502, "7", None)],
)
def test_retry_after_is_a_floor(code, header, after):
    """Seconds, with 429 and 503 only; what cannot be read is ignored."""
    server = Server()
    server.answer = lambda request: web.Response(status=code, headers={"Retry-After": header})
    [verdict] = talk(server, BASE, batch_of("a"))
    assert verdict.after_secs == after


def test_retry_after_as_a_date():
    """An HTTP date counts from now; one in the past is no wait."""
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    answer = HttpAnswer(429, {"Retry-After": "Thu, 01 Jan 2026 12:01:30 GMT"}, b"")
    assert retry_after_secs(answer, now) == 90.0
    answer = HttpAnswer(429, {"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, b"")
    assert retry_after_secs(answer, now) == 0.0


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("9" * 400, 3600.0),
        ("3601", 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +9999", None),
        ("-5", None),
        ("1.5", None),
        ("\u0665", None),
        ("soon", None),
    ],
)
def test_retry_after_never_ends_delivery(text, wait):
    """Whatever stands there: an hour at most, and what cannot be read is no wait. It never raises: a 429 whose reading
    raised would count as a record that the destination cannot take."""
    assert retry_after_secs(HttpAnswer(429, {"Retry-After": text}, b"")) == wait


@pytest.mark.parametrize(
    ("content_type", "body", "verdict"),
    [
        (JSON, b'{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}', Ok(3, "too old")),
        (JSON, b'{"partialSuccess":{"rejectedLogRecords":3}}', Ok(3)),
        (JSON, b'{"partialSuccess":{"errorMessage":"deprecated"}}', Ok(0, "deprecated")),
        (JSON, b'{"partialSuccess":null}', Ok()),
        (JSON, b'{"partialSuccess":{"rejectedLogRecords":"many"}}', Ok()),
        (JSON, b"{}", Ok()),
        (JSON, b"", Ok()),
        (PROTOBUF, b"\x0a\x02\x08\x05", Ok(5)),
    ],
)
def test_partial_success(content_type, body, verdict):
    """What the server left out is counted, and not sent again."""
    server = Server()
    server.answer = lambda request: web.Response(body=body, content_type=content_type)
    assert talk(server, BASE, batch_of("a")) == [verdict]


def test_a_dropped_connection_is_retried():
    """No answer at all: the request may have arrived or not."""
    server = Server()

    def drop(request):
        request.transport.abort()
        return web.Response()

    server.answer = drop
    [verdict] = talk(server, BASE, batch_of("a"))
    assert isinstance(verdict, Retry)


def test_a_server_that_is_not_there_is_retried_without_showing_the_url():
    """The reason names host and port, not a password in the URL."""
    [verdict] = talk(Server(), {"endpoint": "http://user:s3cret@127.0.0.1:1"}, batch_of("a"))
    assert isinstance(verdict, Retry)
    assert verdict.reason.startswith("cannot connect to 127.0.0.1:1: ")
    assert "s3cret" not in verdict.reason


def test_an_endless_error_body_costs_no_memory():
    """Only the first 64 KiB of an answer are read."""
    server = Server()
    server.answer = lambda request: web.Response(status=503, body=b"x" * (8 << 20), content_type=PROTOBUF)
    assert [type(v) for v in talk(server, BASE, batch_of("a"), batch_of("b"))] == [Retry, Retry]


def test_headers_cookies_and_proxy():
    """Headers go out as given, cookies only when enabled, requests through the proxy with the full URL."""
    server = Server()
    server.answer = lambda request: web.Response(headers={"Set-Cookie": "sticky=1"})
    options = {**BASE, "headers": {"X-Api-Key": "s3cret"}, "cookies": {"enabled": True}}
    talk(server, options, batch_of("a"), batch_of("b"))
    assert [request.headers["X-Api-Key"] for request, _ in server.seen] == ["s3cret"] * 2
    assert [request.headers.get("Cookie") for request, _ in server.seen] == [None, "sticky=1"]
    forgetful = Server()
    forgetful.answer = server.answer
    talk(forgetful, BASE, batch_of("a"), batch_of("b"))
    assert [request.headers.get("Cookie") for request, _ in forgetful.seen] == [None, None]
    proxy = Server()
    talk(proxy, {"endpoint": "http://logs.invalid", "proxy_url": "http://127.0.0.1:{port}"}, batch_of("a"))
    assert str(proxy.seen[0][0].headers["Host"]) == "logs.invalid"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either endpoint or logs_endpoint must be specified"),
        ({"endpoint": "localhost:4318"}, "endpoint is not a URL"),
        ({"logs_endpoint": "ftp://x"}, "logs_endpoint is not a URL"),
        ({"endpoint": "http://x:99999"}, "endpoint is not a URL"),
        ({"endpoint": "http://x", "compression": "brotli"}, "compression"),
        ({"endpoint": "http://x", "compression": "gzip", "compression_params": {"level": 11}}, "unsupported"),
        ({"endpoint": "http://x", "compression": "snappy", "compression_params": {"level": 1}}, "unsupported"),
        ({"endpoint": "http://x", "encoding": "xml"}, "encoding"),
        ({"endpoint": "http://x", "middlewares": [{"id": "x"}]}, "middlewares"),
    ],
)
def test_what_is_refused_at_start(options, message):
    """Mistakes in the options are found before anything is sent; a URL is never repeated, it may hold a password."""
    with pytest.raises(ValueError, match=message):
        OtlpHttpConfig.model_validate(options)
