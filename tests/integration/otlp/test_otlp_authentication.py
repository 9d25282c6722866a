"""Who sends is asked before a body is read, over gRPC and HTTP; real SDKs show tokens."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from collector.component import Context
from collector.domains.credential import Credential
from collector.domains.resolver import DomainRules
from collector.errors import PermissionDenied, Unauthenticated, Unavailable
from collector.extensions.bearertokenauth import FACTORY as BEARER
from collector.receivers.otlp.config import GRPC_PATH
from collector.testing.payloads import payload
from collector.transport.probe import ask
from counterparts.certificates import Authority
from counterparts.receiving import Receiving, otlp_config, receiving

GOOD = payload()
PROTOBUF = {"content-type": "application/x-protobuf"}
AUTH = {"auth": {"authenticator": "door"}}
GUARDED = {"protocols": {"grpc": AUTH, "http": AUTH}}


class Door:
    """An authenticator that is told what to answer, and remembers whom it was asked about."""

    def __init__(self, answer: Credential | Exception | None = None) -> None:
        self.answer = answer or Credential()
        self.asked: list = []

    def authenticate(self, request):
        self.asked.append((request.header("user-agent"), request.certificate(), request.values("key")))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def bearer(**options):
    extension = BEARER.create(BEARER.config.model_validate(options), Context("door", Path()))
    extension.start()
    return extension


def grpc_exporter(running: Receiving, headers: dict[str, str]) -> GrpcExporter:
    return GrpcExporter(endpoint=running.grpc, insecure=True, headers=headers, timeout=5)


def http_exporter(running: Receiving, headers: dict[str, str]) -> HttpExporter:
    return HttpExporter(endpoint=f"http://{running.http}/v1/logs", headers=headers, timeout=5)


EXPORTERS: dict[str, Callable] = {"grpc": grpc_exporter, "http": http_exporter}


@pytest.mark.parametrize("protocol", EXPORTERS)
def test_an_sdk_with_a_token(protocol):
    """What an SDK sends with the token is kept; without it, or with another, nothing is, and nothing of it is shown."""
    with receiving(GUARDED, extensions={"door": bearer(token="hunter2")}) as running:
        for headers in ({"authorization": "Bearer hunter2"}, {"authorization": "Bearer other"}, {}):
            provider = LoggerProvider()
            provider.add_log_record_processor(SimpleLogRecordProcessor(EXPORTERS[protocol](running, headers)))
            provider.get_logger("test").emit(timestamp=1, severity_number=SeverityNumber.WARN, body="x" * 100_000)
            provider.shutdown()
        assert running.intake.records == 1
        statistics = running.admission.statistics()
        assert (statistics.accepted_requests, statistics.refused_requests) == (1, {"Unauthenticated": 2})


def http_answer(running: Receiving, headers: dict[str, str] | None = None, path: str = "/v1/logs") -> tuple:
    with closing(http.client.HTTPConnection(running.http, timeout=10)) as connection:
        connection.request("POST", path, GOOD, {**PROTOBUF, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def grpc_answer(running: Receiving, body: bytes = GOOD) -> tuple[int, str]:
    with grpc.insecure_channel(running.grpc) as channel:
        try:
            channel.unary_unary(GRPC_PATH)(body, timeout=10)
        except grpc.RpcError as error:
            return error.code().value[0], error.details()
        return 0, ""


ANSWERS = {
    "wrong": (Unauthenticated("the credential is not valid"), 401, 16),
    "known, but not here": (PermissionDenied("not from this network"), 403, 7),
    "not to be told now": (Unavailable("the keys cannot be read"), 503, 14),
    "a defect of the authenticator": (RuntimeError("hunter2"), 503, 14),
}


@pytest.mark.parametrize(("refusal", "status", "code"), ANSWERS.values(), ids=ANSWERS)
def test_answers(refusal, status, code):
    """Each refusal has its status over both protocols, in the words of the authenticator, and is counted once."""
    with receiving(GUARDED, extensions={"door": Door(refusal)}) as running:
        got, headers, body = http_answer(running, {"content-type": "application/json"})
        assert (got, json.loads(body)["code"]) == (status, code)
        assert headers.get_all("www-authenticate", []) == (['Bearer realm="logboom"'] if status == 401 else [])
        assert ("retry-after" in headers) is (status == 503)
        told = grpc_answer(running)
        assert told[0] == code
        assert "hunter2" not in told[1] + body.decode()
        assert sum(running.admission.statistics().refused_requests.values()) == 2
        assert running.intake.payloads == []


def test_several_challenges():
    """Each on a line of its own."""
    door = Door(Unauthenticated("who are you?", ['Bearer realm="a"', 'Basic realm="a", charset="UTF-8"']))
    with receiving(GUARDED, extensions={"door": door}) as running:
        _, headers, _ = http_answer(running)
        assert headers.get_all("www-authenticate") == ['Bearer realm="a"', 'Basic realm="a", charset="UTF-8"']


def test_no_body_is_read_over_http():
    """The answer comes while the body is still to come, whatever it says of itself."""
    with receiving(GUARDED, extensions={"door": Door(Unauthenticated("no"))}) as running:
        host, _, port = running.http.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            head = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Encoding: nonsense\r\nContent-Length: 4000000\r\n\r\n"
            connection.sendall(head)
            assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_no_message_is_awaited_over_grpc():
    """A call is answered by its metadata alone, and never takes a place among those whose message is awaited."""
    with receiving(GUARDED, extensions={"door": Door(Unauthenticated("no"))}) as running:
        hold = threading.Event()

        def messages():
            hold.wait(30)
            yield GOOD

        with grpc.insecure_channel(running.grpc) as channel:
            call = channel.stream_unary(GRPC_PATH).future(messages(), timeout=20)
            assert (call.code().value[0], call.details(), hold.is_set()) == (16, "no", False)
            assert running.receiver.gauges()["grpc"]["calls_receiving"] == 0
            hold.set()


def test_the_credential_decides_the_domain():
    """Over both protocols it goes with the request, whatever the host says."""
    rules = DomainRules(names=["tamyla.com", "other.example"])
    with receiving(GUARDED, rules=rules, extensions={"door": Door(Credential("tamyla.com"))}) as running:
        assert http_answer(running, {"host": "unknown"})[0] == 200
        assert http_answer(running, {"host": "other.example"})[0] == 403
        assert grpc_answer(running)[0] == 0
        assert [one.domain for one in running.intake.payloads] == ["tamyla.com"] * 2


def test_query_parameters():
    """Those that are named stand in for headers, for the authenticator alone."""
    door = Door()
    auth = {"authenticator": "door", "request_params": ["Key"]}
    with receiving({"protocols": {"http": {"auth": auth}}}, extensions={"door": door}) as running:
        for path, header in (
            ("/v1/logs?Key=a%20b&other=1", {}),
            ("/v1/logs", {"key": "c"}),
            ("/v1/logs?Key=d", {"key": "c"}),
        ):
            assert http_answer(running, header, path)[0] == 200
        assert [values for *_, values in door.asked] == [["a b"], ["c"], ["d"]]


def test_one_listener_asks_and_the_other_does_not():
    """`auth` is an option of each protocol."""
    with receiving({"protocols": {"http": AUTH}}, extensions={"door": Door(Unauthenticated("no"))}) as running:
        assert (http_answer(running)[0], grpc_answer(running)[0]) == (401, 0)


def test_a_preflight_needs_no_credential():
    """Browsers send none with it."""
    overrides = {
        "protocols": {"http": {**AUTH, "cors": {"allowed_origins": ["*"], "allowed_headers": ["authorization"]}}}
    }
    with receiving(overrides, extensions={"door": Door(Unauthenticated("no"))}) as running:
        asked = {
            "origin": "https://x",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }
        with closing(http.client.HTTPConnection(running.http, timeout=10)) as connection:
            connection.request("OPTIONS", "/v1/logs", headers=asked)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["access-control-allow-headers"]) == (204, "authorization")
        assert http_answer(running, {"origin": "https://x"})[1]["access-control-allow-origin"] == "*"


def test_the_probe_is_turned_away_and_content(caplog):
    """It serves newcomers, for it refuses them; that the probe is refused is told to nobody, that others are, once."""
    with receiving(GUARDED, extensions={"door": Door(Unauthenticated("no"))}) as running:
        for protocol, probe in otlp_config(GUARDED).probes().items():
            assert ask(probe, running.receiver.endpoints()[protocol], 10.0) == ""
        assert caplog.messages == []
        for _ in range(3):
            http_answer(running)
            grpc_answer(running)
        assert set(caplog.messages) == {"otlp: requests of 127.0.0.1 are refused: no"}
        assert len(caplog.messages) == 2  # one of each listener


def test_client_certificates(tmp_path):
    """An authenticator sees subject and alternative names of what TLS has checked; without TLS, or without one, nothing."""
    authority = Authority(tmp_path)
    server, client = authority.issue("server"), authority.issue("checkout")
    tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(authority.ca_file)}
    door = Door()
    guarded = {"protocols": {name: {**AUTH, "tls": tls} for name in ("grpc", "http")}}
    with receiving(guarded, extensions={"door": door}) as running:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        context.load_cert_chain(client.cert, client.key)
        port = running.http.rpartition(":")[2]
        with closing(http.client.HTTPSConnection(f"localhost:{port}", timeout=10, context=context)) as connection:
            for _ in range(2):
                connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
                assert connection.getresponse().read() == b""
        credentials = grpc.ssl_channel_credentials(
            authority.ca_file.read_bytes(), client.key.read_bytes(), client.cert.read_bytes()
        )
        with grpc.secure_channel(f"localhost:{running.grpc.rpartition(':')[2]}", credentials) as channel:
            channel.unary_unary(GRPC_PATH)(GOOD, timeout=10)
    found = [certificate for _, certificate, _ in door.asked]
    assert [(one.common_name, one.dns, one.uris) for one in found] == [
        ("checkout", ("localhost",), ("spiffe://tests/checkout",))
    ] * 3
    with receiving(GUARDED, extensions={"door": (plain := Door())}) as running:
        http_answer(running)
        grpc_answer(running)
    assert [certificate for _, certificate, _ in plain.asked] == [None, None]


def test_tls_without_a_client_certificate(tmp_path):
    """The connection is safe, and says nothing of the client."""
    authority = Authority(tmp_path)
    server = authority.issue("server")
    tls = {"cert_file": str(server.cert), "key_file": str(server.key)}
    door = Door()
    with receiving(
        {"protocols": {name: {**AUTH, "tls": tls} for name in ("grpc", "http")}}, extensions={"door": door}
    ) as running:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        port = running.http.rpartition(":")[2]
        with closing(http.client.HTTPSConnection(f"localhost:{port}", timeout=10, context=context)) as connection:
            connection.request("POST", "/v1/logs", GOOD, PROTOBUF)
            assert connection.getresponse().status == 200
        credentials = grpc.ssl_channel_credentials(authority.ca_file.read_bytes())
        with grpc.secure_channel(f"localhost:{running.grpc.rpartition(':')[2]}", credentials) as channel:
            channel.unary_unary(GRPC_PATH)(GOOD, timeout=10)
    assert [certificate for _, certificate, _ in door.asked] == [None, None]
