"""Syslog messages: every field from where the documents say, within its limits."""

from __future__ import annotations

import datetime
from itertools import pairwise

import pytest

from collector.documents.cef import cef_text
from collector.documents.leef import leef_text
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.cef_reader import read_cef
from counterparts.leef_reader import read_leef
from exporters.syslog.config import SyslogConfig
from exporters.syslog.encoding import Encoder
from otlp_wire import any_from_python

MOMENT = 1_700_000_000_123_456_789


def encoded(rows, **options):
    config = SyslogConfig.model_validate({"endpoint": "localhost", "framing": "newline", **options})
    return Encoder(config).encode(batch_of(rows))


def message(attributes=(), resource=(), *, options=None, **fields) -> str:
    fields = {"time_unix_nano": MOMENT, "body": "text", "severity_number": 0, **fields}
    made = encoded([Row("id", attributes, resource, fields=fields)], **(options or {}))
    return made.body.decode().removesuffix("\n")


def header(attributes=(), resource=(), **more) -> list[str]:
    return message(attributes, resource, **more).split(" ")[:6]


SEVERITIES = {0: 165, 1: 167, 8: 167, 9: 166, 10: 165, 12: 165, 13: 164, 16: 164, 17: 163, 18: 162, 19: 161, 20: 161,
              21: 160, 24: 160, 25: 165, -1: 165}  # fmt: skip


@pytest.mark.parametrize(("number", "priority"), SEVERITIES.items())
def test_severities(number, priority):
    """Facility local4 (20) and the severity of the range; what is no severity number counts as unset."""
    assert message(severity_number=number).startswith(f"<{priority}>1 ")


PRIORITIES = {
    0: "<0>",
    191: "<191>",
    192: "<165>",
    -1: "<165>",
    "34": "<34>",
    "007": "<7>",
    "x": "<165>",
    "1.5": "<165>",
    True: "<165>",
}


@pytest.mark.parametrize(("value", "start"), PRIORITIES.items())
def test_priority_attribute(value, start):
    """A number of 0 to 191 decides, in digits too; everything else is as if absent."""
    assert message([("priority", value)]).startswith(f"{start}1 ")


def test_facility_and_fatal():
    """Options of PRI; the default priority is a whole PRI of its own."""
    options = {"facility": "auth", "fatal_severity": "crit", "defaults": {"priority": 14}}
    assert [message(severity_number=number, options=options)[:5] for number in (9, 21, 0)] == [
        "<38>1",
        "<34>1",
        "<14>1",
    ]


TIMES = {
    (MOMENT, 0): "2023-11-14T22:13:20.123456Z",
    (MOMENT + 999, 0): "2023-11-14T22:13:20.123457Z",
    (1_700_000_000_999_999_999, 0): "2023-11-14T22:13:20.999999Z",
    (1_700_000_000_500_000_000, 0): "2023-11-14T22:13:20.5Z",
    (1_700_000_000_000_000_999, 0): "2023-11-14T22:13:20Z",
    (0, MOMENT): "2023-11-14T22:13:20.123456Z",
    (0, 0): "-",
    (2**64 - 1, 0): "2554-07-21T23:34:33.709551Z",
}


@pytest.mark.parametrize(("times", "text"), TIMES.items())
def test_timestamps(times, text):
    """UTC, at most six digits, cut and not rounded, without trailing zeros; `-` when there is none."""
    assert header(time_unix_nano=times[0], observed_time_unix_nano=times[1])[1] == text


def test_header_fields_from_the_resource():
    """Where the record itself names none."""
    resource = [("host.name", "web-1"), ("service.name", "shop"), ("process.pid", 42)]
    assert header(resource=resource, event_name="login")[2:] == ["web-1", "shop", "42", "login"]


def test_header_fields_from_attributes():
    """They win over the resource, unless nothing of them may stand there."""
    resource = [("host.name", "web-1"), ("service.name", "shop"), ("process.pid", 42)]
    own = [("hostname", "h"), ("appname", "a"), ("proc_id", 7), ("msg_id", "m")]
    assert header(own, resource, event_name="login")[2:] == ["h", "a", "7", "m"]
    blank = [(key, " \n") for key, _ in own]
    assert header(blank, resource, event_name="login")[2:] == ["web-1", "shop", "42", "login"]


