"""Events: time, metadata, body and indexed fields, by the rules of otelcol's exporter and of HEC."""

from __future__ import annotations

import base64
import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.batch import LogBatch
from collector.columns.text_buffers import text_bytes
from collector.documents.models import texts as texts_of
from collector.documents.options import JSON_MODELS
from exporters.splunk_hec.config import SplunkHecConfig
from exporters.splunk_hec.parts import NO_BODY, TOO_LARGE, encoded
from otlp_wire import decode_payloads, json_to_protobuf

ODD = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def config(**options) -> SplunkHecConfig:
    return SplunkHecConfig.model_validate({"endpoint": "https://127.0.0.1:8088", "token": "t", **options})


def value(plain) -> dict:
    """OTLP's JSON for a Python value."""
    match plain:
        case None:
            return {}
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain if math.isfinite(plain) else ODD[str(plain)]}
        case bytes():
            return {"bytesValue": base64.b64encode(plain).decode()}
        case str():
            return {"stringValue": plain}
        case list():
            return {"arrayValue": {"values": [value(item) for item in plain]}}
        case dict():
            return {"kvlistValue": {"values": pairs(plain)}}


def pairs(members: dict) -> list:
    return [{"key": key, "value": value(item)} for key, item in members.items()]


def batch(*records: dict, resource: dict | None = None, scope: str = "") -> LogBatch:
    """Records of one resource; `attributes` and `body` are plain Python."""
    listed = []
    for record in records:
        made = dict(record)
        if "attributes" in made:
            made["attributes"] = pairs(made["attributes"])
        if "body" in made:
            made["body"] = value(made["body"])
        listed.append(made)
    resources = {"resource": {"attributes": pairs(resource or {})}}
    scopes = {"scopeLogs": [{"scope": {"name": scope}, "logRecords": listed}]}
    return decode_payloads([json_to_protobuf(json.dumps({"resourceLogs": [{**resources, **scopes}]}).encode())])


def events(records: LogBatch, **options) -> list[dict]:
    parts = encoded(records, config(**options)).parts
    return [json.loads(line) for part in parts for line in text_bytes(part.texts).split(b"\n")[:-1]]


def event(record: dict, resource: dict | None = None, **options) -> dict:
    [one] = events(batch(record, resource=resource), **options)
    return one


def times(nanos: int, **options) -> str:
    [part] = encoded(batch({"timeUnixNano": str(nanos), "body": "x"}), config(**options)).parts
    return part.texts[0].partition(',"host"')[0].removeprefix('{"time":')


TIMES = {
    "milliseconds stay as they are": (1_700_000_000_123_000_000, 3, "1700000000.123"),
    "zeros stay": (1_700_000_000_000_000_000, 3, "1700000000.000"),
    "half a millisecond is rounded up": (1_700_000_000_123_500_000, 3, "1700000000.124"),
    "less is rounded down": (1_700_000_000_123_499_999, 3, "1700000000.123"),
    "over the second": (1_700_000_000_999_999_999, 3, "1700000001.000"),
    "before the first second": (7_000_000, 3, "0.007"),
    "microseconds": (1_700_000_000_123_456_789, 6, "1700000000.123457"),
    "nanoseconds": (1_700_000_000_123_456_789, 9, "1700000000.123456789"),
    "the last time there is": ((1 << 64) - 1, 9, "18446744073.709551615"),
    "the last time there is, rounded": ((1 << 64) - 1, 3, "18446744073.710"),
}


@pytest.mark.parametrize("name", TIMES)
def test_time(name):
    """Written by integers: no digit comes from a float."""
    nanos, decimals, expected = TIMES[name]
    assert times(nanos, time_decimals=decimals) == expected


def test_time_of_observation():
    """Without a time of its own a record has the time when it was observed, and none when that is unknown too."""
    found = events(batch({"observedTimeUnixNano": "1500000000", "body": "a"}, {"body": "b"}))
    assert [one.get("time") for one in found] == [1.5, None]


BODIES = {
    "text": 'a "quoted" line\nwith\x00control\u2028characters',
    "int": -(1 << 63),
    "double": 0.1,
    "bool": False,
    "map": {"a": {"b": [1, "x", None]}, "c": True},
    "list": ["foo", 1, {"k": "v"}],
    "empty map": {},
}


@pytest.mark.parametrize("name", BODIES)
def test_body(name):
    """Each kind of body is its JSON."""
    assert event({"body": BODIES[name]})["event"] == BODIES[name]


def test_odd_bodies():
    """Bytes are base64; numbers that JSON does not have are strings."""
    found = events(batch({"body": b"\x00\xff"}, {"body": float("nan")}, {"body": float("-inf")}))
    assert [one["event"] for one in found] == ["AP8=", "NaN", "-Infinity"]


NOTHING = [{}, {"body": None}, {"body": ""}]


