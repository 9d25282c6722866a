"""LEEF: a strict reader gets back what was put in but for what the format cannot carry, and each record is one event."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.batch import RECORDS, LogBatch
from collector.documents.facts.names import FACTS
from collector.documents.leef import Device, delimiter_character, leef_severity, leef_text
from collector.documents.leef.attributes import PREDEFINED, RESERVED
from collector.documents.leef.mapping import forms
from collector.testing.row_batch import Nested, Row, batch_of
from counterparts.examples import examples
from counterparts.leef_reader import LeefEvent, NotLeef, read_leef
from otlp_wire import any_from_python

ODD = st.sampled_from([*"|=\\\n\r\t \x00\x1b\x7f\x85\u2028^¦x", "😀", "\tsev=10", "^sev=10", "\nLEEF:2.0|a|b|c|d|x09|"])
TEXT = st.lists(st.one_of(ODD, st.characters(exclude_categories=["Cs"])), max_size=30).map("".join)
NAMES = sorted({name for names in FACTS.values() for name in names})
DELIMITERS = ["\t", "^", "¦", "~", "[", "]", "\\", "!", "#", "&", "<", "x5e", "0x7E", "x09"]
TEXT_KEYS = {
    "url.full": "url",
    "user.name": "usrName",
    "logboom.triage.rule": "policy",
    "logboom.component": "component",
    "host.name": "identHostName",
}
_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029"


def kept(text: str, delimiter: str, longest: int) -> str | None:
    """What a value is cut to: controls and delimiters are spaces, none around, so many characters."""
    return re.sub(f"[{_CONTROL}{re.escape(delimiter)}]", " ", text).strip()[:longest].rstrip() or None


def event_of(row: Row, **options: Any) -> LeefEvent:
    """The event of one record."""
    (line,) = leef_text(batch_of([row]), **options)
    return read_leef(line)


@pytest.mark.slow
@given(st.fixed_dictionaries(dict.fromkeys(TEXT_KEYS, TEXT)), TEXT, st.sampled_from(DELIMITERS))
@settings(max_examples=examples(80))
def test_a_strict_reader_gets_every_value_back(values: dict[str, str], body: str, delimiter: str) -> None:
    """Values may hold anything; only the delimiter and controls turn into spaces."""
    character = delimiter_character(delimiter)
    event = event_of(Row("id", list(values.items()), fields={"body": body}), delimiter=delimiter)
    wanted = {key: kept(values[name], character, 255) for name, key in TEXT_KEYS.items()}
    assert {key: event.attributes.get(key) for key in wanted} == wanted
    assert event.attributes.get("msg") == kept(body, character, 32_000)
    assert event.delimiter == character


@pytest.mark.slow
@given(
    st.lists(
        st.dictionaries(st.one_of(st.sampled_from(NAMES), TEXT), st.one_of(TEXT, st.integers(-9, 99999))), max_size=5
    ),
    st.sampled_from(DELIMITERS),
)
@settings(max_examples=examples(60))
def test_whatever_the_attributes_each_record_is_one_event_of_typed_keys(
    records: list[dict[str, Any]], delimiter: str
) -> None:
    """Arbitrary keys and values, with keys of their own."""
    rows = [
        Row(
            str(at),
            list(attributes.items()),
            resource=list(attributes.items()),
            fields={"event_name": repr(attributes)},
        )
        for at, attributes in enumerate(records)
    ]
    lines = leef_text(batch_of(rows), delimiter=delimiter, extra_attributes=True)
    events = [read_leef(line) for line in lines]
    assert [event.attributes["recordId"] for event in events] == [row.record_id for row in rows]
    assert len("\n".join(lines).splitlines()) == len(rows)
    for event in events:
        _check_types(event.attributes)


def _check_types(attributes: dict[str, str]) -> None:
    assert not set(attributes) & RESERVED
    for key, value in attributes.items():
        line = PREDEFINED.get(key)
        if line is None:
            assert key in forms("", "\t") or re.fullmatch(r"logboom[A-Z0-9][A-Za-z0-9]*", key)
            continue
        assert len(value) <= line.length or not line.length
        if line.type == "address":
            assert str(ipaddress.ip_address(value)) == value
        if line.type == "integer":
            assert 0 <= int(value) <= (65535 if key.endswith("Port") else 2**31 - 1)
    assert 1 <= int(attributes["sev"]) <= 10
    assert re.fullmatch(r"\d{13}", attributes["devTime"])


FORGERIES = [
    ("a second line", "x\nLEEF:2.0|evil|evil|1|forged|x09|src=6.6.6.6"),
    ("a second line after CR LF", "x\r\nLEEF:1.0|evil|evil|1|forged|src=6.6.6.6"),
    ("the next line of Unicode", "x\x85LEEF:2.0|evil|evil|1|forged|x09|"),
    ("a line separator", "x\u2028LEEF:2.0|evil|evil|1|forged|x09|"),
    ("fields of the header", "x|x3B|src=6.6.6.6;sev=10"),
    ("an attribute", "x\tsrc=6.6.6.6\tsev=10"),
    ("an attribute behind the other delimiter", "x^src=6.6.6.6^sev=10"),
    ("a terminal's escape", "x\x1b[2Jcleared"),
    ("a NUL", "x\x00src=6.6.6.6"),
]
PLACES = ["body", "event_name", "url.full", "exception.type", "logboom.triage.rule", "user.name", "domain", "record_id"]


@pytest.mark.parametrize("delimiter", ["\t", "^"])
@pytest.mark.parametrize("place", PLACES)
def test_nothing_can_be_forged(place: str, delimiter: str) -> None:
    """Text of a sender stays inside its field."""
    rows = [_forged(place, text) for _, text in FORGERIES]
    lines = leef_text(batch_of(rows), delimiter=delimiter, extra_attributes=True)
    for (what, _), line in zip(FORGERIES, lines, strict=True):
        event = read_leef(line)
        assert (event.vendor, event.product, event.attributes["sev"]) == ("logboom", "logboom", "3"), what
        assert "src" not in event.attributes, what
        assert len(line.splitlines()) == 1, what


def _forged(place: str, text: str) -> Row:
    if place == "record_id":
        return Row(text)
    return Row("id", fields={place: text}) if place in RECORDS else Row("id", [(place, text)])


@pytest.mark.parametrize(
    ("written", "character"), [("^", "^"), ("x5E", "^"), ("0x5e", "^"), ("x9", "\t"), ("\t", "\t"), ("xA6", "¦")]
)
def test_a_delimiter_is_one_character_or_its_code(written: str, character: str) -> None:
    """As the guide writes it."""
    assert delimiter_character(written) == character


@pytest.mark.parametrize(
    "written",
    ["", "ab", "x", "=", "|", "x3D", "x7C", "a", "7", ".", ":", "-", "_", "/", " ", "\n", "x0A", "xD800", "é", "😀"],
)
def test_a_delimiter_that_would_tear_values_or_lines_apart_is_refused(written: str) -> None:
    """With the reason."""
    with pytest.raises(ValueError, match="delimiter"):
        delimiter_character(written)


def test_the_header_of_each_version() -> None:
    """2.0 names the delimiter by its code, 1.0 has none."""
    device = Device("a|b", "p\tq", "1\n")
    (two,) = leef_text(batch_of([Row("id")]), device)
    (one,) = leef_text(batch_of([Row("id")]), device, version="1.0")
    assert two.startswith("LEEF:2.0|a/b|p q|1|log.record|x09|cat=/log\tsev=3\tdevTime=1700000000000\t")
    assert one == two.replace("LEEF:2.0|", "LEEF:1.0|").replace("|x09|", "|")
    assert read_leef(one).attributes == read_leef(two).attributes
    with pytest.raises(ValueError, match=r"LEEF 1\.0"):
        leef_text(batch_of([Row("id")]), delimiter="^", version="1.0")


def test_an_event_id_has_at_most_255_characters() -> None:
    """Counted in characters."""
    assert event_of(Row("id", fields={"event_name": "ü" * 300})).event_id == "ü" * 255


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ([("client.address", "203.0.113.9"), ("client.port", 5)], {"src": "203.0.113.9", "srcPort": "5"}),
        ([("client.address", "2001:DB8::1")], {"src": "2001:db8::1"}),
        ([("server.address", "db.example")], {"dstHostName": "db.example"}),
        ([("user.id", "7")], {"usrName": "7", "accountName": "7"}),
        ([("user.id", "7"), ("user.name", "jo")], {"usrName": "jo", "accountName": "7"}),
        ([("network.transport", "udp")], {"proto": "UDP"}),
        ([("logboom.triage.rule", "brute-force")], {"policy": "brute-force"}),
        ([("http.url", "https://a.example/?q=1")], {"url": "https://a.example/?q=1"}),
        ([("logboom.aggregate.count", 9)], {"eventCount": "9"}),
        ([("host.ip", "10.0.0.1"), ("host.name", "n1")], {"identSrc": "10.0.0.1", "identHostName": "n1"}),
    ],
)
def test_attributes_go_to_the_predefined_keys(attributes: list[tuple[str, Any]], wanted: dict[str, str]) -> None:
    """And values to where their type is asked for."""
    found = event_of(Row("id", attributes)).attributes
    assert {key: found.get(key) for key in wanted} == wanted
    assert set(found) - set(wanted) <= {"cat", "sev", "devTime", "domain", "recordId", "severityNumber", "msg"}


def test_the_peer_of_an_outgoing_call_is_its_destination() -> None:
    """As in CEF; `src` and `dst` take both kinds of address, the client's before the proxy's."""
    calling = event_of(Row("id", [("url.full", "http://x/"), ("network.peer.address", "::2")])).attributes
    called = event_of(Row("id", [("client.address", "::1"), ("network.peer.address", "10.0.0.2")])).attributes
    assert (calling.get("src"), calling["dst"]) == (None, "::2")
    assert (called["src"], called.get("dst")) == ("::1", None)


def test_addresses_of_a_machine_and_what_the_exception_said() -> None:
    """`identSrc` out of the array that `host.ip` is."""
    addresses = Nested(any_from_python(["127.0.0.1", "fe80::1", "2001:db8::5"]))
    found = event_of(Row("id", [("exception.message", "why")], [("host.ip", addresses)], fields={"domain": "default"}))
    wanted = {"identSrc": "2001:db8::5", "exceptionMessage": "why", "msg": "text", "domain": None}
    assert {key: found.attributes.get(key) for key in wanted} == wanted


def test_severity_is_one_to_ten() -> None:
    """The lowest of LEEF is 1."""
    assert leef_severity(pl.Series([0, 1, 9, 13, 17, 21], dtype=pl.Int32)).to_list() == [3, 1, 3, 6, 8, 10]


@pytest.mark.parametrize(
    ("nanoseconds", "wanted"),
    [
        (0, None),
        (999_999_999_999_999_999, None),
        (1_000_000_000_000_000_000, "1000000000000"),
        (1_700_000_000_123_999_999, "1700000000123"),
        (2**64 - 1, None),
    ],
)
def test_a_time_has_13_digits_or_stays_away(nanoseconds: int, wanted: str | None) -> None:
    """Only a number of 10 or 13 digits needs no `devTimeFormat`."""
    assert event_of(Row("id", fields={"time_unix_nano": nanoseconds})).attributes.get("devTime") == wanted


def test_the_message_is_the_last_attribute() -> None:
    """What QRadar cuts off a payload that is too long is the end of the message."""
    (line,) = leef_text(batch_of([Row("id", [("x", 1)], fields={"body": "b" * 40_000})]), extra_attributes=True)
    assert line.rpartition("\t")[2] == "msg=" + "b" * 32_000


def test_no_records_give_no_events() -> None:
    """A column of texts all the same."""
    lines = leef_text(LogBatch.empty(), extra_attributes=True)
    assert (lines.dtype, len(lines)) == (pl.String, 0)


@pytest.mark.parametrize(
    "line",
    [
        "LEEF:3.0|v|p|1|e|x09|a=b",
        "LEEF:2.0|v|p|1||x09|a=b",
        "LEEF:2.0|v|p|1|e|xx|a=b",
        "LEEF:2.0|v|p|1|e|x09|a=b\ta=c",
        "LEEF:2.0|v|p|1|e|x09|a b=c",
        "LEEF:2.0|v|p|1|e|x09|a=b\nc",
        "LEEF:2.0|v|p|1|e|x5E|a=b\tc=d",
        "LEEF:1.0|v|p|1|" + "e" * 256 + "|a=b",
    ],
)
def test_the_reader_refuses_what_is_no_leef(line: str) -> None:
    """Otherwise the tests above could not fail."""
    with pytest.raises(NotLeef):
        read_leef(line)
