"""The loki receiver: records as the Collector's receiver makes them, its answers, what cannot be read, real clients."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import time
from pathlib import Path
from typing import Any

import cramjam
import grpc
import logging_loki
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.admission.admission import Admission
from collector.admission.steps import checks
from collector.component import Context
from collector.domains.resolver import DomainResolver, DomainRules
from collector.errors import Exhausted, InvalidPayload, TooLarge, Unavailable
from collector.ingress.loki_push import labels_of
from collector.outcomes import Ok
from collector.receivers.loki import FACTORY
from collector.receivers.loki.config import PUSH_METHOD, PUSH_PATH
from collector.receivers.loki.push import of_json, of_message, of_protobuf
from collector.testing.intake import MemoryIntake
from collector.testing.text_batch import text_batch
from collector.transport.probe import ask
from counterparts import sending
from counterparts.examples import examples
from counterparts.json_door import Door, records
from counterparts.wire_bytes import message, number
from exporters.loki import FACTORY as EXPORTER
from otlp_wire import Received, inspect

NOW = 1_764_411_072_123_000_000
BOTH = {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}
JSON, PROTOBUF = "application/json", "application/x-protobuf"
LIMIT = 4 << 20
Entry = tuple[int, str, dict[str, str]]


@contextlib.contextmanager
def receiving(intake=None, **options):
    kept = intake or MemoryIntake()
    admission = Admission(checks(DomainResolver(DomainRules())), kept)
    config = FACTORY.config.model_validate({"protocols": BOTH, **options})
    receiver = FACTORY.create(config, Context("loki", Path()))
    receiver.start(admission)
    try:
        yield Door(receiver.endpoints()["http"], kept, admission), receiver.endpoints(), config
    finally:
        receiver.shutdown(5.0)


def push(*streams: tuple[str, list[Entry]]) -> bytes:
    """A `PushRequest`, by hand."""
    written = b""
    for labels, entries in streams:
        stream = message(1, labels.encode())
        for moment, line, metadata in entries:
            at = number(1, moment // 10**9) + number(2, moment % 10**9)
            pairs = b"".join(
                message(3, message(1, key.encode()) + message(2, text.encode())) for key, text in metadata.items()
            )
            stream += message(2, message(1, at) + message(2, line.encode()) + pairs)
        written += message(1, stream)
    return written


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def read(received: Received) -> list[dict[str, Any]]:
    assert not received.records or inspect(received.body).records == received.records
    return records(received.body)


def as_json(stream: dict[str, Any], *values: list[Any]) -> bytes:
    return json.dumps({"streams": [{"stream": stream, "values": values}]}).encode()


ENTRY: Entry = (NOW, "slow query", {"trace_id": "1f"})
LABELS = '{app="shop", __path__="/var/log", level="warn"}'
WANTED = {"time": NOW, "body": "slow query", "attributes": {"app": "shop", "level": "warn", "trace_id": "1f"}}


def test_labels_and_metadata_are_attributes():
    """Of the record; what begins with `__` is Loki's own. The same from JSON, from protobuf with each compression, over gRPC."""
    labels = {"app": "shop", "__path__": "/var/log", "level": "warn"}
    plain = push((LABELS, [ENTRY]))
    assert [
        read(of_json(as_json(labels, [str(NOW), "slow query", {"trace_id": "1f"}]), True)),
        read(of_protobuf(snappy(plain), True, "", LIMIT)),
        read(of_protobuf(snappy(plain), True, "snappy", LIMIT)),
        read(of_protobuf(gzip.compress(snappy(plain)), True, "gzip", LIMIT)),
        read(of_protobuf(plain, True, "", LIMIT)),
        read(of_message(plain, True)),
    ] == [[WANTED]] * 6


def test_metadata_have_the_last_word():
    [record] = read(of_json(as_json({"level": "warn"}, [str(NOW), "x", {"level": "error"}]), True))
    assert record["attributes"] == {"level": "error"}


