"""LogBatch → OTLP: edits of processors, order of the wire, hand-made values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

import otlp_wire
from collector.batch import LogBatch, concat
from counterparts.examples import examples
from counterparts.otlp_requests import any_messages
from otlp_wire import framing


def encoded(batch: LogBatch) -> Request:
    """The request, after both encodings were seen to agree."""
    request = Request.FromString(otlp_wire.encode(batch))
    assert Request.FromString(otlp_wire.json_to_protobuf(otlp_wire.encode_json(batch))) == request
    return request


def records(request: Request) -> list[Any]:
    return [r for resource in request.resource_logs for scope in resource.scope_logs for r in scope.log_records]


def attributes(record: Any) -> list[tuple[str, Any]]:
    return [(pair.key, otlp_wire.any_to_python(pair.value.SerializeToString())) for pair in record.attributes]


def test_no_records_is_the_empty_request() -> None:
    """Also when tables are left over from records that were filtered."""
    filtered = LogBatch.of({"body": ["a"]}, resource={"service.name": "s"}).filter(pl.Series([False]))
    for batch in (LogBatch.empty(), filtered):
        assert otlp_wire.encode(batch) == b""
        assert otlp_wire.encode_json(batch) == b"{}"


def test_derived_columns_become_attributes_behind_those_that_came() -> None:
    """Of every type; null adds none; a key that came is replaced."""
    batch = LogBatch.of({"body": ["a", "b"]}, {"s": ["x", None], "i": [None, 7], "f": [0.5, None], "b": [True, None]})
    batch = otlp_wire.decode_payloads([otlp_wire.encode(batch)])
    batch = batch.with_attributes({"i": pl.Series(["now text", None]), "y": pl.Series([None, b"\x00"])})
    first, second = records(encoded(batch))
    assert attributes(first) == [("s", "x"), ("f", 0.5), ("b", True), ("i", "now text")]
    assert attributes(second) == [("y", b"\x00")]


def test_records_of_one_group_come_together() -> None:
    """Whatever order a processor leaves them in; within a group the order stays."""
    parts = [LogBatch.of({"body": [f"{name}{i}" for i in range(3)]}, resource={"service.name": name}) for name in "ab"]
    batch = concat(parts)
    mixed = batch.gather(pl.Series([3, 0, 4, 2, 1])).with_attributes({"n": pl.Series(range(5))})
    request = encoded(mixed)
    assert [group.resource.attributes[0].value.string_value for group in request.resource_logs] == ["a", "b"]
    assert [(r.body.string_value, attributes(r)) for r in records(request)] == [
        ("a0", [("n", 1)]),
        ("a2", [("n", 3)]),
        ("a1", [("n", 4)]),
        ("b0", [("n", 0)]),
        ("b1", [("n", 2)]),
    ]


def test_records_without_resource_and_scope() -> None:
    """A processor may make records that belong to none: the messages are left out."""
    batch = LogBatch.of({"body": ["a", "b"]}, resource={"service.name": "s"})
    batch = batch.with_fields({"resource": pl.Series([0, None]), "scope": pl.Series([None, None])})
    by_body = {
        r.body.string_value: group for group in encoded(batch).resource_logs for r in group.scope_logs[0].log_records
    }
    assert by_body["a"].resource.attributes[0].key == "service.name"
    assert not by_body["b"].HasField("resource")
    assert not by_body["b"].scope_logs[0].HasField("scope")


def test_nulls_in_fields_are_defaults() -> None:
    """A processor's null in a field that OTLP can't leave out."""
    nulls = pl.Series([None])
    names = ("time_unix_nano", "severity_number", "severity_text", "trace_id", "flags", "event_name")
    batch = LogBatch.of({"body": ["a"]}).with_fields(dict.fromkeys(names, nulls))
    assert records(encoded(batch))[0].ListFields() == records(encoded(LogBatch.of({"body": ["a"]})))[0].ListFields()


def test_a_processor_that_sets_the_text_of_a_structured_body() -> None:
    """The text is the body, though the old value still stands beside it."""
    batch = LogBatch.of({"body_any": [otlp_wire.any_from_python([1]), otlp_wire.any_from_python([2])]})
    batch = batch.with_fields({"body": pl.Series(["new", None])})
    found = [otlp_wire.any_to_python(r.body.SerializeToString()) for r in records(encoded(batch))]
    assert found == ["new", [2]]


def test_attributes_in_any_order_of_owners() -> None:
    """Edits append rows; they are sorted once, at the end, without reordering an owner's."""
    batch = LogBatch.of({"body": ["a", "b"]}, {"k": ["1", "2"]})
    table = batch.all_attributes()
    shuffled = replace(batch, attributes=pl.concat([table[[1]], table[[0]], table[[1]]]), derived=pl.DataFrame())
    assert [attributes(r) for r in records(encoded(shuffled))] == [[("k", "1")], [("k", "2"), ("k", "2")]]


