"""Plain values straight to the wire format: the official parser reads what was meant."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from counterparts.json_door import attributes, plain, records
from otlp_wire import inspect
from otlp_wire.record_writing import (
    MAX_NESTING,
    attribute_field,
    body_field,
    dropped_field,
    event_field,
    flags_field,
    request,
    severity_fields,
    span_id_field,
    time_field,
    trace_id_field,
)

TEXTS = st.text(st.characters(exclude_categories=()), max_size=300)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False) | TEXTS | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def expected(value):
    """What can be said of a value in OTLP."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 63:
        return str(value)
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {expected(key): expected(item) for key, item in value.items()}
    return value


@given(st.dictionaries(TEXTS, VALUES, max_size=5), VALUES)
def test_any_value_comes_back(pairs, body):
    """Types, too: 1, 1.0 and true are three values."""
    fields = [attribute_field(key, value) for key, value in pairs.items()]
    record = LogRecord.FromString(b"".join([*fields, body_field(body)]))
    assert repr(attributes(record.attributes)) == repr({expected(key): expected(value) for key, value in pairs.items()})
    assert repr(plain(record.body)) == repr(expected(body))


def test_a_whole_record():
    """Each field is where it belongs; heads that are remembered serve other values, too."""
    fields = [
        time_field(1_764_412_272_123_456_789), severity_fields(17, "error"), body_field("boom"), trace_id_field(b"t" * 16),
        span_id_field(b"s" * 8), flags_field(1), event_field("app.start"), dropped_field(3),
        *(attribute_field("key", value) for value in ("", None, "x", False, 0, 1, 1.0, "é" * 2000)),
    ]  # fmt: skip
    record = LogRecord.FromString(b"".join(fields))
    assert [plain(pair.value) for pair in record.attributes] == ["", None, "x", False, 0, 1, 1.0, "é" * 2000]
    assert (record.time_unix_nano, record.severity_number, record.severity_text) == (1764412272123456789, 17, "error")
    assert (record.trace_id, record.span_id, record.flags) == (b"t" * 16, b"s" * 8, 1)
    assert (record.event_name, record.dropped_attributes_count) == ("app.start", 3)


def test_requests_are_grouped_by_resource():
    """And admission's check finds them valid."""
    body = request(
        {(("service.name", "a"), ("host.name", "b")): [body_field("1"), body_field("2" * 3000)], (): [body_field("3")]}
    )
    assert inspect(body).records == 3
    assert [record.get("resource") for record in records(body)] == [{"service.name": "a", "host.name": "b"}] * 2 + [
        None
    ]


def test_what_is_nested_deeper_is_its_text():
    """Any depth is valid protobuf, and nothing is lost."""
    value = leaf = []
    for _ in range(200):
        value = [value]
    body = request({(): [body_field(value)]})
    assert inspect(body).records == 1
    found = records(body)[0]["body"]
    for _ in range(MAX_NESTING):
        found = found[0]
    assert found == "[" * (200 - MAX_NESTING + 1) + "]" * (200 - MAX_NESTING + 1)
    assert leaf == []


def test_infinities_and_nan_are_doubles():
    """As protobuf has them."""
    record = LogRecord.FromString(attribute_field("a", math.inf) + attribute_field("b", math.nan))
    assert record.attributes[0].value.double_value == math.inf
    assert math.isnan(record.attributes[1].value.double_value)