@pytest.mark.parametrize("read_body", [
    lambda labels, lines: of_json(as_json(labels, *([str(NOW), "x"] for _ in range(lines))), True),
    lambda labels, lines: of_protobuf(snappy(push((as_text(labels), [(NOW, "x", {})] * lines))), True, "", LIMIT),
    lambda labels, lines: of_message(push((as_text(labels), [(NOW, "x", {})] * lines)), True),
], ids=["json", "protobuf", "grpc"])  # fmt: skip
def test_labels_that_stand_in_each_record_make_no_gigabytes(read_body):
    """A body of one megabyte does not become a hundred."""
    assert read_body({"app": "a" * (1 << 20)}, 10).records == 10
    with pytest.raises(TooLarge, match="records of more than 64 MiB"):
        read_body({"app": "a" * (1 << 20)}, 100)


def as_text(labels):
    return "{" + ", ".join(f'{name}="{text}"' for name, text in labels.items()) + "}"


def test_times():
    """As the option says; what is told no time has none of its own."""
    body = as_json({}, [str(NOW), "a"], ["0", "b"])
    assert [record.get("time") for record in read(of_json(body, True))] == [NOW, None]
    came, none = (record.get("time") for record in read(of_json(body, False)))
    assert (abs(came / 1e9 - time.time()) < 600, none) == (True, None)


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b'{"streams":null}', b'{"streams":[]}', as_json({"a": "b"})])
def test_nothing_in_it(body):
    """Is taken, as the Collector takes it, and no record."""
    assert of_json(body, True).records == 0


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"5", b"[]", b'{"streams":5}', b'{"streams":[5]}', b'{"streams":[{"stream":[],"values":[]}]}', b'{"streams":[{"stream":{},"values":{}}]}',
        as_json({}, ["1"]), as_json({}, ["1", 5]), as_json({}, ["1", "x", {}, {}]), b'{"streams":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_json_that_is_no_push(body):
    with pytest.raises(InvalidPayload):
        of_json(body, True)


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"\x0a\x05{a=1}", snappy(b"\xff" * 9), push(("{a}", [ENTRY])), push(('{a="b"', [ENTRY])) + b"\x0a"],
)
def test_protobuf_that_is_no_push(body):
    with pytest.raises(InvalidPayload):
        of_protobuf(body, True, "", LIMIT)


LABEL_TEXTS = {
    "{}": {}, '{a="b"}': {"a": "b"}, '{ a = "b" , c="d",}': {"a": "b", "c": "d"}, r'{a="x\"y\\z\n"}': {"a": 'x"y\\z\n'},
    r'{a="\u00e9\x41\101\U0001F600\xc3\xa9"}': {"a": "éAA😀é"}, '{a="}{,"}': {"a": "}{,"}, '{a=""}': {"a": ""},
}  # fmt: skip


@pytest.mark.parametrize("text", LABEL_TEXTS)
def test_labels(text):
    """As Prometheus writes them, with Go's escapes."""
    assert labels_of(text) == LABEL_TEXTS[text]


def test_sizes():
    """A bomb stops at the limit, and so do records without end."""
    with pytest.raises(TooLarge):
        of_protobuf(snappy(b"\0" * (LIMIT + 1)), True, "", LIMIT)
    with pytest.raises(TooLarge):
        of_json(as_json({}, *[["1", ""]] * 100_001), True)
    [record] = read(of_json(as_json({f"l{n}": "x" for n in range(1030)}, ["1", "x"]), True))
    assert (len(record["attributes"]), record["dropped"]) == (1024, 6)


