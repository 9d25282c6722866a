"""Shapes of senders, and what they mean in OTLP: a table of cases for each."""

from __future__ import annotations

import gzip
from pathlib import Path

import cramjam
import msgpack
import orjson
import pytest

import collector.receivers.json.documentation as documentation
from collector.errors import InvalidPayload, TooLarge
from collector.ingress.documents import BadRecord
from collector.ingress.moments import unix_nano
from collector.receivers.json.config import JsonReceiverConfig
from collector.receivers.json.routes import Post, routes
from collector.receivers.json.taking import Taking, read_by
from counterparts.json_door import records
from otlp_wire import inspect

ROUTES = routes(JsonReceiverConfig())
T = 1_764_411_072_123_000_000  # 2025-11-29T10:11:12.123Z
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def read(
    path: str, body: object, media: str = "application/json", query: bytes = b"", skip: bool = False
) -> list[dict]:
    """The records of a body at a path."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
    post = Post.of({b"content-type": media.encode()}, query)
    taking = Taking(skip)
    received = read_by(ROUTES[path].reader(post, ""), taking)(raw)
    if received.records:
        assert inspect(received.body).records == received.records
    found = records(received.body)
    assert len(found) == received.records == taking.records
    return found


LOGS = {
    "curl": ({"level": "error", "message": "boom"}, {"severity": 17, "severity_text": "error", "body": "boom"}),
    "pino": (
        {"level": 50, "time": 1764411072123, "pid": 7, "hostname": "web", "msg": "failed", "err": {"type": "TypeError", "message": "x", "stack": "at y"},
         "req": {"method": "GET"}, "res": {"statusCode": 502}},
        {"severity": 17, "time": T, "body": "failed", "resource": {"host.name": "web"},
         "attributes": {"process.pid": 7, "exception.type": "TypeError", "exception.message": "x", "exception.stacktrace": "at y",
                        "req": {"method": "GET"}, "res": {"statusCode": 502}}},
    ),
    "pino's own level": ({"level": 35, "msg": "a"}, {"severity": 9, "body": "a"}),
    "winston": (
        {"level": "silly", "message": "x", "timestamp": "2025-11-29T10:11:12.123Z", "service": "api"},
        {"severity": 1, "severity_text": "silly", "body": "x", "time": T, "resource": {"service.name": "api"}},
    ),
    "Vector": (
        {"message": "x", "timestamp": "2025-11-29T10:11:12.123456789Z", "host": "web", "source_type": "stdin"},
        {"body": "x", "time": T + 456_789, "resource": {"host.name": "web"}, "attributes": {"source_type": "stdin"}},
    ),
    "Fluent Bit": (
        {"date": 1764411072.123, "log": "line", "stream": "stderr"},
        {"time": T, "body": "line", "attributes": {"stream": "stderr"}},
    ),
    "Serilog": (
        {"@t": "2025-11-29T10:11:12.123Z", "@l": "Warning", "@mt": "Took {Ms}", "@x": "Exception: y", "@tr": TRACE, "@sp": SPAN, "Ms": 3},
        {"time": T, "severity": 13, "severity_text": "Warning", "body": "Took {Ms}", "trace_id": TRACE, "span_id": SPAN,
         "attributes": {"exception.stacktrace": "Exception: y", "Ms": 3}},
    ),
    "ECS": (
        {"@timestamp": "2025-11-29T10:11:12.123Z", "log.level": "WARN", "message": "x", "service": {"name": "api", "version": "3"},
         "trace": {"id": TRACE}, "span.id": SPAN, "error": {"type": "E", "message": "m", "stack_trace": ["a", "b"], "code": 5},
         "log": {"logger": "main"}, "event": {"action": "login"}},
        {"time": T, "severity": 13, "severity_text": "WARN", "body": "x", "resource": {"service.name": "api", "service.version": "3"},
         "trace_id": TRACE, "span_id": SPAN,
         "attributes": {"exception.type": "E", "exception.message": "m", "exception.stacktrace": "a\nb", "error": {"code": 5},
                        "log": {"logger": "main"}, "event": {"action": "login"}}},
    ),
    "zap": (
        {"level": "info", "ts": 1764411072.123, "logger": "main", "caller": "a.go:1", "msg": "x", "error": "refused"},
        {"severity": 9, "severity_text": "info", "time": T, "body": "x",
         "attributes": {"logger": "main", "caller": "a.go:1", "exception.message": "refused"}},
    ),
    "traceparent": (
        {"msg": "x", "traceparent": f"00-{TRACE}-{SPAN}-01"}, {"body": "x", "trace_id": TRACE, "span_id": SPAN, "flags": 1},
    ),
    "ids that are none": (
        {"msg": "x", "trace_id": "abc", "span_id": "0" * 16}, {"body": "x", "attributes": {"trace_id": "abc", "span_id": "0" * 16}},
    ),
    "two times, the first of the table": (
        {"time": 5, "@timestamp": 1764411072123, "msg": "x"}, {"time": T, "body": "x", "attributes": {"time": 5}},
    ),
    "a time that is none": ({"time": "soon", "msg": "x"}, {"body": "x", "attributes": {"time": "soon"}}),
    "types are kept": (
        {"msg": "x", "a": 1, "b": 1.5, "c": True, "d": None, "e": [1, "x"], "f": {"g": {}}},
        {"body": "x", "attributes": {"a": 1, "b": 1.5, "c": True, "d": None, "e": [1, "x"], "f": {"g": {}}}},
    ),
    "null for what is known": ({"msg": "x", "trace_id": None, "service": None, "other": None}, {"body": "x", "attributes": {"other": None}}),
    "a body that is an object": ({"message": {"a": 1}}, {"body": {"a": 1}}),
    "a member named like a wrapper": ({"message": "x", "events": [{"a": 1}]}, {"body": "x", "attributes": {"events": [{"a": 1}]}}),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_loggers(name):
    """`POST /logs`, one object."""
    body, meant = LOGS[name]
    assert read("/logs", body) == [meant]


TWO = [{"body": "a"}, {"body": "b"}]
BODIES = {
    "array": '[{"msg":"a"},{"msg":"b"}]',
    "texts": '["a","b"]',
    "lines": '{"msg":"a"}\n{"msg":"b"}\n',
    "lines of Windows, blank ones between": '{"msg":"a"}\r\n\r\n{"msg":"b"}',
    "behind a byte order mark": '\ufeff{"msg":"a"}\n{"msg":"b"}',
    "one behind the other": '{"msg":"a"}{"msg":"b"}',
    "written over lines": '{\n "msg": "a"\n}\n{\n "msg": "b"\n}\n',
    "wrapped in logs": '{"logs":[{"msg":"a"},{"msg":"b"}]}',
    "wrapped in events": '{"events":[{"msg":"a"},{"msg":"b"}]}',
    "wrapped in records": '{"records":["a","b"]}',
    "OTLP JSON": '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"stringValue":"b"}}]}]}]}',
    "OTLP JSON in lines": '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}\n'
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"b"}}]}]}]}',
    "Loki's streams": '{"streams":[{"stream":{},"values":[["0","a"],["0","b"]]}]}',
}


@pytest.mark.parametrize("name", BODIES)
def test_what_a_body_may_be(name):
    """The same two records in each."""
    assert read("/logs", BODIES[name]) == TWO


def test_what_stands_beside_a_list_holds_for_each():
    """And a record's own word goes before it."""
    found = read("/logs", {"service": "api", "env": "prod", "logs": [{"msg": "a"}, {"msg": "b", "env": "test"}]})
    assert [record["resource"] for record in found] == [
        {"deployment.environment.name": env, "service.name": "api"} for env in ("prod", "test")
    ]