def test_hand_made_any_values() -> None:
    """Values that a plugin serialised: not as we frame them, scalar, empty, or not an AnyValue at all."""
    long_way = b"\x2a\x82\x80\x00\x0a\x00"  # an array with one empty value, its length in three bytes
    twice = b"\x2a\x00\x32\x00"  # array, then map: the map counts
    values = [long_way, twice, b"\x18\x05", b"\x0a\x01x", b"", b"\xff\xff", otlp_wire.any_from_python([1])]
    batch = LogBatch.of({"body_any": values})
    found = [otlp_wire.any_to_python(r.body.SerializeToString()) for r in records(encoded(batch))]
    assert found == [[None], {}, 5, "x", None, b"\xff\xff", [1]]
    assert [r.HasField("body") for r in records(encoded(batch))] == [bool(value) for value in values]


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(st.lists(any_messages.filter(lambda value: value.WhichOneof("value")), max_size=8))
def test_bodies_of_every_kind(messages: list[AnyValue]) -> None:
    """The body of a record is any AnyValue, -0.0 and NaN included."""
    request = Request()
    for message in messages:
        request.resource_logs.add().scope_logs.add().log_records.add().body.CopyFrom(message)
    again = Request.FromString(otlp_wire.encode(otlp_wire.decode_payloads([request.SerializeToString()])))
    assert again.SerializeToString(deterministic=True) == request.SerializeToString(deterministic=True)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152])
def test_framing_at_the_edges_of_varints(size: int) -> None:
    """Header and content part again, at each length where the header grows."""
    contents = pl.Series([b"x" * size, None, b"y"])
    fields = framing.framed(framing.KVLIST, contents)
    assert framing.unframed(framing.KVLIST, fields).to_list() == contents.to_list()
    assert framing.unframed(framing.ARRAY, fields).to_list() == [None] * 3


def test_any_json_is_plain_json() -> None:
    """What stores show: no type tags, bytes as base64, the first of a repeated key, null stays null."""
    repeated = AnyValue(kvlist_value={"values": [{"key": "a", "value": {"int_value": 1}}, {"key": "a"}]})
    values = [
        otlp_wire.any_from_python(["a", 1, 0.5, True, None, b"\x00", {"k": [math.nan, -math.inf]}]),
        None,
        repeated.SerializeToString(),
        otlp_wire.any_from_python({}),
        b"",
        b"\xff\xff",
        otlp_wire.any_from_python("text"),
    ]
    texts = otlp_wire.any_json(pl.Series("any", values * 2, dtype=pl.Binary)).to_list()
    expected = [
        '["a",1,0.5,true,null,"AA==",{"k":["NaN","-Infinity"]}]',
        None,
        '{"a":1}',
        "{}",
        "null",
        '"//8="',
        '"text"',
    ]
    assert texts == expected * 2
    assert otlp_wire.any_json(pl.Series([None], dtype=pl.Binary)).to_list() == [None]
    assert otlp_wire.any_json(pl.Series([], dtype=pl.Binary)).to_list() == []


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(100))
@given(PLAIN)
def test_python_values_survive(value: Any) -> None:
    """any_from_python and any_to_python are each other's reverse, type included (True is not 1)."""
    again = otlp_wire.any_to_python(otlp_wire.any_from_python(value))
    assert repr(again) == repr(value)


def test_python_values_that_no_any_value_holds() -> None:
    """They become their text, or what comes nearest."""
    values = [2**63, {1}, (1, 2), {5: "x"}, np.float64(0.5), complex(1, 2), "\ud800"]
    found = [otlp_wire.any_to_python(otlp_wire.any_from_python(value)) for value in values]
    assert found == [str(2**63), [1], [1, 2], {"5": "x"}, 0.5, "(1+2j)", "?"]


def test_json_is_one_line() -> None:
    """Whatever the texts hold: the file exporter writes one request a line."""
    batch = LogBatch.of({"body": ['a\nb\r\u2028"\\']}, {"k\n": ["\n\x00"]}, {"r": "\n"}, "s\n")
    written = otlp_wire.encode_json(batch)
    assert b"\n" not in written
    assert b"\r" not in written
    record = orjson.loads(written)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert record == {
        "body": {"stringValue": 'a\nb\r\u2028"\\'},
        "attributes": [{"key": "k\n", "value": {"stringValue": "\n\x00"}}],
    }


def test_entity_refs_of_several_resources() -> None:
    """None, an empty one, one shared by two resources, several: each resource has its own again."""
    request = Request()
    for types in ([], [""], ["host"], ["host"], ["service", "host"]):
        resource_logs = request.resource_logs.add()
        for kind in types:
            resource_logs.resource.entity_refs.add(type=kind, id_keys=["a", "b"] if kind else [])
        resource_logs.resource.SetInParent()
        resource_logs.scope_logs.add().log_records.add()
    assert encoded(otlp_wire.decode_payloads([request.SerializeToString()])) == request


def test_a_batch_in_chunks_encodes_like_one_in_one_piece() -> None:
    """Columns that were joined without copying, as from an outbox entry."""
    batch = LogBatch.of({"body": ["a", "b", "c"]}, {"k": ["1", "2", "3"]}, {"service.name": "s"})
    chunked = concat([batch.slice(0, 1), batch.slice(1, 1), batch.slice(2, 1)])
    assert chunked.records.n_chunks() == 3
    assert otlp_wire.encode(
        chunked.with_fields({"resource": pl.Series([0] * 3), "scope": pl.Series([0] * 3)})
    ) == otlp_wire.encode(batch)