TEXTS = st.text(max_size=8) | st.sampled_from(['"', "\\", "__a", "}", "\ud83d"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
VALUES = st.lists(st.tuples(st.integers().map(str) | ANY, TEXTS | ANY, ANY).map(list) | ANY, max_size=3)
STREAMS = st.fixed_dictionaries(
    {
        "streams": st.lists(
            st.fixed_dictionaries({"stream": st.dictionaries(TEXTS, ANY, max_size=3), "values": VALUES}) | ANY
        )
    }
)


@settings(max_examples=examples(300))
@given(STREAMS | ANY, st.binary(max_size=30), st.booleans())
def test_any_body_is_records_or_refused(document, noise, keeps_time):
    """Whatever comes: as many records as are counted, or a refusal in words."""
    body = json.dumps(document).encode()
    with contextlib.suppress(InvalidPayload, TooLarge):
        read(of_json(body, keeps_time))
    for packed in (noise, snappy(noise), push((noise.decode("latin-1"), [ENTRY]))):
        with contextlib.suppress(InvalidPayload, TooLarge):
            read(of_protobuf(packed, keeps_time, "", LIMIT))
        with contextlib.suppress(InvalidPayload, TooLarge):
            read(of_message(packed, keeps_time))


def test_answers():
    """As the Collector's: 204; 404, 405, 415; 400 in words."""
    with receiving() as (door, _, _config):
        assert door.post(PUSH_PATH, as_json({"a": "b"}, ["1", "x"]), content_type=JSON).status == 204
        assert door.post(PUSH_PATH, snappy(push((LABELS, [ENTRY]))), content_type=f"{PROTOBUF}; x=y").status == 204
        assert door.post("/nothing", b"").status == 404
        assert door.post(PUSH_PATH, b"", "GET").status == 405
        found = door.post(PUSH_PATH, b"x", content_type="text/plain")
        assert (found.status, found.body) == (
            415, b"415 unsupported media type, supported: [application/json, application/x-protobuf]",
        )  # fmt: skip
        found = door.post(PUSH_PATH, b'{"streams":5}', content_type=JSON)
        assert (found.status, found.body) == (400, b'no "streams" in it: see Loki\'s push API\n')
        assert door.post(PUSH_PATH, b"x", content_type=JSON, content_encoding="br").status == 400
        assert (
            door.post(PUSH_PATH, gzip.compress(b" " * (LIMIT + 1)), content_type=JSON, content_encoding="gzip").status
            == 413
        )
        assert [record["body"] for record in door.records] == ["x", "slow query"]


@pytest.mark.parametrize(("refusal", "status"), [(Exhausted("slow down"), 429), (Unavailable("full"), 503)])
def test_hints(refusal, status):
    """A limit of the domain, our own state: when to come again."""
    with receiving(MemoryIntake(refusal)) as (door, _, _config):
        found = door.post(PUSH_PATH, as_json({}, ["1", "x"]), content_type=JSON)
        assert (found.status, "retry-after" in found.headers) == (status, True)


def test_grpc():
    """A push over gRPC is on disk when it is answered, with a message without fields; what is none is INVALID_ARGUMENT."""
    with receiving(use_incoming_timestamp=True) as (door, endpoints, _config):
        with grpc.insecure_channel(endpoints["grpc"]) as channel:
            method = channel.unary_unary(PUSH_METHOD)
            assert method(push((LABELS, [ENTRY])), timeout=30) == b""
            for body, path, code in (
                (b"\xff", PUSH_METHOD, "INVALID_ARGUMENT"),
                (b"", "/logproto.Pusher/Pull", "UNIMPLEMENTED"),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    channel.unary_unary(path)(body, timeout=30)
                assert caught.value.code().name == code
        assert door.records == [WANTED]


def test_the_probe_is_answered():
    """On both, and becomes no record."""
    with receiving() as (door, endpoints, config):
        assert {name: ask(probe, endpoints[name], 10.0) for name, probe in config.probes().items()} == {
            "grpc": "",
            "http": "",
        }
        assert door.records == []


def test_python_logging_loki():
    """Its JSON: tags are labels, and so are logger and level."""
    with receiving(use_incoming_timestamp=True) as (door, _, _config):
        handler = logging_loki.LokiHandler(url=f"http://{door.address}{PUSH_PATH}", tags={"app": "shop"}, version="1")
        logger = logging.getLogger("loki-receiver")
        logger.addHandler(handler)
        logger.warning("slow query")
        logger.removeHandler(handler)
        [record] = door.records
    assert (record["body"], record["attributes"]["app"], record["attributes"]["severity"]) == (
        "slow query",
        "shop",
        "warning",
    )
    assert abs(record["time"] / 1e9 - time.time()) < 600


def test_our_own_exporter(tmp_path):
    """Its streams come back as they were."""
    with receiving(use_incoming_timestamp=True) as (door, _, _config):
        found = sending.verdicts(
            EXPORTER, {"endpoint": f"http://{door.address}"}, tmp_path, text_batch(["a", "b", "c"])
        )
        assert found == [Ok()]
        assert [record["time"] for record in door.records] == [1, 2, 3]
        assert {record["attributes"]["level"] for record in door.records} == {"INFO"}


def test_a_protocol_is_needed():
    with pytest.raises(ValidationError, match="must specify at least one protocol when using the Loki receiver"):
        FACTORY.config.model_validate({})
    assert FACTORY.config.model_validate({"protocols": {"grpc": None, "http": None}}).listens_on() == [
        "localhost:3600",
        "localhost:3500",
    ]