def test_plain_text():
    """A line each; JSON under the same type (sendBeacon) is JSON."""
    assert read("/logs", "a\n\nb\n", "text/plain") == TWO
    assert read("/logs", '{"msg":"a"}', "text/plain;charset=UTF-8") == [{"body": "a"}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("boom", "line 1: not valid JSON"),
        ('{"msg":"a"}\n{"msg":\n{"msg":"c"}', "line 2: not valid JSON"),
        ('[{"msg":"a"},5]', "record 2: neither an object nor a text"),
        ('{"msg":"a"}\nnull', "record 2: neither an object nor a text"),
        ('{"streams":[{"stream":{},"values":[["1"]]}]}', 'record 1: not ["nanoseconds", "line"]'),
        ('{"resourceLogs":[5]}', "record 1:"),
    ],
)  # fmt: skip
def test_all_or_nothing(body, said):
    """The first that is wrong is named; with `skip` it is left out and the others are taken."""
    with pytest.raises(BadRecord) as refused:
        read("/logs", body)
    assert refused.value.reason.startswith(said)
    read("/logs", body, skip=True)


def test_skip_counts():
    """What was left out, and why first."""
    taking = Taking(skip=True)
    received = read_by(ROUTES["/logs"].reader(Post.of({}, b""), ""), taking)(b'{"msg":"a"}\nx\n[1]\n{"msg":"b"}')
    assert (received.records, received.repairs.rejected, taking.first) == (2, 2, "line 2: not valid JSON")


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b'{"msg":"\xff"}', "\ufffd"),
        (b'{"msg":"\\ud83d"}', "\ufffd"),
        (b'{"msg":"\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"msg":"a","msg":"b"}', "b"),
        (b'{"msg":"\\u0000\\u001b[31m"}', "\0\x1b[31m"),
    ],
)
def test_odd_texts(body, meant):
    """What can't be read is U+FFFD; control characters stay data; the last of two keys counts."""
    assert [record["body"] for record in read("/logs", body)] == [meant]


