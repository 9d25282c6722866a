"""What must hold for any input, and how it is tried. Each target takes inputs in groups and raises `Broken`.

protobuf, json   only a refusal is raised; what is taken decodes in the worker into as many records, and leaves again as OTLP
shapes           the same at the door for JSON of other shapes, msgpack and Loki's push, whole requests and with bad records left out
credentials      only a refusal is raised, which quotes nothing that was shown; who is let in has shown what is good
framing          only a refusal is raised; never more than the limit; what is taken is what Python's own library reads
http1, http2     every answer is one of the protocol, none says "internal"; a good request right behind is answered
heads            a listener that knows heads again does with every connection what one does that parses all of them
…_guarded        the same at listeners that ask who sends, which take nothing of who showed nothing that is good
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import http.client
import json
import random
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

import otlp_wire
from collector.component import Context, Kind, ServerAuthenticator
from collector.errors import Refusal
from collector.ingress.http_request import HttpRequest
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.routes import Post, routes
from collector.receivers.json.taking import Taking, read_by
from collector.registry import default_registry
from collector.transport.serving.content_encoding import decoded
from counterparts.receiving import Receiving, receiving
from fuzz import (
    credential_inputs,
    framing_inputs,
    head_inputs,
    http1_inputs,
    http2_inputs,
    json_inputs,
    protobuf_inputs,
    seeds,
    shape_inputs,
)
from fuzz.known_heads import Pair, pair

LIMIT = 1 << 20
METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")
_PATIENCE_SECS = 0.3


class Broken(AssertionError):
    """A property does not hold; `inputs` are the smallest group that shows it."""

    def __init__(self, inputs: Sequence[bytes], why: str) -> None:
        super().__init__(f"{why}: {inputs[0][:200]!r}")
        self.inputs = inputs


Try = Callable[[Sequence[bytes]], list[str]]
"""Inputs to what became of each: a word, the same for inputs that were treated alike. Raises `Broken`."""


def _alike(text: object) -> str:
    """A message without what differs from input to input."""
    return re.sub(r"\"[^\"]*\"|'[^']*'|\d+", "…", str(text))[:120]


def _entry(number: int, body: bytes, records: int) -> Entry:
    return Entry("0" * 16, number, "default", "otlp", body, records, 1_700_000_000_000, b"\0" * 16)


def _doors(read: Callable[[bytes], otlp_wire.Received]) -> Try:
    """The door, and the worker behind it, for bodies of one encoding."""

    def attempt(inputs: Sequence[bytes]) -> list[str]:
        outcomes, taken = [], []
        for body in inputs:
            try:
                received = read(body)
            except Refusal as refusal:
                outcomes.append(_alike(refusal))
                continue
            except Exception as error:
                raise Broken([body], f"the door raised {type(error).__name__}: {error}") from error
            outcomes.append(f"taken, {sorted(received.repairs.counts)}" if received.repairs else "taken")
            taken.append((body, received))
        _through_the_worker(taken)
        return outcomes

    return attempt


def _through_the_worker(taken: Sequence[tuple[bytes, otlp_wire.Received]]) -> None:
    if not taken:
        return
    entries = [_entry(number, received.body, received.records) for number, (_, received) in enumerate(taken)]
    why = _decoding(entries)
    if why and len(taken) > 1:
        half = len(taken) // 2
        _through_the_worker(taken[:half])
        _through_the_worker(taken[half:])
    if why:
        raise Broken([body for body, _ in taken], why)


def _decoding(entries: Sequence[Entry]) -> str:
    """Why these entries are not what the door said; empty when they are."""
    try:
        result = decode(entries)
        records = sum(entry.records for entry in entries)
        if result.dead_letters:
            return f"taken at the door, undecodable: {result.dead_letters[0].reason}"
        if len(result.batch) != records:
            return f"the door counted {records} records, the worker {len(result.batch)}"
        if otlp_wire.inspect(otlp_wire.encode(result.batch)).records != records:
            return "records are missing in the OTLP that leaves"
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        return f"the worker raised {type(error).__name__}: {error}"
    return ""


SHAPES = routes(JsonReceiverConfig())


def _shaped(one: bytes, skip: bool) -> otlp_wire.Received:
    """The door of the receiver `json`."""
    path, media, body = one.split(b"\0", 2) if one.count(b"\0") > 1 else (b"/logs", b"", one)
    at = SHAPES[path.decode()]
    post = Post.of({b"content-type": media}, b"")
    return read_by(at.reader(post, ""), Taking(skip))(body)


def credentials(inputs: Sequence[bytes]) -> list[str]:
    """What senders show, to each authenticator."""
    outcomes = []
    for one in inputs:
        headers, query = credential_inputs.parts(one)
        scope = {
            "headers": headers,
            "query_string": query,
            "client": ("192.0.2.1", 1),
            "server": ("a", 1),
            "sender": None,
        }
        request = HttpRequest(scope, dict(headers))
        said = []
        for name, authenticator in authenticators().items():
            try:
                authenticator.authenticate(request)
                said.append(f"{name}: let in")
                if not credential_inputs.holds_a_good_one(headers):
                    raise Broken([one], f"{name} let in who showed nothing that is good")
            except Refusal as refusal:
                said.append(f"{name}: {_alike(refusal)}")
                if any(len(value) > 20 and value.decode("latin-1") in refusal.reason for _, value in headers):
                    raise Broken([one], f"{name} quotes what was shown") from refusal
            except Broken:
                raise
            except Exception as error:
                raise Broken([one], f"{name} raised {type(error).__name__}: {error}") from error
        outcomes.append("; ".join(said))
    return outcomes


@functools.cache
def authenticators() -> dict[str, ServerAuthenticator]:
    """One of each kind that looks at headers, started."""
    folder = Path(tempfile.mkdtemp(prefix="logboom-fuzz-"))
    key = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
    (folder / "jwks.json").write_text(json.dumps({"keys": [{**key, "kid": "a", "alg": "RS256", "use": "sig"}]}))
    name, _, password = credential_inputs.GOOD_USER.partition(":")
    hashed = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
    provider = {
        "issuer_url": "https://issuer.example",
        "audience": "logs",
        "public_keys_file": str(folder / "jwks.json"),
    }
    found: dict[str, ServerAuthenticator] = {}
    for kind, options in {
        "bearertokenauth": {"token": credential_inputs.GOOD_TOKEN}, "api_keys": {},
        "basicauth": {"htpasswd": {"inline": f"{name}:{{SHA}}{hashed}"}}, "oidc": {"providers": [provider]},
    }.items():  # fmt: skip
        factory = default_registry().find(Kind.EXTENSION, kind)
        assert factory is not None
        found[kind] = factory.create(factory.config.model_validate(options), Context(kind, folder))
        found[kind].start()
    return found


def framing(inputs: Sequence[bytes]) -> list[str]:
    """Decompression."""
    outcomes = []
    for one in inputs:
        encoding, _, body = one.partition(b"\0")
        try:
            plain = decoded(encoding.decode(), body, LIMIT)
        except Refusal as refusal:
            outcomes.append(_alike(refusal))
            continue
        except Exception as error:
            raise Broken([one], f"{type(error).__name__}: {error}") from error
        expected = framing_inputs.reference(encoding.decode(), body)
        if len(plain) > LIMIT or (expected is not None and plain != expected):
            raise Broken([one], "another content than Python's own library reads")
        outcomes.append(f"{encoding.decode()} taken")
    return outcomes


def _the_same(both: Pair) -> Try:
    """Each input over a connection to either of two listeners."""

    def attempt(inputs: Sequence[bytes]) -> list[str]:
        outcomes = []
        for one in inputs:
            knowing, parsing = both.serve(head_inputs.reads(one))
            if knowing != parsing:
                raise Broken([one], f"answered {knowing.statuses} where {parsing.statuses} is due")
            outcomes.append(parsing.statuses)
        return outcomes

    return attempt


class Listeners:
    """A receiver with a journal in memory, and good senders to both of its doors."""

    def __init__(self, running: Receiving, authorization: str = "") -> None:
        self._running = running
        self._good = seeds.protobuf(random.Random(3))
        self._shown = {"authorization": authorization} if authorization else {}
        self._channel = grpc.insecure_channel(running.grpc)
        self._export = self._channel.unary_unary(METHOD, request_serializer=None, response_deserializer=None)

    def http1(self, inputs: Sequence[bytes]) -> list[str]:
        """Connections to the HTTP listener, then a good request."""
        outcomes = [self._over(self._running.http, one) for one in inputs]
        said = [[int(code) for code in _STATUS.findall(answer)] for answer in outcomes]
        for one, codes in zip(inputs, said, strict=True):
            if 500 in codes:
                raise Broken([one], f"answered {codes}")
        connection = http.client.HTTPConnection(self._running.http, timeout=10)
        headers = {"content-type": "application/x-protobuf", **self._shown}
        connection.request("POST", "/v1/logs", self._good, headers)
        if connection.getresponse().status != 200:
            raise Broken(inputs, "a good request behind them was refused")
        connection.close()
        return [str(codes) for codes in said]

    def http2(self, inputs: Sequence[bytes]) -> list[str]:
        """Connections to the gRPC listener, then a good call."""
        outcomes = [_frames(self._over(self._running.grpc, one)) for one in inputs]
        try:
            self._export(self._good, timeout=10, metadata=list(self._shown.items()))
        except grpc.RpcError as error:
            raise Broken(inputs, f"a good call behind them: {error.code()} {error.details()}") from error
        return outcomes

    def guarded(self, attempt: Try) -> Try:
        """The same where senders are asked: nothing is taken of who showed nothing that is good."""

        def tried(inputs: Sequence[bytes]) -> list[str]:
            outcomes = []
            for one in inputs:
                before = len(self._running.intake.payloads)
                outcomes += attempt([one[1:]])
                taken = len(self._running.intake.payloads) - before - 1  # the good one behind it
                if one[:1] != credential_inputs.GOOD and taken:
                    raise Broken([one], f"{taken} requests were taken of who showed nothing that is good")
            return outcomes

        return tried

    def close(self) -> None:
        """End the good sender."""
        self._channel.close()

    @staticmethod
    def _over(address: str, data: bytes) -> bytes:
        """Send all, say that no more comes, and read what is answered."""
        host, port = address.rsplit(":", 1)
        answer = bytearray()
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=_PATIENCE_SECS) as one:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
            while part := one.recv(65536):
                answer += part
        return bytes(answer)


def _frames(answer: bytes) -> str:
    """The kinds of frames in an answer, in order, each once."""
    kinds, at = [], 0
    while at + 9 <= len(answer):
        kinds.append(answer[at + 3])
        at += 9 + int.from_bytes(answer[at : at + 3])
    return f"frames {sorted(set(kinds))}"


@dataclass(frozen=True)
class Target:
    """Where inputs come from, what is tried with them, and how many at once."""

    make: Callable[..., bytes]
    attempt: Try
    group: int


@contextlib.contextmanager
def targets() -> Iterator[dict[str, Target]]:
    """All of them, by name."""
    asks = {"auth": {"authenticator": "bearertokenauth"}}
    both = {"protocols": {"http": {"read_timeout": "5s", **asks}, "grpc": asks}}
    with (
        receiving({"protocols": {"http": {"read_timeout": "5s"}}}) as running,
        receiving(both, extensions=authenticators()) as asking,
        pair() as open_pair,
        pair(authenticators()["bearertokenauth"]) as asking_pair,
    ):
        listeners, doors = Listeners(running), Listeners(asking, f"Bearer {credential_inputs.GOOD_TOKEN}")
        yield {
            "protobuf": Target(protobuf_inputs.make, _doors(otlp_wire.receive_protobuf), 200),
            "json": Target(json_inputs.make, _doors(otlp_wire.receive_json), 200),
            "shapes": Target(shape_inputs.make, _doors(functools.partial(_shaped, skip=False)), 200),
            "shapes_skip": Target(shape_inputs.make, _doors(functools.partial(_shaped, skip=True)), 200),
            "credentials": Target(credential_inputs.make, credentials, 200),
            "framing": Target(framing_inputs.make, framing, 100),
            "http1": Target(http1_inputs.make, listeners.http1, 20),
            "http2": Target(http2_inputs.make, listeners.http2, 20),
            "heads": Target(head_inputs.make, _the_same(open_pair), 20),
            "heads_guarded": Target(head_inputs.make, _the_same(asking_pair), 20),
            "http1_guarded": Target(
                functools.partial(credential_inputs.guarded, http1_inputs.make), doors.guarded(doors.http1), 20
            ),
            "http2_guarded": Target(
                functools.partial(credential_inputs.guarded, http2_inputs.make), doors.guarded(doors.http2), 20
            ),
        }
        listeners.close()
        doors.close()
