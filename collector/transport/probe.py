"""A request through a listener of our own, sent as a stranger would send it: does it answer newcomers?

    http   POST of an empty ExportLogsServiceRequest, or what the receiver answers about its health, over a connection of its own
    grpc   the same as a unary call: HTTP/2 frames by hand (RFC 9113), so that the supervisor needs no grpc

An empty request passes accept, TLS, budgets, parsing, domain and admission, is answered like any other, and becomes no
record. Where senders must show who they are, the refusal is the answer; where they need a certificate, the probe ends when
it is connected.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from hpack import Decoder

USER_AGENT = "logboom-probe"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS = 0, 1, 3, 4
_END_STREAM = _ACK = 1
_END_HEADERS = 4
_NO_MESSAGE = bytes(5)  # gRPC's length prefix of an empty message
_COME_AGAIN = {"8": "RESOURCE_EXHAUSTED", "13": "INTERNAL", "14": "UNAVAILABLE"}
_MOST_FRAMES = 100


@dataclass(frozen=True, slots=True)
class Probe:
    """How to ask one listener.

    Args:
        protocol: `http` or `grpc`.
        path: of the request.
        tls: it speaks TLS.
        certificate: it asks for a client's certificate, which nobody gave us.
        method: of an HTTP request.
    """

    protocol: str
    path: str
    tls: bool = False
    certificate: bool = False
    method: str = "POST"


def ask(probe: Probe, address: str, timeout_secs: float) -> str:
    """Why the listener at `address` (`host:port`, `unix:/path`) did not serve, or an empty string. Never raises.

    Args:
        timeout_secs: for each of connecting, TLS, and the answer.
    """
    try:
        with closing(_connected(address, timeout_secs)) as plain:
            if probe.certificate:
                return ""
            with closing(_tls(plain, probe.protocol) if probe.tls else plain) as connection:
                return (_http if probe.protocol == "http" else _grpc)(connection, probe)
    except TimeoutError:
        return f"no answer within {timeout_secs:g} s"
    except (OSError, http.client.HTTPException, EOFError) as error:
        return f"no answer: {getattr(error, 'strerror', None) or error or type(error).__name__}"


def _connected(address: str, timeout_secs: float) -> socket.socket:
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_secs)
        try:
            connection.connect(address.removeprefix("unix:"))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104 - the other way round
    return socket.create_connection((own, int(port)), timeout_secs)


def _tls(plain: socket.socket, protocol: str) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is ourselves, by whatever name
    context.set_alpn_protocols(["h2" if protocol == "grpc" else "http/1.1"])
    return context.wrap_socket(plain)


def _http(connection: socket.socket, probe: Probe) -> str:
    request = http.client.HTTPConnection("localhost")
    request.sock = connection
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": USER_AGENT, "Connection": "close"}
    request.request(probe.method, probe.path, b"" if probe.method == "POST" else None, headers)
    with request.getresponse() as answer:
        text = answer.read(500).decode(errors="replace")
        return f"{answer.status} {text.strip()}" if answer.status == 429 or answer.status >= 500 else ""


def _grpc(connection: socket.socket, probe: Probe) -> str:
    from hpack import Decoder, Encoder  # 7 MiB, and not while the children start

    fields = [
        (":method", "POST"), (":scheme", "https" if probe.tls else "http"), (":path", probe.path), (":authority", "localhost"),
        ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", USER_AGENT),
    ]  # fmt: skip
    connection.sendall(
        _PREFACE
        + _frame(_SETTINGS, 0, 0, b"")
        + _frame(_HEADERS, _END_HEADERS, 1, Encoder().encode(fields))
        + _frame(_DATA, _END_STREAM, 1, _NO_MESSAGE)
    )
    with connection.makefile("rb") as stream:
        status, message = _grpc_status(connection, stream, Decoder())
    return f"{_COME_AGAIN[status]} {message}".strip() if status in _COME_AGAIN else ""


def _grpc_status(connection: socket.socket, stream: BinaryIO, decoder: Decoder) -> tuple[str, str]:
    """`grpc-status` and `grpc-message` of stream 1. Raises EOFError, ConnectionError when there will be none."""
    for _ in range(_MOST_FRAMES):
        kind, flags, number, payload = _read_frame(stream)
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _RST_STREAM and number == 1:
            raise ConnectionError("the call was reset")
        elif kind == _HEADERS:
            fields = {str(name): str(value) for name, value, *_ in decoder.decode(payload)}
            if flags & _END_STREAM:
                return fields.get("grpc-status", "14"), fields.get("grpc-message", "")
    raise EOFError("frames without an answer")


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _read_frame(stream: BinaryIO) -> tuple[int, int, int, bytes]:
    head = stream.read(9)
    payload = stream.read(int.from_bytes(head[:3])) if len(head) == 9 else b""
    if len(head) < 9 or len(payload) < int.from_bytes(head[:3]):
        raise EOFError("the connection was closed")
    return head[3], head[4], int.from_bytes(head[5:]) & 0x7FFFFFFF, payload