def test_limits_of_a_record():
    """1,024 keys; the rest is told as dropped. Depth does not matter."""
    found = read("/logs", {f"k{number}": number for number in range(1500)})[0]
    assert (len(found["attributes"]), found["dropped"]) == (1024, 476)
    deep = '{"msg":' * 400 + "1" + "}" * 400
    assert len(read("/logs", deep)) == 1
    with pytest.raises(TooLarge):
        read("/logs", "1".join(["{}"] * 3).replace("1", "\n") + "\n{}" * 100_000)


MOMENTS = {
    1764411072: T - 123_000_000, 1764411072123: T, 1764411072123000: T, T: T, 1764411072.123: T, 1764411072123.5: T + 500_000,
    "1764411072123": T, "1764411072.123": T, "2025-11-29T10:11:12.123Z": T, "2025-11-29 10:11:12,123": T,
    "2025-11-29T11:11:12.123+01:00": T, "2025-11-29T10:11:12Z": T - 123_000_000, "2025-11-29T10:11:12.1234567890123Z": T + 456_789,
    "2025-11-29": 1764374400_000_000_000, 0: None, -5: None, "": None, "now": None, True: None, "9999-12-31T23:59:59Z": None,
    1 << 70: None, float("inf"): None, float("nan"): None, "²": None, "1969-12-31T23:59:59Z": None, "2025-11-29T10:11:12.²Z": None,
}  # fmt: skip


@pytest.mark.parametrize("value", MOMENTS, ids=repr)
def test_times(value):
    """Twice: what is remembered says the same."""
    assert [unix_nano(value), unix_nano(value)] == [MOMENTS[value]] * 2


