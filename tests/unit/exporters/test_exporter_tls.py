"""The OTLP exporters over TLS: what they trust, what they show, and that a failure names no secret."""

from __future__ import annotations

import asyncio
import ssl
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from aiohttp import web
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from collector.component import Context
from collector.outcomes import Blocked, Ok, Retry
from collector.testing.text_batch import text_batch
from counterparts.certificates import Authority
from exporters.otlp_grpc.config import OtlpConfig
from exporters.otlp_grpc.exporter import OtlpExporter
from exporters.otlp_http.config import OtlpHttpConfig
from exporters.otlp_http.exporter import OtlpHttpExporter


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


async def verdicts_of(exporter):
    await exporter.start()
    try:
        async with asyncio.timeout(20):
            answer = await exporter.send(exporter.encode(text_batch(["a"])))
    except Exception as error:  # noqa: BLE001  delivery does the same
        answer = error
    finally:
        await exporter.shutdown()
    return exporter.classify(answer)


CASES = {
    "trusted": (lambda a: {"ca_file": str(a.ca_file)}, True),
    "authority as text": (lambda a: {"ca_pem": a.ca_file.read_text()}, True),
    "unknown authority": (lambda a: {}, False),
    "another authority": (lambda a: {"ca_file": str(Authority(a.ca_file.parent, "other").ca_file)}, False),
    "another name": (lambda a: {"ca_file": str(a.ca_file), "server_name_override": "elsewhere.example"}, False),
}


@pytest.mark.parametrize("case", CASES)
def test_http(authority, case):
    """Over HTTP, to a server that answers 200."""
    tls, trusted = CASES[case]
    server_pair = authority.issue("server")

    async def main():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_pair.cert, server_pair.key)

        async def handle(request):
            return web.Response()

        runner = web.ServerRunner(web.Server(handle))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        config = OtlpHttpConfig.model_validate({"endpoint": f"https://localhost:{port}", "tls": tls(authority)})
        try:
            return await verdicts_of(OtlpHttpExporter(config, Context("otlp_http", Path())))
        finally:
            await runner.cleanup()

    [verdict] = asyncio.run(main())
    if trusted:
        assert verdict == Ok()
    else:
        assert isinstance(verdict, Blocked)
        assert verdict.reason.startswith("the certificate of localhost:")
        assert ("name its authority in tls.ca_file" in verdict.reason) == ("authority" in case)


def test_http_to_a_port_without_tls():
    """Only people can mend that: it is not tried as if it would pass."""

    async def main():
        runner = web.ServerRunner(web.Server(lambda request: web.Response()))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        config = OtlpHttpConfig.model_validate({"endpoint": f"https://127.0.0.1:{port}"})
        try:
            return port, await verdicts_of(OtlpHttpExporter(config, Context("otlp_http", Path())))
        finally:
            await runner.cleanup()

    port, verdicts = asyncio.run(main())
    assert verdicts == [Blocked(f"127.0.0.1:{port} does not speak TLS: is its URL http://?")]


@pytest.fixture
def grpc_server(authority):
    class Servicer(logs_service_pb2_grpc.LogsServiceServicer):
        def Export(self, request, context):
            return logs_service_pb2.ExportLogsServiceResponse()

    started = []

    def start(mutual=False):
        pair = authority.issue("server")
        server = grpc.server(futures.ThreadPoolExecutor(2))
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Servicer(), server)
        credentials = grpc.ssl_server_credentials(
            [(pair.key.read_bytes(), pair.cert.read_bytes())],
            authority.ca_file.read_bytes() if mutual else None,
            mutual,
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        started.append(server)
        return port

    yield start
    for server in started:
        server.stop(0).wait()


@pytest.mark.parametrize("case", CASES)
def test_grpc(authority, grpc_server, case):
    """Over gRPC."""
    tls, trusted = CASES[case]
    config = OtlpConfig.model_validate({"endpoint": f"localhost:{grpc_server()}", "tls": tls(authority)})
    [verdict] = asyncio.run(verdicts_of(OtlpExporter(config, Context("otlp", Path()))))
    assert isinstance(verdict, Ok if trusted else Retry)


def test_grpc_mutual(authority, grpc_server):
    """With a certificate of ours the server lets us in, without it does not."""
    port, pair = grpc_server(mutual=True), authority.issue("client")
    tls = {"ca_file": str(authority.ca_file)}
    ours = {**tls, "cert_file": str(pair.cert), "key_file": str(pair.key)}
    for options, outcome in ((ours, Ok), (tls, Retry)):
        config = OtlpConfig.model_validate(
            {"endpoint": f"https://localhost:{port}", "tls": {**options, "insecure": True}}
        )
        [verdict] = asyncio.run(verdicts_of(OtlpExporter(config, Context("otlp", Path()))))
        assert isinstance(verdict, outcome)


def test_files_that_are_missing_are_an_error_at_start():
    """Before anything is sent."""
    tls = {"ca_file": "/nowhere/ca.pem"}
    exporters = [
        OtlpExporter(OtlpConfig.model_validate({"endpoint": "h:1", "tls": tls}), Context("otlp", Path())),
        OtlpHttpExporter(OtlpHttpConfig.model_validate({"endpoint": "https://h", "tls": tls}), Context("x", Path())),
    ]
    for exporter in exporters:
        with pytest.raises(FileNotFoundError):
            asyncio.run(exporter.start())