def test_sources_and_defaults():
    """Names of others may be given, and what stands there otherwise."""
    options = {
        "sources": {"hostname": ["resource.node", "node"], "msg_id": []},
        "defaults": {"hostname": "d", "appname": "a b"},
    }
    rows = [
        Row("1", [("node", "n2")], [("node", "n1")]),
        Row("2", [("node", "n2")]),
        Row("3", fields={"event_name": "e"}),
    ]
    lines = encoded(rows, **options).body.decode()
    assert [line.split(" ")[2:6] for line in lines.splitlines()] == [
        ["n1", "ab", "-", "-"],
        ["n2", "ab", "-", "-"],
        ["d", "ab", "-", "-"],
    ]


LIMITS = {"hostname": 255, "appname": 48, "proc_id": 128, "msg_id": 32}


@pytest.mark.parametrize(("field", "limit"), LIMITS.items())
@pytest.mark.parametrize("value", ["x" * 300, "é" + "x" * 300, "x y\t" * 150])
def test_lengths(field, limit, value):
    """A field is cut at its limit, after what is not allowed was taken out; so is a default."""
    [found] = [part for part in header([(field, value)])[2:] if part != "-"]
    assert len(found) == limit
    assert set(found) <= set("xy")
    [found] = [part for part in header(options={"defaults": {field: value}})[2:] if part != "-"]
    assert len(found) == limit


HOSTS = {
    "2001:db8::1": "2001:db8::1",
    "a:b c": "abc",
    "web_1.example-x.com": "web_1.example-x.com",
    "größe": "gre",
    "<13>1": "131",
}


@pytest.mark.parametrize(("given", "found"), HOSTS.items())
def test_hosts(given, found):
    """Names and addresses; a colon in an IPv6 address alone."""
    assert header([("hostname", given)])[2] == found


@pytest.mark.parametrize("given", ["1", 2, 999, "3.1", "1 - x"])
def test_version(given):
    """There is one; an application's attribute `version` is not it, and stands in the element of attributes."""
    assert header([("version", given)])[0] == "<165>1"
    own = message([("version", given)], options={"structured_data": {"enterprise_number": 1}})
    assert f'version="{given}"' in own


ELEMENTS = [
    ({}, "-"),
    ({"a@1": {}}, "[a@1]"),
    ({"a@1": {"k": "v", "n": 3, "t": True}, "b@2": {"x": ""}}, '[a@1 k="v" n="3" t="true"][b@2 x=""]'),
    ({"a@1": {"k": 'say "hi" [x] \\ \n'}}, '[a@1 k="say \\"hi\\" [x\\] \\\\ #012"]'),
    ({"a b=]\"@1": {"k k": "v"}}, '[ab@1 kk="v"]'),
    ({"a" * 40: {"k" * 40: "é"}}, f'[{"a" * 32} {"k" * 32}="é"]'),
    ({"é": {"k": "v"}, "ok": "no map"}, "-"),
    ({"a@1": {"é": "v", "l": [1, "x"]}}, '[a@1 l="[1,\\"x\\"\\]"]'),
    ({"a@1": {"k": "1"}, "a@1\n": {"k": "2"}}, '[a@1 k="1"]'),
    ("no map", "-"),
    ([1], "-"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), ELEMENTS, ids=range(len(ELEMENTS)))
def test_structured_data(value, text):
    """A map of maps becomes elements, names and values kept to their rules; anything else is left out."""
    found = message([("structured_data", Nested(any_from_python(value)))], body=None)
    assert found.split(" ", 6)[6] == text