OTHERS = {
    "Loki": (
        "/loki/api/v1/push",
        {"streams": [{"stream": {"app": "api", "level": "warn", "pod": "p1", "zone": "a"}, "values": [[str(T), "line", {"trace_id": TRACE, "user": "7"}]]}]},
        [{"time": T, "body": "line", "severity": 13, "severity_text": "warn", "trace_id": TRACE, "attributes": {"user": "7"},
          "resource": {"service.name": "api", "k8s.pod.name": "p1", "zone": "a"}}],
    ),
    "Datadog": (
        "/api/v2/logs",
        [{"message": "x", "status": "critical", "service": "api", "hostname": "web", "ddsource": "nodejs", "ddtags": "env:prod,version:3,team:a",
          "timestamp": 1764411072123, "dd.trace_id": "1234567890123456789", "http": {"status_code": 502, "a": 1}}],
        [{"body": "x", "severity": 18, "severity_text": "critical", "time": T, "trace_id": f"{1234567890123456789:032x}",
          "resource": {"service.name": "api", "host.name": "web", "service.version": "3", "deployment.environment.name": "prod"},
          "attributes": {"ddsource": "nodejs", "ddtags": "env:prod,version:3,team:a", "http.response.status_code": 502, "http": {"a": 1}}}],
    ),
    "GELF": (
        "/gelf",
        {"version": "1.1", "host": "web", "short_message": "x", "full_message": "x\ny", "timestamp": 1764411072.123, "level": 3, "_user": 7,
         "_stack_trace": "at z"},
        [{"body": "x", "time": T, "severity": 17, "resource": {"host.name": "web"},
          "attributes": {"full_message": "x\ny", "user": 7, "exception.stacktrace": "at z"}}],
    ),
    "GELF without a level": ("/gelf", {"version": "1.1", "host": "w", "short_message": "x"}, [{"body": "x", "resource": {"host.name": "w"}}]),
    "Logpush": (
        "/cloudflare/logpush",
        {"EdgeStartTimestamp": T, "EdgeResponseStatus": 502, "ClientRequestMethod": "GET", "ClientRequestHost": "tamyla.com", "ClientRequestURI": "/a",
         "ClientIP": "192.0.2.1", "RayID": "r", "ZoneName": "tamyla.com"},
        [{"time": T, "severity": 17, "severity_text": "ERROR", "body": "GET tamyla.com/a 502", "resource": {"cloudflare.zone": "tamyla.com"},
          "attributes": {"http.response.status_code": 502, "http.request.method": "GET", "server.address": "tamyla.com", "url.path": "/a",
                         "client.address": "192.0.2.1", "cloudflare.ray_id": "r"}}],
    ),
    "Logpush's test upload": ("/cloudflare/logpush", {"content": "tests"}, []),
    "Logpush of Workers": (
        "/cloudflare/logpush",
        {"EventTimestampMs": 1764411072123, "ScriptName": "w", "Outcome": "ok", "Logs": [{"Level": "log", "Message": ["a", 1], "TimestampMs": 1764411072123}],
         "Exceptions": []},
        [{"time": T, "severity": 9, "severity_text": "log", "body": "a 1", "resource": {"service.name": "w"}, "attributes": {"cloudflare.outcome": "ok"}}],
    ),
    "Tail Worker": (
        "/cloudflare/tail",
        [{"scriptName": "w", "outcome": "exception", "eventTimestamp": 1764411072000, "event": {"request": {"method": "GET", "url": "https://a/b"}},
          "logs": [{"timestamp": 1764411072123, "level": "warn", "message": [{"a": 1}]}],
          "exceptions": [{"timestamp": 1764411072123, "name": "TypeError", "message": "x", "stack": "at y"}]},
         {"scriptName": "w", "outcome": "exceededCpu", "eventTimestamp": 1764411072123, "logs": [], "exceptions": []}],
        [{"time": T, "severity": 13, "severity_text": "warn", "body": {"a": 1}, "resource": {"service.name": "w"},
          "attributes": {"cloudflare.outcome": "exception", "http.request.method": "GET", "url.full": "https://a/b"}},
         {"time": T, "severity": 17, "severity_text": "error", "body": "TypeError: x", "resource": {"service.name": "w"},
          "attributes": {"cloudflare.outcome": "exception", "http.request.method": "GET", "url.full": "https://a/b", "exception.type": "TypeError",
                         "exception.stacktrace": "at y", "exception.message": "x"}},
         {"time": T, "severity": 17, "severity_text": "error", "body": "the invocation ended: exceededCpu", "resource": {"service.name": "w"},
          "attributes": {"cloudflare.outcome": "exceededCpu"}}],
    ),
    "webhook": ("/events", "any\ntext", [{"body": "any\ntext"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_shapes(name):
    """By their paths."""
    path, body, meant = OTHERS[name]
    assert read(path, body) == meant


def test_status_of_logpush():
    """Redirects are information, too."""
    found = [
        read("/cloudflare/logpush", {"EdgeResponseStatus": status})[0]["severity"] for status in (200, 301, 404, 503)
    ]
    assert found == [9, 10, 13, 17]


def test_datadog_parameters_hold_for_each_record():
    """The record's own word goes before."""
    found = read(
        "/api/v2/logs",
        '{"message":"a"}\n{"message":"b","service":"own"}',
        "text/plain",
        b"ddsource=browser&service=shop&dd-api-key=x",
    )
    assert [record["resource"]["service.name"] for record in found] == ["shop", "own"]
    assert read("/api/v2/logs", "raw line", "text/plain", b"service=shop") == [{"body": "raw line"}]


def push(*streams) -> bytes:
    """Loki's PushRequest, by hand: (labels, [(seconds, nanos, line, [(name, value)])])."""

    def field(number: int, content: bytes) -> bytes:
        size = len(content)
        assert size < 128 * 128
        return (
            bytes([number << 3 | 2]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content
        )

    def varint(number: int) -> bytes:
        return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])

    out = b""
    for labels, entries in streams:
        stream = field(1, labels.encode())
        for seconds, nanos, line, pairs in entries:
            moment = b"\x08" + varint(seconds) + b"\x10" + varint(nanos)
            metadata = b"".join(field(3, field(1, name.encode()) + field(2, value.encode())) for name, value in pairs)
            stream += field(2, field(1, moment) + field(2, line.encode()) + metadata)
        out += field(1, stream + b"\x18\x05")
    return out


@pytest.mark.parametrize("packed", [True, False], ids=["snappy", "plain"])
def test_loki_in_protobuf(packed):
    """As Promtail and Alloy send it."""
    body = push(
        (
            '{app="api", file="a \\"b\\"\\\\", level="error"}',
            [(1764411072, 123_000_000, "line", [("user", "7")]), (0, 0, "two", [])],
        )
    )
    body = bytes(cramjam.snappy.compress_raw(body)) if packed else body
    resource = {"service.name": "api", "file": 'a "b"\\'}
    level = {"severity": 17, "severity_text": "error", "resource": resource}
    assert read("/loki/api/v1/push", body, "application/x-protobuf") == [
        {"time": T, "body": "line", "attributes": {"user": "7"}, **level},
        {"body": "two", **level},
    ]


@pytest.mark.parametrize("body", [b"\xff\xff", b"abc", push(("no labels", [(1, 1, "x", [])]))])
def test_what_is_no_push(body):
    """Refused in words."""
    with pytest.raises(InvalidPayload):
        read("/loki/api/v1/push", body, "application/x-protobuf")


def test_fluent_bit_in_msgpack():
    """Its default: events one behind the other, in the old and the new form."""
    moment = msgpack.ExtType(0, (1764411072).to_bytes(4) + (123_000_000).to_bytes(4))
    events = [[moment, {"log": "a"}], [[moment, {}], {"log": "b", 5: b"\xff"}], [1764411072.123, {"log": "c"}]]
    found = read("/logs", b"".join(map(msgpack.packb, events)), "application/msgpack")
    assert [(record["time"], record["body"]) for record in found] == [(T, "a"), (T, "b"), (T, "c")]
    assert found[1]["attributes"] == {"5": b"\xff"}
    assert [record["body"] for record in read("/logs", msgpack.packb(events), "application/msgpack")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "body", [b"\x92\x01", b"\xc1", b"\xdd\x00\xff\xff\xff" * 1000, b"\x91" * 5000, msgpack.packb("x")],
    ids=["cut", "no type", "announced items", "deep", "a text"],
)  # fmt: skip
def test_bad_msgpack(body):
    """A refusal, whatever it announces."""
    with pytest.raises(InvalidPayload):
        read("/logs", body, "application/msgpack")


def test_empty_bodies():
    """Preflights and probes: taken, and no record."""
    for path in ROUTES:
        if not path.endswith("*"):
            assert read(path, b"") == []
            assert read(path, b" \n") == []


def test_formats_choose_paths():
    """What is not on is not there."""
    assert set(routes(JsonReceiverConfig(formats=["gelf"]))) == {"/gelf"}


def test_the_tables_of_the_readme_are_current():
    """`python -m collector.receivers.json.documentation` brings them up to date."""
    readme = (Path(documentation.__file__).parent / "README.md").read_text()
    assert documentation.with_tables(readme) == readme


def test_gzip_is_not_taken_for_text():
    """`Content-Encoding` is the listener's; here a body is plain."""
    with pytest.raises(InvalidPayload):
        read("/logs", gzip.compress(b"{}"))


ONE_BEHIND_THE_OTHER = {
    "nothing between them": ('{"msg":"a"}{"msg":"b"}', ["a", "b"]),
    "braces in a text": ('{"msg":"}{"}{"msg":"b"}', ["}{", "b"]),
    "braces in a text alone": ('{"msg":"a}{b"}', ["a}{b"]),
    "objects in objects": ('{"msg":"a","x":{"y":{}}}{"msg":"b","x":[{},{}]}', ["a", "b"]),
}


@pytest.mark.parametrize("name", ONE_BEHIND_THE_OTHER)
def test_objects_one_behind_the_other(name):
    """Read at once, as one by one."""
    body, bodies = ONE_BEHIND_THE_OTHER[name]
    assert [record["body"] for record in read("/logs", body)] == bodies


@pytest.mark.parametrize("body", ['{"a":[{}{}]}{"b":1}', '{"a":1}{"b":' + "1" * 5000 + "}", '{"a":1}{"b"}{"c":1}'])
def test_what_is_no_json_is_refused_however_it_ends(body):
    """Objects in an array without a comma, a number of 5,000 digits, half an object."""
    with pytest.raises(InvalidPayload):
        read("/logs", body)


def test_loki_within_gzip_is_snappy():
    """As its clients send it that compress twice; and labels that are no texts are what they say."""
    [plain] = read("/loki/api/v1/push", {"streams": [{"stream": {"shard": 3, "up": True}, "values": [["1", "x"]]}]})
    assert plain["resource"] == {"shard": "3", "up": "true"}
    message = b"\x0a\x16" + b'\x0a\x09{app="x"}' + b"\x12\x09\x0a\x02\x08\x01\x12\x03one"
    post = Post.of({b"content-type": b"application/x-protobuf"}, b"")
    taking = Taking()
    read_by(ROUTES["/loki/api/v1/push"].reader(post, "gzip"), taking)(
        gzip.compress(bytes(cramjam.snappy.compress_raw(message)))
    )
    [record] = records(taking.received().body)
    assert (record["body"], record["resource"]) == ("one", {"service.name": "x"})
