"""`syslog_parser` over columns: what is read of messages, and of what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from collector.reserved import MALFORMED
from collector.stanza.absent import ABSENT
from collector.stanza.columns import items
from collector.stanza.frame import Frame, Table
from collector.stanza.graph import graph_of
from collector.stanza.operators.syslog_data import structured

NIL = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "


def parsed(*texts: str, **options: Any) -> tuple[list[dict[str, Any]], int]:
    """Attributes with time and level of each, and how many failed."""
    frame = Frame(pl.Series(texts, dtype=pl.String), Table(len(texts)), Table(len(texts)))
    course = graph_of([{"type": "syslog_parser", **options}]).run(frame)
    maps = frame.attributes.row_maps(np.arange(len(texts)))
    for name, column in frame.fields.items():
        for each, value in zip(maps, items(column), strict=True):
            each |= {} if value is ABSENT else {name: value}
    return maps, sum(course.failed.values())


def test_an_example_of_the_standard() -> None:
    """RFC 5424, section 6.5; the mark of the encoding is no part of the text."""
    (found,), failed = parsed(f"{NIL}\ufeff'su root' failed for lonvick", protocol="rfc5424")
    assert not failed
    assert found == {
        "priority": 34, "facility": 4, "version": 1, "hostname": "mymachine.example.com", "appname": "su", "msg_id": "ID47",
        "message": "'su root' failed for lonvick", "time_unix_nano": 1_065_910_455_003_000_000, "severity_number": 18,
        "severity_text": "crit",
    }  # fmt: skip


def test_structured_data() -> None:
    """Elements become maps; what is escaped there is not, behind."""
    data = r'[exampleSDID@32473 iut="3" eventSource="App\"l\]ication\\"][only]'
    found, failed = parsed(
        f"<165>1 - - - - - {data} text [no data]", f"<165>1 - - - - - {data}", "<165>1 - - - - - -", protocol="rfc5424"
    )
    assert not failed
    told = {"exampleSDID@32473": {"iut": "3", "eventSource": 'App"l]ication\\'}, "only": {}}
    assert [each.get("structured_data") for each in found] == [told, told, None]
    assert [each.get("message") for each in found] == ["text [no data]", None, None]


def test_structured_data_of_many_records() -> None:
    """It stays serialised, and is what one record's would be: escapes, repeated names, line ends, elements without parameters."""
    data = [
        r'[a x="1"]', r'[a x="\"\\\]" y=""][b]', '[a x="1" x="2"][a y="3"]', '[é ü="\n"]', '[a@1 x="[b y=\\"z\\"\\]"]', "[a]",
    ] * 3  # fmt: skip
    found, failed = parsed(*(f"<13>1 - - - - - {each} text" for each in data), protocol="rfc5424")
    assert not failed
    for each, text in zip(found, data, strict=True):
        assert parsed(f"<13>1 - - - - - {text} text", protocol="rfc5424")[0] == [each]
        assert each["structured_data"] == structured(text)
    assert found[2]["structured_data"] == {"a": {"y": "3"}}
    assert found[1]["structured_data"] == {"a": {"x": '"\\]', "y": ""}, "b": {}}


def test_operators_may_ask_for_structured_data() -> None:
    """Behind the parser, of records with and without it."""
    frame = Frame(pl.Series(['<13>1 - - - - - [a x="1"]', NIL, "nothing"]), Table(3), Table(3))
    move = {
        "type": "move",
        "from": 'attributes.structured_data["a"]["x"]',
        "to": "attributes.x",
        "on_error": "send_quiet",
    }
    graph_of([{"type": "syslog_parser", "protocol": "rfc5424"}, move]).run(frame)
    assert items(frame.attributes.get("x")) == ["1", ABSENT, ABSENT]
    assert items(frame.attributes.get("structured_data")) == [{"a": {}}, ABSENT, ABSENT]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<13>Oct 11 22:14:15 web shop[12]: it: fell", ("web", "shop", "12", "it: fell")),
        ("<13>Oct  1 22:14:15 web shop: it fell", ("web", "shop", None, "it fell")),
        ("<13>Oct 11 22:14:15 web it fell", ("web", None, None, "it fell")),
        ("<13>Oct 11 22:14:15 shop[12]: written to /dev/log", (None, "shop", "12", "written to /dev/log")),
        ("<13>2021-10-11T22:14:15.5+02:00 fe80::1 kernel: text", ("fe80::1", "kernel", None, "text")),
        ("<13>Oct 11 22:14:15 web", ("web", None, None, None)),
        ("<13>Oct 11 22:14:15 web shop[12] it fell", ("web", "shop", "12", "it fell")),
        ("<13>Oct 11 22:14:15 shop[12] it fell", (None, "shop", "12", "it fell")),
        ("<13>Oct 11 22:14:15 web list[a] is empty", ("web", None, None, "list[a] is empty")),
    ],
)
def test_messages_of_old(text: str, expected: tuple[str | None, ...]) -> None:
    """RFC 3164: with and without tag, number, host."""
    (found,), failed = parsed(text, protocol="rfc3164")
    assert not failed
    assert tuple(found.get(name) for name in ("hostname", "appname", "proc_id", "message")) == expected
    assert found["severity_text"] == "notice"
    assert found["time_unix_nano"] > 0


def test_times_of_old() -> None:
    """With fractions, as syslog-ng may write them, with a year, and as rsyslog writes them unless it is told otherwise."""
    stamps = (
        "Oct 11 22:14:15", "Oct 11 22:14:15.25", "Oct 11 2021 22:14:15.000000001", "2021-10-11T22:14:15.5+02:00", "2021-10-11T22:14:15Z",
        "Oct 41 22:14:15",
    )  # fmt: skip
    found, failed = parsed(*(f"<13>{stamp} web shop: a" for stamp in stamps), protocol="rfc3164")
    assert failed == 1
    known = [each.get("time_unix_nano") for each in found]
    assert known[1] - known[0] == 250_000_000
    assert known[2:] == [
        1_633_990_455_000_000_001, 1_633_983_255_500_000_000, 1_633_990_455_000_000_000, None,
    ]  # fmt: skip