@pytest.mark.parametrize("export_raw", [False, True])
def test_records_without_a_body(export_raw):
    """HEC takes none: they are named with a reason, each of them."""
    found = encoded(batch(*NOTHING, {"body": "x"}), config(export_raw=export_raw))
    assert [(items.tolist(), reason) for items, reason in found.refused] == [([0, 1, 2], NO_BODY)]
    assert [part.items.tolist() for part in found.parts] == [[3]]
    assert found.left_out == 0


def test_records_without_a_body_are_skipped_on_demand():
    """As otelcol does, but counted."""
    found = encoded(batch(*NOTHING, {"body": "x"}), config(empty_body="skip"))
    assert (found.refused, found.left_out) == ([], 3)


def test_records_without_a_body_send_their_attributes_on_demand():
    """The attributes are the event; a record that has not even those is a dash."""
    found = events(batch({"attributes": {"k": 1}}, {}), empty_body="attributes")
    assert [one["event"] for one in found] == [{"k": 1}, "-"]


def test_larger_events_than_the_option_allows():
    """They are named; their neighbours go."""
    found = encoded(batch({"body": "x" * 500}, {"body": "y"}), config(max_event_size=400))
    assert [(items.tolist(), reason) for items, reason in found.refused] == [([0], TOO_LARGE)]
    assert [part.items.tolist() for part in found.parts] == [[1]]


METADATA = {"host.name": "h", "com.splunk.source": "s", "com.splunk.sourcetype": "t", "com.splunk.index": "i"}


def test_metadata_of_record_resource_and_options():
    """The record's attribute goes before its resource's, and that before the option; what is empty is left out."""
    options = {"source": "option", "sourcetype": "option", "index": "option"}
    own = {key: f"own {text}" for key, text in METADATA.items()}
    found = events(batch({"body": "x", "attributes": own}, {"body": "x"}, resource=METADATA), **options)
    names = ("host", "source", "sourcetype", "index")
    assert [[one[name] for name in names] for one in found] == [["own h", "own s", "own t", "own i"], [*"hsti"]]
    assert event({"body": "x"}, **options) == {"host": "unknown", "event": "x", **options}
    assert event({"body": "x"}) == {"host": "unknown", "event": "x"}
    assert not any("fields" in one for one in found)


def test_metadata_that_is_no_text():
    """Numbers and booleans are written as text: HEC's metadata are strings."""
    assert event({"body": "x", "attributes": {"host.name": 7}})["host"] == "7"


@pytest.mark.parametrize("name", ["otel_attrs_to_hec_metadata", "hec_metadata_to_otel_attrs"])
def test_metadata_from_other_attributes(name):
    """By the new name of the option and the old one; the usual attributes are fields then."""
    found = event({"body": "x", "attributes": {"h": "web", "host.name": "n"}}, **{name: {"host": "h"}})
    assert (found["host"], found["fields"]) == ("web", {"host.name": "n"})


