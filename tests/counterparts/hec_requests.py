"""Requests to an HTTP Event Collector that ask for each of its answers, and for each kind of record: name → path, headers, body."""

from __future__ import annotations

import gzip
import json

EVENTS, RAW, ACK = "/services/collector", "/services/collector/raw", "/services/collector/ack"
CHANNEL = "fe0ecfad-13d5-401b-847d-77833bd77131"
Request = tuple[str, str, dict[str, str], bytes]


def _events(*events: object) -> bytes:
    return "".join(json.dumps(event) for event in events).encode()


FULL = {
    "time": 1764411072.123,
    "host": "web-1",
    "source": "app",
    "sourcetype": "json",
    "index": "main",
    "event": "boom",
    "fields": {"a": "b"},
}
BODIES: dict[str, bytes] = {
    "full": _events(FULL),
    "two of one source": _events(FULL, {**FULL, "event": "again"}),
    "two of different sources": _events(FULL, {**FULL, "host": "web-2"}),
    "lines": _events(FULL) + b"\n" + _events(FULL) + b"\n",
    "lines with carriage returns": _events(FULL) + b"\r\n\r\n" + _events(FULL),
    "pretty": json.dumps(FULL, indent=2).encode() * 2,
    "array": json.dumps([FULL, {**FULL, "event": "again"}]).encode(),
    "array and more": json.dumps([FULL]).encode() + _events(FULL),
    "array behind": _events(FULL) + json.dumps([FULL]).encode(),
    "array empty": b"[]",
    "array of nulls": b"[null]",
    "array of numbers": b"[1]",
    "no data": b"",
    "blank": b" \n",
    "null": b"null",
    "a number": b"5",
    "a text": b'"x"',
    "no json": b"{",
    "half behind": _events(FULL) + b'{"event":',
    "words behind": _events(FULL) + b"trailing",
    "event missing": b'{"host":"a"}',
    "event null": b'{"event":null}',
    "event empty": b'{"event":""}',
    "event blank": b'{"event":" "}',
    "event missing behind": _events(FULL, {"host": "a"}),
    "event empty object": b'{"event":{}}',
    "event empty array": b'{"event":[]}',
    "event number": b'{"event":5}',
    "event double": b'{"event":5.25}',
    "event true": b'{"event":true}',
    "event false": b'{"event":false}',
    "event zero": b'{"event":0}',
    "event object": b'{"event":{"a":{"b":[1.5,"x",null,{"c":true}]},"d":null}}',
    "event array": b'{"event":["a",1.5,[true],{"b":"c"}]}',
    "event unicode": '{"event":"Größe ☃ \\ud83d\\ude00"}'.encode(),
    "braces in a text": b'{"event":"}{"}{"event":"b"}',
    "other members": b'{"event":"a","severity":"high"}',
    "member twice": b'{"event":"a","event":"b"}',
    "host empty": b'{"event":"a","host":""}',
    "host null": b'{"event":"a","host":null}',
    "host number": b'{"event":"a","host":5}',
    "source object": b'{"event":"a","source":{}}',
    "index list": b'{"event":"a","index":["b"]}',
    "sourcetype true": b'{"event":"a","sourcetype":true}',
    "time text": b'{"event":"a","time":"1764411072.25"}',
    "time whole": b'{"event":"a","time":1764411072}',
    "time zero": b'{"event":"a","time":0}',
    "time null": b'{"event":"a","time":null}',
    "time milliseconds": b'{"event":"a","time":1764411072123}',
    "time microseconds": b'{"event":"a","time":1764411072123000}',
    "time nanoseconds": b'{"event":"a","time":1764411072123000064}',
    "time words": b'{"event":"a","time":"yesterday"}',
    "time empty": b'{"event":"a","time":""}',
    "time object": b'{"event":"a","time":{}}',
    "time true": b'{"event":"a","time":true}',
    "fields of all types": b'{"event":"a","fields":{"t":"x","n":1.5,"b":true,"z":null,"l":["a",1.5,null]}}',
    "fields empty": b'{"event":"a","fields":{}}',
    "fields null": b'{"event":"a","fields":null}',
    "fields list": b'{"event":"a","fields":[]}',
    "fields text": b'{"event":"a","fields":"x"}',
    "fields nested": b'{"event":"a","fields":{"a":{"b":1}}}',
    "fields list of lists": b'{"event":"a","fields":{"a":[[1]]}}',
    "fields nested in the second": _events(FULL, {**FULL, "fields": {"a": {}}}),
    "field named as metadata": b'{"event":"a","host":"h","fields":{"host.name":"f"}}',
    "metric": b'{"event":"metric","fields":{"metric_name:cpu":1}}',
    "metric without fields": b'{"event":"metric"}',
    "metric by name": b'{"event":"a","fields":{"metric_name":"cpu","_value":1}}',
    "metric by many names": b'{"fields":{"metric_name:cpu.user":1,"metric_name:mem":2}}',
    "no metric": b'{"event":"a","fields":{"metric_name:9":1,"metric_names":2,"metric_name:":3}}',
    "metric behind": _events(FULL, {"event": "metric", "fields": {"metric_name:cpu": 1}}),
    "nested in a metric": b'{"event":"metric","fields":{"metric_name:cpu":{}}}',
}  # fmt: skip
LINES: dict[str, bytes] = {
    "a line": b"hello", "two lines": b"hello\nworld", "line end": b"hello\n", "carriage return": b"hello\r\nworld\r\n", "spaces": b"  hello  ",
    "json": b'{"event":"a"}', "nothing": b"", "an empty line": b"a\n\nb",
}  # fmt: skip
QUERIES: dict[str, str] = {
    "metadata": "?host=h&source=s&sourcetype=t&index=i", "metadata twice": "?host=h&host=i", "metadata empty": "?host=", "escaped": "?source=a%20b%26c+d",
    "time": "?time=1764411072", "time zero": "?time=0", "time negative": "?time=-1", "time words": "?time=x", "time fraction": "?time=1.5", "time empty": "?time=",
    "channel": f"?channel={CHANNEL}", "channel wrong": "?channel=x", "channel empty": "?channel=",
}  # fmt: skip
HEADERS: dict[str, dict[str, str]] = {
    "channel": {"X-Splunk-Request-Channel": CHANNEL}, "channel upper": {"X-Splunk-Request-Channel": CHANNEL.upper()},
    "channel wrong": {"X-Splunk-Request-Channel": "nonsense"}, "channel empty": {"X-Splunk-Request-Channel": ""},
    "token": {"Authorization": "Splunk 1234"}, "token of another scheme": {"Authorization": "Bearer 1234"},
}  # fmt: skip
REQUESTS: dict[str, Request] = {
    **{f"events: {name}": ("POST", EVENTS, {}, body) for name, body in BODIES.items()},
    **{f"path {path}": ("POST", path, {}, _events(FULL)) for path in (f"{EVENTS}/event", f"{EVENTS}/event/1.0", "/", "/anything")},
    **{f"raw: {name}": ("POST", RAW, {}, body) for name, body in LINES.items()},
    **{f"raw query: {name}": ("POST", RAW + query, {}, b"hello") for name, query in QUERIES.items()},
    **{f"headers: {name}": ("POST", EVENTS, headers, _events(FULL)) for name, headers in HEADERS.items()},
    **{f"raw headers: {name}": ("POST", RAW, headers, b"hello") for name, headers in HEADERS.items()},
    "gzip": ("POST", EVENTS, {"Content-Encoding": "gzip"}, gzip.compress(_events(FULL), mtime=0)),
    "raw gzip": ("POST", RAW, {"Content-Encoding": "gzip"}, gzip.compress(b"hello\nworld", mtime=0)),
    "get": ("GET", EVENTS, {}, b""), "put": ("PUT", EVENTS, {}, _events(FULL)), "raw get": ("GET", RAW, {}, b""),
    "health": ("GET", f"{EVENTS}/health", {}, b""), "health of a version": ("GET", f"{EVENTS}/health/1.0", {}, b""),
    "ack without channel": ("POST", ACK, {}, b'{"acks":[1]}'), "ack without numbers": ("POST", ACK, HEADERS["channel"], b"{}"),
    "ack of none": ("POST", ACK, HEADERS["channel"], b'{"acks":[]}'), "ack of words": ("POST", ACK, HEADERS["channel"], b'{"acks":["a"]}'),
    "ack no json": ("POST", ACK, HEADERS["channel"], b"{"), "ack of a strange number": ("POST", ACK, HEADERS["channel"], b'{"acks":[0]}'),
    "ack get": ("GET", ACK, HEADERS["channel"], b""), "ack of a wrong channel": ("POST", ACK, HEADERS["channel wrong"], b'{"acks":[1]}'),
}  # fmt: skip
OPTIONS = {"access_token_passthrough": True, "ack": {"extension": "ack"}}
