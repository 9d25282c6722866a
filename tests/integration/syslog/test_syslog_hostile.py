"""Records written to forge others: each arrives as one message with the header of its own, in every framing."""

from __future__ import annotations

import pytest

from collector.testing.row_batch import Nested, Row, batch_of
from otlp_wire import any_from_python

FORGED = "<13>1 2026-01-01T00:00:00Z evil su - - - root logged in"
BODIES = {
    "a second line": (f"line\n{FORGED}", f"line#012{FORGED}"),
    "a second line, CR LF": (f"line\r\n{FORGED}\r\n", f"line#015#012{FORGED}#015#012"),
    "only a forged line": (f"\n{FORGED}", f"#012{FORGED}"),
    "NUL, which ends a message for some": (f"a\0{FORGED}", f"a#000{FORGED}"),
    "a whole frame": (f"a\n{len(FORGED)} {FORGED}", f"a#012{len(FORGED)} {FORGED}"),
    "a header as text": (FORGED, FORGED),
    "a length as text": (f"{len(FORGED)} {FORGED}", f"{len(FORGED)} {FORGED}"),
    "escape sequences": ("\x1b[2J\x1b]0;owned\x07 red", "#033[2J#033]0;owned#007 red"),
    "C1 controls": ("a\x85b\x9b31mc\x80", "a#302#205b#302#23331mc#302#200"),
    "line and paragraph separators": ("a\u2028b\u2029c", "a#342#200#250b#342#200#251c"),
    "backspaces and DEL": ("root\x08\x08\x08\x08guest\x7f", "root#010#010#010#010guest#177"),
    "vertical tab and form feed": ("a\x0bb\x0cc", "a#013b#014c"),
    "structured data as text": ('[a@1 b="c"] text', '[a@1 b="c"] text'),
    "an open element": ('[a@1 b="', '[a@1 b="'),
    "a byte order mark inside": ("a\ufeffb", "a\ufeffb"),
    "quotes and brackets": ('"]}\\', '"]}\\'),
}
HEADERS = {
    "hostname": ([("hostname", f"h\n{FORGED}")], {"host": "h1312026-01-01T000000Zevilsu---rootloggedin"}),
    "an IPv6 address as hostname": ([("hostname", "2001:db8::1")], {"host": "2001:db8::1"}),
    "appname": ([("appname", "a] \x00b\n<13>1")], {"app": "a]b<13>1"}),
    "proc_id": ([("proc_id", "1 - - - forged\n")], {"procid": "1---forged"}),
    "msg_id": ([("msg_id", "é \u2028ID\x1b" + "x" * 40)], {"msgid": "ID" + "x" * 30}),
    "priority beyond its range": ([("priority", "999")], {"pri": 166}),
    "priority with a header": ([("priority", "13>1 - evil")], {"pri": 166}),
    "version with a header": ([("version", "1 - evil")], {}),
    "an id of structured data": (
        [("structured_data", Nested(any_from_python({'a] - forged [b@1 x="y"\n': {"k": "v"}})))],
        {"sd": '[a-forgedb@1xy k="v"]'},
    ),
    "a name of structured data": (
        [("structured_data", Nested(any_from_python({"a@1": {'k="v"] forged': "v"}})))],
        {"sd": '[a@1 kvforged="v"]'},
    ),
    "a value of structured data": (
        [("structured_data", Nested(any_from_python({"a@1": {"k": f'v"]\n{FORGED}\\'}})))],
        {"sd": f'[a@1 k="v\\"\\]#012{FORGED}\\\\"]'},
    ),
}
FRAMINGS = [("udp", "newline"), ("tcp", "octet_counting"), ("tcp", "newline")]


@pytest.mark.parametrize(("transport", "framing"), FRAMINGS)
@pytest.mark.parametrize("protocol", ["rfc5424", "rfc3164"])
def test_bodies(server, talk, transport, framing, protocol):
    """One message each, from the sender's own host and program, with every control character visible."""
    exporter_for, deliver, _ = talk
    if server.input(transport, framing, protocol) is None:
        framing = "newline"
    rows = [Row(f"{at}", resource=[("host.name", "good"), ("service.name", "app")], fields={"body": body, "event_name": ""})
            for at, (body, _) in enumerate([*BODIES.values(), ("the end", "the end")])]  # fmt: skip
    found = deliver(server, exporter_for(server, transport, framing, protocol), batch_of(rows))
    texts = [message.msg.removeprefix(" ") if protocol == "rfc3164" else message.msg for message in found]
    assert texts == [*(expected for _, expected in BODIES.values()), "the end"]
    assert {(message.pri, message.host, message.app) for message in found} == {(166, "good", "app")}


@pytest.mark.parametrize(("transport", "framing"), FRAMINGS)
def test_header_fields(server, talk, transport, framing):
    """What does not belong in a field is taken out of it; the fields around it stay as they are."""
    exporter_for, deliver, _ = talk
    rows = [
        Row(f"{at}", attributes, resource=[("host.name", "good"), ("service.name", "app")], fields={"body": "text"})
        for at, (attributes, _) in enumerate(HEADERS.values())
    ]
    found = deliver(server, exporter_for(server, transport, framing, "rfc5424"), batch_of(rows))
    for message, (name, (_, expected)) in zip(found, HEADERS.items(), strict=True):
        fields = {
            "pri": 166,
            "host": "good",
            "app": "app",
            "procid": "",
            "msgid": "",
            "sd": "",
            "msg": "text",
        } | expected
        assert {field: getattr(message, field) for field in fields} == fields, name


@pytest.mark.parametrize(("transport", "framing"), [*FRAMINGS, ("tls", "octet_counting"), ("tls", "newline")])
def test_longer_than_the_receiver_takes(server, talk, transport, framing):
    """A receiver splits what is over its own limit, and takes the rest for a message of its own: a header hidden behind
    that many bytes must be cut off by us."""
    exporter_for, deliver, _ = talk
    frame = f"\n{FORGED}"
    bodies = ["x" * 8100 + frame * 40, "é" * 4050 + frame * 40, "x" * 70_000 + frame * 40, "the end"]
    rows = [Row(f"{at}", resource=[("host.name", "good")], fields={"body": body}) for at, body in enumerate(bodies)]
    found = deliver(server, exporter_for(server, transport, framing, "rfc5424"), batch_of(rows))
    assert [message.host for message in found] == ["good"] * 4
    assert found[-1].msg == "the end"
    assert all(message.msg[:1] in "xé" and "evil" not in message.host for message in found[:3])


@pytest.mark.parametrize("message_format", ["json", "ocsf", "ecs", "cef", "leef"])
@pytest.mark.parametrize(("transport", "framing"), FRAMINGS)
def test_documents(server, talk, transport, framing, message_format):
    """No document of a hostile record ends its own message."""
    exporter_for, deliver, _ = talk
    resource = [("host.name", "good"), ("service.name", f"app\n{FORGED}")]
    rows = [
        Row(
            f"{at}",
            [("key\n<13>", body), ("user.name", body)],
            resource,
            fields={"body": body, "event_name": f"e\n{FORGED}"},
        )
        for at, (body, _) in enumerate(BODIES.values())
    ]
    exporter = exporter_for(server, transport, framing, "rfc5424", format=message_format)
    found = deliver(server, exporter, batch_of(rows))
    start = {"cef": "CEF:", "leef": "LEEF:"}.get(message_format, "{")
    assert [(message.host, message.msg.startswith(start)) for message in found] == [("good", True)] * len(rows)
    controls = {
        character for message in found for character in message.msg if character < " " or "\x7f" <= character < "\xa0"
    }
    assert controls <= {"\t"}
