"""What the splunk_hec receiver makes of bodies: those of a real exporter, any at all, and times."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import InvalidPayload, TooLarge
from collector.receivers.splunk_hec import events, raw
from collector.receivers.splunk_hec.acknowledgement import AckIds, asked, check_channel
from collector.receivers.splunk_hec.answers import HecRefusal, MetricEvent
from collector.receivers.splunk_hec.config import HecNames
from collector.receivers.splunk_hec.moment import unix_nano
from counterparts.examples import examples
from counterparts.json_door import records
from otlp_wire import inspect

NAMES = HecNames()
KEPT = Path(__file__).parents[3] / "golden" / "otelcol" / "splunk_hec"
SENT = sorted(KEPT.glob("event-*.jsonl.gz"))


def read(body: bytes) -> list[dict[str, Any]]:
    """The records of a body."""
    received = events.received(body, NAMES, ())
    assert inspect(received.body).records == received.records
    return records(received.body)


def documents(text: str) -> list[Any]:
    """By Python's own parser, one behind the other; a whole number of more than 64 bits is a double."""
    decoder = json.JSONDecoder(parse_int=lambda number: int(number) if len(number.lstrip("-")) < 20 else float(number))
    found, at = [], 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def told(found: list[dict[str, Any]], member: str) -> list[str]:
    """What each says there, in any order; the records of the door don't show what is zero or empty."""
    said = [one.get(member) for one in found]
    return sorted(json.dumps(one if one not in (0, "", {}) else None, sort_keys=True) for one in said)


@pytest.mark.parametrize("file", SENT, ids=lambda path: path.name)
def test_what_a_collectors_exporter_sends(file):
    """Each event of its kept requests is a record with that body, and these fields."""
    count = 0
    for line in gzip.decompress(file.read_bytes()).splitlines():
        for sent in json.loads(line)["sent"]:
            wanted = documents(sent["body"])
            if any(event.get("event") in (None, "") for event in wanted):
                continue
            found = read(sent["body"].encode())
            count += len(found)
            assert told(found, "body") == told(wanted, "event")
            assert told(found, "attributes") == told(wanted, "fields")
    assert count > 50


TEXTS = st.text(max_size=12) | st.sampled_from(
    ["}{", "metric", "metric_name", "metric_name:a.b", "\ud83d", "0" * 40, "1e400", "}\n{"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
KEYS = st.sampled_from(["event", "time", "host", "source", "sourcetype", "index", "fields", "other"])
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=5) | JSON


@settings(max_examples=examples(400))
@given(
    st.lists(DOCUMENTS, max_size=4),
    st.sampled_from(["", "\n", " ", ",", "\r\n\r\n"]),
    st.binary(max_size=4),
    st.integers(0, 400),
)
def test_any_body_is_records_or_refused(found, between, noise, place):
    """Whatever comes, whole or with bytes in it: as many records as were counted, or a refusal in words."""
    body = between.join(map(json.dumps, found)).encode()
    for one in (body, body[:place] + noise + body[place:], noise):
        with contextlib.suppress(HecRefusal, MetricEvent):
            read(one)
        raw_lines(one)


def raw_lines(body: bytes) -> None:
    try:
        received = raw.received(body, (), 0, "line")
    except HecRefusal:
        assert not body.decode("utf-8", "replace").strip()
        return
    assert len(records(received.body)) == received.records == inspect(received.body).records


@settings(max_examples=examples(200))
@given(
    st.lists(
        st.fixed_dictionaries({"event": st.text(min_size=1, max_size=9), "host": st.sampled_from("ab")}),
        min_size=1,
        max_size=6,
    )
)
def test_concatenated_events_are_those_of_an_array(found):
    """One behind the other without anything between them, in lines, in an array: the same records."""
    forms = ["".join, "\n".join, lambda texts: f"[{','.join(texts)}]"]
    one, *others = [read(form([json.dumps(event, ensure_ascii=False) for event in found]).encode()) for form in forms]
    assert others == [one, one]


@pytest.mark.parametrize(
    ("value", "nanos"),
    [
        (1764411072, 1764411072 * 10**9), (1764411072.123, 1764411072123000000), (1764411072.123456, 1764411072123456000),
        ("1764411072.123456789", 1764411072123456789), (1764411072123, 1764411072123 * 10**6), (1764411072123456, 1764411072123456000),
        (1764411072123456789, 1764411072123456789), (0, 0), (None, 0), (True, 0), (-5, 0), ("-5", 0), (1e300, 0), ("1e300", 0), ({}, 0),
        (1 << 64, 0),
    ],
)  # fmt: skip
def test_times(value, nanos):
    """By their size seconds, milliseconds, microseconds, nanoseconds; what is none tells nothing."""
    assert unix_nano(value) == nanos


@pytest.mark.parametrize("text", ["", "yesterday", "nan", "inf", "1" * 70, "0x10"])
def test_texts_that_are_no_time(text):
    with pytest.raises(HecRefusal):
        unix_nano(text)


def test_more_records_than_a_request_may_hold():
    with pytest.raises(TooLarge):
        read(b'{"event":1}' * 100_001)
    with pytest.raises(TooLarge):
        raw.received(b"x\n" * 100_001, (), 0, "line")


@pytest.mark.parametrize(
    "body", [b'{"event":' + b"[" * 100_000, b'{"event":"a"}{"event":' + b"1" * 5000 + b"}", b'{"a":' * 5000]
)
def test_deep_and_long_values(body):
    """A hundred thousand brackets, five thousand digits: no crash, a refusal."""
    with pytest.raises(InvalidPayload):
        read(body)


def test_values_nested_deeply_are_their_text():
    [record] = read(b'{"event":' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}")
    value, depth = record["body"], 0
    while isinstance(value, dict):
        value, depth = value["a"], depth + 1
    assert (depth, value) == (30, '{"a":' * 30 + "1" + "}" * 30)


def test_fields_beyond_the_most_are_counted():
    [record] = read(json.dumps({"event": "a", "fields": {f"f{n}": n for n in range(1030)}}).encode())
    assert (len(record["attributes"]), record["dropped"]) == (1024, 6)


def test_numbers_are_given_once():
    """However many in a millisecond, and though the clock is set back."""
    now = [1_800_000_000.0]
    ids = AckIds(lambda: now[0])
    first = [ids.next() for _ in range(1000)]
    now[0] -= 30
    found = first + [ids.next() for _ in range(1000)]
    assert len(set(found)) == 2000
    assert found == sorted(found)
    assert all(map(ids.given, found))
    assert max(found) < 1 << 53
    assert not any(map(ids.given, (-1, 0, 1, 4095, 1 << 53)))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"5", b'{"acks":5}', b'{"acks":[true]}', b'{"acks":["1"]}', b'{"acks":[1.5]}', b"\xff"]
)
def test_what_asks_for_no_number(body):
    with pytest.raises(HecRefusal):
        asked(body)


def test_channels():
    check_channel("fe0ecfad-13d5-401b-847d-77833bd77131")
    for wrong in ("", "x", "fe0ecfad"):
        with pytest.raises(HecRefusal):
            check_channel(wrong)