def test_enterprise_number():
    """It completes private names, and makes an element of what stands nowhere else."""
    options = {"structured_data": {"enterprise_number": 32473, "name": "shop", "resource_attributes": ["host.name"]}}
    nested = Nested(any_from_python({"own": {"a": "1"}, "origin": {"ip": "::1"}, "x" * 40: {"b": "2"}}))
    attributes = [
        ("structured_data", nested),
        ("http.route", "/a]"),
        ("n", 5),
        ("list", Nested(any_from_python([1]))),
        ("appname", "app"),
    ]
    found = message(attributes, [("host.name", "h")], options=options, trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    assert found.split(" ", 6)[6] == (
        f'[own@32473 a="1"][origin ip="::1"][{"x" * 26}@32473 b="2"]'
        f'[shop@32473 trace_id="{"01" * 16}" span_id="{"02" * 8}" record_id="id" host.name="h" http.route="/a\\]" n="5" list="[1\\]"] text'
    )


def test_nobody_else_says_our_element():
    """Its name comes once in a message, and what it says is ours, whatever a sender put under that name."""
    forged = Nested(any_from_python({"shop@32473": {"record_id": "forged"}, "shop": {"k": "v"}, "a@1": {}}))
    options = {"structured_data": {"enterprise_number": 32473, "name": "shop"}}
    found = message([("structured_data", forged)], options=options)
    assert found.split(" - - - - ")[1] == '[a@1][shop@32473 record_id="id"] text'


def test_chosen_attributes():
    """Derived ones as well as those of the record."""
    options = {"structured_data": {"enterprise_number": 1, "attributes": ["logboom.triage.level", "user"]}}
    config = SyslogConfig.model_validate({"endpoint": "h", **options})
    batch = batch_of([Row("id", [("user", "u"), ("other", "o")])])
    derived = batch.with_attributes(
        {"logboom.triage.level": batch.column("record_id"), "more": batch.column("record_id")}
    )
    found = Encoder(config).encode(derived).body.decode()
    assert '[logboom@1 record_id="id" logboom.triage.level="id" user="u"]' in found


BODIES = [
    ({"body": None}, "- -"),
    ({"body": ""}, "- -"),
    ({"body": "a"}, "- - a"),
    ({"body": None, "body_any": any_from_python({"a": [1, "ü\n"]})}, '- - {"a":[1,"ü\\n"]}'),
]


@pytest.mark.parametrize(("fields", "end"), BODIES, ids=range(len(BODIES)))
def test_bodies(fields, end):
    """MSG is the body, JSON where it is no string; without one the message ends behind STRUCTURED-DATA."""
    assert message(**fields).endswith(f"Z - - - {end}")


def test_message_attribute():
    """It stands in for the body, record by record."""
    rows = [
        Row("1", [("message", "m")], fields={"body": "b"}),
        Row("2", fields={"body": "b"}),
        Row("3", [("message", "")]),
    ]
    assert [line[-2:] for line in encoded(rows).body.decode().splitlines()] == [" m", " b", " -"]


def test_byte_order_mark():
    """Before every MSG of RFC 5424, once; not where there is no MSG, not in RFC 3164."""
    options = {"bom": True}
    assert message(options=options).endswith(" - \ufefftext")
    assert message(body="\ufefftext", options=options).endswith(" - \ufefftext")
    assert message(body=None, options=options).endswith(" - -")
    assert "\ufeff" not in message(options=options | {"protocol": "rfc3164"})


RFC3164 = [
    ([], [], "Nov 14 22:13:20 - text"),
    ([("appname", "su")], [], "Nov 14 22:13:20 - su: text"),
    ([("appname", "su"), ("proc_id", 7)], [("host.name", "h")], "Nov 14 22:13:20 h su[7]: text"),
    ([("appname", "a:b[c]d e"), ("hostname", "x y")], [], "Nov 14 22:13:20 xy abcde: text"),
    ([("appname", "x" * 50), ("proc_id", "1]: forged")], [], f"Nov 14 22:13:20 - {'x' * 32}[1forged]: text"),
]


@pytest.mark.parametrize(("attributes", "resource", "end"), RFC3164, ids=range(len(RFC3164)))
def test_rfc3164(attributes, resource, end):
    """`TAG[pid]:`, and no TAG without a name."""
    assert message(attributes, resource, options={"protocol": "rfc3164"}) == f"<165>{end}"


def test_rfc3164_time():
    """The day is padded with a blank, the zone is the receiver's, and a record without a time gets today's."""
    at = int(datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC).timestamp()) * 10**9
    options = {"protocol": "rfc3164"}
    assert message(time_unix_nano=at, options=options)[5:20] == "Mar  1 23:30:00"
    assert message(time_unix_nano=at, options=options | {"timezone": "Europe/Berlin"})[5:20] == "Mar  2 00:30:00"
    today = {(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=m)).strftime("%b %e") for m in (-2, 0)}
    assert message(time_unix_nano=0, options=options)[5:11] in today


FRAMES = {
    ("octet_counting", "tcp"): b"45 <165>1 2023-11-14T22:13:20Z - - - - - \xc3\xbc #012",
    ("newline", "tcp"): b"<165>1 2023-11-14T22:13:20Z - - - - - \xc3\xbc #012\n",
    ("auto", "udp"): b"<165>1 2023-11-14T22:13:20Z - - - - - \xc3\xbc #012",
}


