"""rsyslog and syslog-ng find in our messages the fields that were sent, in each format, framing and transport."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest

from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.syslog_servers import Received
from otlp_wire import any_from_python

MOMENT = datetime.datetime(2026, 11, 3, 4, 5, 6, 70, tzinfo=datetime.UTC)
NANOS = int(MOMENT.timestamp()) * 1_000_000_000 + 70_999
ELEMENTS = {"exampleSDID@32473": {"iut": "3", "eventSource": 'App "x" [a] \\'}}
ROWS = [
    Row("r1", resource=[("host.name", "web-1.tamyla.com"), ("service.name", "shop"), ("process.pid", 4711)],
        fields={"time_unix_nano": NANOS, "severity_number": 17, "event_name": "ID47", "body": "It's — größer ✓ 100 %"}),
    Row("r2", [("hostname", "192.0.2.1"), ("appname", "su"), ("proc_id", "77"), ("priority", 34),
               ("message", "'su root' failed"), ("structured_data", Nested(any_from_python(ELEMENTS)))],
        fields={"time_unix_nano": NANOS, "body": "not this"}),
    Row("r3", resource=[("host.name", "h3"), ("service.name", "shop")],
        fields={"time_unix_nano": NANOS, "body": None, "body_any": any_from_python({"a": [1, True]}), "severity_number": 21}),
]  # fmt: skip
EXPECTED = [
    Received("", 163, "", "web-1.tamyla.com", "shop", "4711", "ID47", "", "It's — größer ✓ 100 %"),
    Received("", 34, "", "192.0.2.1", "su", "77", "", '[exampleSDID@32473 iut="3" eventSource="App \\"x\\" [a\\] \\\\"]', "'su root' failed"),
    Received("", 160, "", "h3", "shop", "", "", "", '{"a":[1,true]}'),
]  # fmt: skip
TRANSPORTS = ("udp", "tcp", "tls", "mutual")


COMBINATIONS = [
    (transport, framing)
    for transport in TRANSPORTS
    for framing in ("octet_counting", "newline")
    if transport != "udp" or framing == "newline"
]


def comparable(message: Received) -> Received:
    """Without what the servers write in their own ways: the input's name and the form of the time."""
    return replace(message, input="", time="")


@pytest.mark.parametrize(("transport", "framing"), COMBINATIONS)
def test_rfc5424_fields(server, talk, transport, framing):
    """All fields, microseconds and UTF-8 arrive; nothing is added to the text."""
    exporter_for, deliver, _ = talk
    found = deliver(server, exporter_for(server, transport, framing, "rfc5424"), batch_of(ROWS))
    assert [comparable(message) for message in found] == EXPECTED
    assert {datetime.datetime.fromisoformat(message.time) for message in found} == {MOMENT}


@pytest.mark.parametrize(("transport", "framing"), COMBINATIONS)
def test_rfc3164_fields(server, talk, transport, framing):
    """Time to the second in the receiver's zone, host, tag and process id. (rsyslog keeps the blank behind the tag, and
    finds a message id in no RFC 3164 message, as there is none.)"""
    exporter_for, deliver, _ = talk
    if server.input(transport, framing, "rfc3164") is None:
        framing = "newline"  # syslog-ng counts no octets there
    found = deliver(server, exporter_for(server, transport, framing, "rfc3164"), batch_of(ROWS))
    expected = [replace(message, msgid="", sd="") for message in EXPECTED]
    assert [comparable(replace(message, msg=message.msg.lstrip())) for message in found] == expected
    times = [datetime.datetime.fromisoformat(message.time) for message in found]
    assert {(time.month, time.day, time.hour, time.minute, time.second) for time in times} == {(11, 3, 4, 5, 6)}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("message_format", ["json", "ocsf", "ecs", "cef", "leef"])
def test_documents(server, talk, transport, message_format):
    """JSON, CEF and LEEF arrive as the bytes that were made, header fields beside them."""
    exporter_for, deliver, _ = talk
    exporter = exporter_for(server, transport, "newline", "rfc5424", format=message_format)
    batch = batch_of(ROWS)
    found = deliver(server, exporter, batch)
    lines = exporter_for(server, "tcp", "newline", "rfc5424", format=message_format).encode(batch).body
    made = [line.split(b" ", 7)[7].decode() for line in lines.splitlines()]
    assert [message.host for message in found] == [message.host for message in EXPECTED]
    assert [message.msg for message in found][::2] == made[::2]
    assert found[1].msg in lines.decode()
    start = {"cef": "CEF:", "leef": "LEEF:"}.get(message_format, "{")
    assert all(message.msg.startswith(start) for message in found)
    if message_format == "json":
        assert [json.loads(message.msg)["record_id"] for message in found] == ["r1", "r2", "r3"]


def test_byte_order_mark(server, talk):
    """With `bom` MSG is marked as UTF-8, and the servers keep or remove the mark, not the text."""
    exporter_for, deliver, _ = talk
    found = deliver(server, exporter_for(server, "tcp", "octet_counting", "rfc5424", bom=True), batch_of(ROWS[:1]))
    assert found[0].msg.removeprefix("\ufeff") == EXPECTED[0].msg