FIELDS = {
    "maps are opened": ({"m": {"a": 1, "n": {"b": "x"}}}, {"m.a": 1, "m.n.b": "x"}),
    "flat arrays stay": ({"a": [1, "x", True]}, {"a": [1, "x", True]}),
    "arrays of arrays are text": ({"a": [1, [2]]}, {"a": "[1,[2]]"}),
    "arrays of maps are text": ({"a": [{"k": 1}]}, {"a": '[{"k":1}]'}),
    "arrays in maps": ({"m": {"a": [1], "b": [[1]]}}, {"m.a": [1], "m.b": "[[1]]"}),
    "empty values are left out": ({"e": None, "m": {"e": None}, "k": ""}, {"k": ""}),
    "empty maps are left out": ({"m": {}, "k": 1}, {"k": 1}),
    "bytes are base64": ({"b": b"\xff"}, {"b": "/w=="}),
    "numbers that JSON does not have are text": ({"d": float("inf")}, {"d": "Infinity"}),
    "whole numbers stay exact": ({"i": (1 << 63) - 1}, {"i": (1 << 63) - 1}),
    "the first of equal dotted names": ({"a.b": 1, "a": {"b": 2}}, {"a.b": 1}),
    "an attribute goes before a field of ours": ({"trace_id": "own"}, {"trace_id": "own"}),
    "the access token is a secret": ({"com.splunk.hec.access_token": "secret", "k": 1}, {"k": 1}),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("level", ["record", "resource"])
def test_fields(name, level):
    """Attributes as HEC takes them: one level, scalars and arrays of scalars; each name once."""
    attributes, expected = FIELDS[name]
    record = {"body": "x", "traceId": "0" * 31 + "1"} if "trace_id" in attributes else {"body": "x"}
    if level == "record":
        made = events(batch({**record, "attributes": attributes}))
    else:
        made = events(batch(record, resource={k: v for k, v in attributes.items() if "token" not in k}))
    assert made[0]["fields"] == expected


def test_fields_are_said_once():
    """The record's attribute goes before its resource's, also for one of several records."""
    records = batch({"body": "a", "attributes": {"k": "own"}}, {"body": "b"}, resource={"k": "shared", "r": 1})
    [part] = encoded(records, config()).parts
    assert [text.count('"k":') for text in part.texts] == [1, 1]
    assert [json.loads(text)["fields"] for text in part.texts] == [{"k": "own", "r": 1}, {"k": "shared", "r": 1}]


def test_fields_of_derived_attributes():
    """What processors add goes before what the resource says under that name; null says nothing."""
    records = batch({"body": "a"}, {"body": "b"}, resource={"k": "shared", "logboom.level": "resource"})
    records = records.with_attributes({"logboom.level": pl.Series(["critical", None])})
    assert [one["fields"] for one in events(records)] == [
        {"k": "shared", "logboom.level": "critical"},
        {"k": "shared", "logboom.level": "resource"},
    ]


def test_fields_of_several_kinds_under_one_name():
    """A number of the record, a text of its resource: whatever the kinds, the record's goes first."""
    records = batch({"body": "a", "attributes": {"k": 1}}, {"body": "b"}, {"body": "c", "attributes": {"k": [1]}},
                    resource={"k": "shared", "trace_id": 7})  # fmt: skip
    assert [one["fields"]["k"] for one in events(records)] == [1, "shared", [1]]


def test_a_map_of_the_record_under_a_derived_name():
    """`a: {b: …}` is `a.b`, and so may be a derived attribute: the record's is kept where nothing was derived."""
    records = batch(
        {"body": "a", "attributes": {"a": {"b": 1}}}, {"body": "b"}, {"body": "c", "attributes": {"a": {"b": 2}}}
    )
    records = records.with_attributes({"a.b": pl.Series([None, "derived", None])})
    assert [one["fields"] for one in events(records)] == [{"a.b": 1}, {"a.b": "derived"}, {"a.b": 2}]


def test_fields_of_the_record():
    """Severity, ids, event name and record id under their names; what is unknown is left out."""
    record = {"body": "x", "severityNumber": 17, "severityText": "ERROR", "eventName": "login",
              "traceId": "0" * 31 + "a", "spanId": "0" * 15 + "b"}  # fmt: skip
    records = batch(record, {"body": "x"}).with_fields({"record_id": pl.Series(["1", "2"])})
    assert [one["fields"] for one in events(records)] == [
        {
            "logboom.record.id": "1", "otel.log.severity.number": 17, "otel.log.severity.text": "ERROR",
            "otel.log.name": "login", "trace_id": "0" * 31 + "a", "span_id": "0" * 15 + "b",
        },
        {"logboom.record.id": "2"},
    ]  # fmt: skip
    renamed = {"severity_number": "n", "severity_text": "", "name": "", "record_id": ""}
    assert set(events(records, otel_to_hec_fields=renamed)[0]["fields"]) == {"n", "trace_id", "span_id"}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ocsf", "ecs", "json", "cef", "leef", "text"])
def test_documents_of_other_models(model):
    """The whole record as that model's document, JSON or a text; the record id stays a field, to find what came twice."""
    records = batch({"body": "failed login", "attributes": {"user.name": "ann"}}, {}, resource={"host.name": "web"})
    records = records.with_fields({"record_id": pl.Series(["1", None]), "time_unix_nano": pl.Series([1, 1])})
    found = events(records, format=model)
    plain = texts_of(records, model)
    assert [one["event"] for one in found] == [json.loads(text) if model in JSON_MODELS else text for text in plain]
    assert [one.get("fields") for one in found] == [{"logboom.record.id": "1"}, None]
    assert {one["host"] for one in found} == {"web"}
    [raw] = encoded(records, config(format=model, export_raw=True)).parts
    assert text_bytes(raw.texts).decode().split("\n")[:-1] == plain.to_list()


def test_nothing_at_all():
    """A batch of no records is no request."""
    assert encoded(LogBatch.empty(), config()).parts == []
    assert encoded(LogBatch.empty(), config(export_raw=True)).parts == []


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


@pytest.mark.slow
@given(
    st.lists(st.tuples(values, st.dictionaries(texts, values, max_size=4)), min_size=1, max_size=4),
    st.dictionaries(texts, values, max_size=4),
)
def test_every_event_is_what_hec_takes(records, resource):
    """Whatever records hold: a line of JSON each, the body as it is, flat fields that name each key once."""
    made = batch(*({"body": body, "attributes": attributes} for body, attributes in records), resource=resource)
    found = encoded(made, config())
    bodies = [body for body, _ in records if body not in (None, "")]
    lines = [line for part in found.parts for line in text_bytes(part.texts).split(b"\n")[:-1]]
    assert [json.loads(line)["event"] for line in lines] == bodies
    for line in lines:
        for said in json.loads(line, object_pairs_hook=unique).get("fields", {}).values():
            assert isinstance(said, str | int | float | list)


def unique(members: list[tuple[str, object]]) -> dict[str, object]:
    """An object that names no member twice."""
    assert len({name for name, _ in members}) == len(members)
    return dict(members)