@pytest.mark.parametrize(("how", "frame"), FRAMES.items())
def test_framing(how, frame):
    """Octets are counted, not characters; then, and in a datagram, there is no newline. `ends` says where messages end."""
    rows = [Row("1", fields={"body": "ü \n", "severity_number": 0, "time_unix_nano": 1_700_000_000_000_000_000})] * 3
    made = encoded(rows, framing=how[0], network=how[1])
    assert made.body == frame * 3
    assert made.ends.tolist() == [len(frame) * n for n in (1, 2, 3)]


def test_the_collectors_option_counts_its_newline():
    """`enable_octet_counting: true` gives the bytes that the OpenTelemetry Collector gives."""
    rows = [Row("1", fields={"body": "a", "severity_number": 0, "time_unix_nano": 1_700_000_000_000_000_000})]
    made = encoded(rows, framing="auto", enable_octet_counting=True)
    assert made.body == b"40 <165>1 2023-11-14T22:13:20Z - - - - - a\n"


def test_empty_batch():
    """No record, no bytes."""
    made = encoded([])
    assert (made.body, len(made)) == (b"", 0)


@pytest.mark.parametrize("network", ["tcp", "udp"])
def test_long_messages_are_cut(network):
    """At a character, within the limit, frame's newline included; the others stay whole, and the cut ones are counted."""
    rows = [Row(str(n), fields={"body": body}) for n, body in enumerate(["short", "ü" * 2000, "x" * 512])]
    made = encoded(rows, network=network, framing="auto" if network == "udp" else "newline", max_message_size=512)
    ends = [0, *made.ends.tolist()]
    parts = [made.body[a:b].decode() for a, b in pairwise(ends)]
    assert made.cut == 2
    sizes = [len(part.encode()) for part in parts]
    assert sizes[1] in (511, 512), "half an ü would fit"
    assert sizes[2] == 512
    assert parts[0].rstrip("\n").endswith(" short")
    assert {len(part.rstrip("\n").rstrip("üx")) for part in parts[1:]} == {len(parts[0].rstrip("\n")) - len("short")}


def test_structured_data_that_does_not_fit():
    """It is left out whole, for half an element is no message; the text then has the room."""
    nested = Nested(any_from_python({"a@1": {"k": "v" * 600}}))
    made = encoded([Row("1", [("structured_data", nested)])], max_message_size=512)
    assert made.body.endswith(b" - - - - - text\n")
    assert made.cut == 1


def test_a_cut_cef_event_is_one():
    """Wherever its end falls: never half an escape, half an address or half a key; with or without a message."""
    attributes = [("client.address", "203.0.113.77"), ("url.full", "https://shop.example/?a=b\\=c" * 9)]
    rows = [Row("id", attributes, fields={"body": "a=b\\ \n\\=" * size}) for size in range(30, 90)]
    rows += [Row("id", [*attributes, ("user.name", "n=" * size)], fields={"body": "x"}) for size in range(30, 90)]
    made = encoded(rows, format="cef", max_message_size=600)
    whole = cef_text(batch_of(rows)).to_list()
    assert made.cut > 40
    for line, event in zip(made.body.decode().splitlines(), whole, strict=True):
        assert len(line.encode()) <= 599
        cut, uncut = (read_cef(text[text.index("CEF:") :]).extension for text in (line, event))
        message = uncut.pop("msg")
        assert message.startswith(cut.pop("msg", ""))
        assert cut.items() <= uncut.items()


@pytest.mark.parametrize("delimiter", ["\t", "^"])
def test_a_cut_leef_event_is_one(delimiter):
    """The same for LEEF, which has no escapes."""
    attributes = [("client.address", "203.0.113.77"), ("url.full", "https://shop.example/" * 9)]
    rows = [Row("id", attributes, fields={"body": "a b= " * size}) for size in range(5, 90)]
    rows += [Row("id", [*attributes, ("user.name", "n " * size)], fields={"body": "x"}) for size in range(30, 90)]
    made = encoded(rows, format="leef", leef_delimiter=delimiter, max_message_size=512)
    whole = leef_text(batch_of(rows), delimiter=delimiter).to_list()
    assert made.cut > 40
    for line, event in zip(made.body.decode().splitlines(), whole, strict=True):
        cut, uncut = (read_leef(text[text.index("LEEF:") :]).attributes for text in (line, event))
        message = uncut.pop("msg")
        assert message.startswith(cut.pop("msg", ""))
        assert cut.items() <= uncut.items()