COLLECTOR: dict[str, tuple[str, str, dict[str, Any]]] = {
    "3164": ("rfc3164", "<13>Oct  1 22:14:15 web shop[7]: it: fell", {
        "priority": 13, "facility": 1, "hostname": "web", "appname": "shop", "proc_id": "7", "message": "it: fell",
    }),
    "3164 without a tag": ("rfc3164", "<13>Oct 11 22:14:15 web it fell", {
        "priority": 13, "facility": 1, "hostname": "web", "message": "it fell",
    }),
    "3164 without a host": ("rfc3164", "<13>Oct 11 22:14:15 shop[12]: dev log", {
        "priority": 13, "facility": 1, "appname": "shop", "proc_id": "12", "message": "dev log",
    }),
    "3164 with a path": ("rfc3164", "<13>Oct 11 22:14:15 web /usr/sbin/cron[7]: path", {
        "priority": 13, "facility": 1, "hostname": "web", "appname": "/usr/sbin/cron", "proc_id": "7", "message": "path",
    }),
    "3164 with a colon later": ("rfc3164", "<13>Oct 11 22:14:15 web a b: c", {
        "priority": 13, "facility": 1, "hostname": "web", "message": "a b: c",
    }),
    "5424": ("rfc5424", '<34>1 2003-10-11T22:14:15.003Z m su - ID47 [a x="1" x="2"][b] -', {
        "priority": 34, "facility": 4, "version": 1, "hostname": "m", "appname": "su", "msg_id": "ID47", "message": "-",
        "structured_data": {"a": {"x": "2"}, "b": {}},
    }),
}  # fmt: skip


@pytest.mark.parametrize(("protocol", "text", "expected"), COLLECTOR.values(), ids=COLLECTOR)
def test_attributes_are_those_of_a_collector(protocol: str, text: str, expected: dict[str, Any]) -> None:
    """What release 0.145 of the Collector made of the same message."""
    (found,), failed = parsed(text, protocol=protocol)
    assert not failed
    assert {
        key: value for key, value in found.items() if key not in ("time_unix_nano", "severity_number", "severity_text")
    } == expected


def test_levels_are_those_of_the_collector() -> None:
    """All eight."""
    found, _ = parsed(*(f"<{level}>1 - - - - - -" for level in range(8)), protocol="rfc5424")
    assert [each["severity_number"] for each in found] == [21, 19, 18, 17, 13, 10, 9, 5]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "no syslog at all", "<13>", "<192>1 - - - - - -", "<13>0 - - - - - -", "<13>1 - - - - -", "<13>1 -  - - - - -",
        '<13>1 - - - - - [id a="1" text', "<13>1 2021-13-40T00:00:00Z - - - - -", "<13>1 9999-01-01T00:00:00Z - - - - -",
        "<13>1 0001-01-01T00:00:00Z - - - - -", "\0\ufffd<13>1",
    ],
)  # fmt: skip
def test_what_is_no_message_fails_alone(text: str) -> None:
    """Its neighbours are read; it stays as it is."""
    (before, it, behind), failed = parsed(f"{NIL}a", text, f"{NIL}b", protocol="rfc5424")
    assert failed == 1
    assert it == {}
    assert (before["message"], behind["message"]) == ("a", "b")


def test_best_effort() -> None:
    """What stands in front of the trouble, and its name."""
    found, failed = parsed(
        "<11>Oct 11 22:14:15 web shop: it fell", "<11>1 yesterday web shop 7 ID - it fell", "it fell", NIL,
        protocol="rfc5424", best_effort=True,
    )  # fmt: skip
    assert failed == 3
    assert [each.get(MALFORMED) for each in found] == ["no header", "the time can't be read", "no header", None]
    assert [each.get("severity_text") for each in found] == ["err", "err", None, "crit"]
    assert [each.get("appname") for each in found] == [None, "shop", None, "su"]


def test_a_message_may_lack_its_priority() -> None:
    """Where that is allowed it has no level."""
    texts = ("1 - web shop - - - a", "<13>1 - web shop - - - b")
    found, failed = parsed(*texts, protocol="rfc5424", allow_skip_pri_header=True)
    assert not failed
    assert [each.get("priority") for each in found] == [None, 13]
    assert parsed(*texts, protocol="rfc5424")[1] == 1
    assert parsed("Oct 11 22:14:15 web shop: a", protocol="rfc3164", allow_skip_pri_header=True)[1] == 0


def test_where_it_is_put() -> None:
    """Below the body, and what was there stays where a message says nothing of it."""
    frame = Frame(pl.Series([NIL, "<13>1 - - - - - - x"]), Table(2, {"hostname": pl.Series(["old", "old"])}), Table(2))
    graph_of([{"type": "syslog_parser", "protocol": "rfc5424"}]).run(frame)
    assert items(frame.attributes.get("hostname")) == ["mymachine.example.com", "old"]
    frame = Frame(pl.Series([NIL]), Table(1), Table(1))
    graph_of([{"type": "syslog_parser", "protocol": "rfc5424", "parse_to": "body"}]).run(frame)
    (body,) = items(frame.body)
    assert body == {
        "priority": 34,
        "facility": 4,
        "version": 1,
        "hostname": "mymachine.example.com",
        "appname": "su",
        "msg_id": "ID47",
    }
