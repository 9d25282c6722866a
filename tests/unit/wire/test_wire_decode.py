"""Payloads and journal entries → LogBatch: oddities of the wire, dead letters, record ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request

import otlp_wire
from collector.columns.tables import PAYLOADS, RECORDS
from collector.errors import InvalidPayload
from collector.journal.entry import Entry
from collector.pipeline.decode import decode
from collector.pipeline.record_ids import record_ids
from counterparts.examples import examples
from counterparts.otlp_requests import requests, without_empty_groups
from counterparts.wire_bytes import message, number, request_of

ALPHABET = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def entry(offset: int, body: bytes, domain: str = "a.example", received_unix_ms: int = 1_700_000_000_000) -> Entry:
    return Entry("0123456789abcdef", offset, domain, "otlp", body, 0, received_unix_ms, b"")


def same(encoded: bytes, body: bytes) -> bool:
    """As the official classes read both, unknown fields and empty groups aside."""
    wanted, found = without_empty_groups(Request.FromString(body)), Request.FromString(encoded)
    wanted.DiscardUnknownFields()
    found.DiscardUnknownFields()
    return wanted.SerializeToString(deterministic=True) == found.SerializeToString(deterministic=True)


def attribute(*value_fields: bytes) -> bytes:
    return message(6, message(1, b"k") + b"".join(value_fields))


ODD = {
    "oneof twice, string last": request_of(message(5, number(3, 5) + message(1, b"a"))),
    "oneof twice, int last": request_of(message(5, message(1, b"a") + number(3, 5))),
    "array, then string": request_of(message(5, message(5, b"") + message(1, b"a"))),
    "string, then map": request_of(message(5, message(1, b"a") + message(6, b""))),
    "array in two pieces": request_of(message(5, message(5, message(1, b"")) + message(5, message(1, number(3, 1))))),
    "body in two pieces": request_of(message(5, message(1, b"a")) + message(5, number(3, 5))),
    "value in two pieces": request_of(attribute(message(2, message(1, b"a")), message(2, number(3, 7)))),
    "key twice": request_of(message(6, message(1, b"k") + message(1, b"l") + message(2, number(3, 7)))),
    "resource in two pieces": message(1, message(1, message(1, message(1, b"a"))) * 2 + message(2, message(2, b""))),
    "scope in two pieces": message(
        1, message(2, message(1, message(1, b"n")) + message(1, message(2, b"v")) + message(2, b""))
    ),
    "unknown fields everywhere": number(9, 1) + request_of(number(99, 5) + message(5, number(77, 1))),
    "field with another wire type": request_of(number(3, 5) + number(1, 5)),
    "boolean 2": request_of(message(5, number(2, 2))),
    "int32 of 64 bits": request_of(number(2, (1 << 63) + 9)),
    "enum below zero": request_of(number(2, (1 << 64) - 1)),
    "overlong varint": request_of(b"\x10\x89\x80\x80\x00"),
    "value absent, empty, and no key": request_of(attribute() + attribute(message(2, b"")) + message(6, b"")),
    "string table indices": request_of(message(5, number(8, 0)) + message(6, number(3, 4) + message(2, number(8, 7)))),
    "all times at their limit": request_of(b"\x09" + b"\xff" * 8 + b"\x59" + b"\xff" * 8),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_wire_means_what_the_official_parser_says(body: bytes) -> None:
    """Among ordinary payloads too, whose records stay theirs."""
    plain = request_of(message(3, b"INFO"), message(5, number(3, 0)))
    batch = otlp_wire.decode_payloads([plain, body, plain])
    assert same(otlp_wire.encode(batch), plain + body + plain)
    assert batch.column("payload").to_list() == [0, 0, *[1] * (len(batch) - 4), 2, 2]


def test_tables_have_exactly_the_declared_columns() -> None:
    """Whatever is absent in the payloads."""
    for bodies in ([], [b""], [request_of(b"")], [request_of(attribute())]):
        batch = otlp_wire.decode_payloads(bodies)
        assert batch.records.schema == RECORDS
        assert batch.payloads.schema == PAYLOADS
        for table in ("attributes", "resource_attributes", "scope_attributes", "resources", "scopes"):
            assert getattr(batch, table).schema == getattr(type(batch).empty(), table).schema


def test_ids_of_a_wrong_length_are_emptied_and_counted() -> None:
    """In the records that have them only."""
    good = message(9, b"t" * 16) + message(10, b"s" * 8)
    decoded = decode([entry(1, request_of(good, message(9, b"abc") + message(10, b"x" * 9), b""))])
    assert decoded.bad_ids == 2
    assert decoded.batch.column("trace_id").to_list() == [b"t" * 16, b"", b""]
    assert decoded.batch.column("span_id").to_list() == [b"s" * 8, b"", b""]


def test_undecodable_entries_are_dead_letters_and_the_others_are_whole() -> None:
    """One or several bad ones at any place; order, positions and ids of the others don't change."""
    good = [entry(offset, request_of(message(3, b"%d" % offset), b"")) for offset in range(9)]
    whole = decode(good)
    for bad in ({0}, {8}, {3}, {0, 1, 2, 5, 8}, set(range(9))):
        mixed = [e._replace(body=b"\xff") if e.offset in bad else e for e in good]
        decoded = decode(mixed)
        assert [letter.entry for letter in decoded.dead_letters] == [e for e in mixed if e.offset in bad]
        assert all(letter.reason.startswith("undecodable: ") for letter in decoded.dead_letters)
        offsets = decoded.batch.payloads.get_column("offset").gather(decoded.batch.column("payload")).to_list()
        assert offsets == [e.offset for e in good if e.offset not in bad for _ in range(2)]
        kept = whole.batch.column("record_id").filter(whole.batch.column("payload").is_in(list(bad)).not_())
        assert decoded.batch.column("record_id").to_list() == kept.to_list()


def test_entries_without_records_are_no_trouble() -> None:
    """Alone, among others, and beside an undecodable one."""
    record = entry(2, request_of(b""))
    assert len(decode([]).batch) == 0
    assert len(decode([entry(1, b"")]).batch) == 0
    assert len(decode([entry(1, b""), record, entry(3, message(1, b""))]).batch) == 1
    decoded = decode([entry(1, b""), record, entry(3, b"\xff")])
    assert decoded.batch.payloads.get_column("offset").gather(decoded.batch.column("payload")).to_list() == [2]


def test_records_know_where_they_come_from() -> None:
    """Domain, receiver, journal, offset and receive time of their entry."""
    decoded = decode(
        [entry(4, request_of(b""), "a.example"), entry(5, request_of(b"", b""), "b.example", 1_700_000_000_001)]
    )
    assert decoded.batch.column("domain").to_list() == ["a.example", "b.example", "b.example"]
    assert decoded.batch.payloads.rows() == [
        ("a.example", "otlp", "0123456789abcdef", 4, 1_700_000_000_000),
        ("b.example", "otlp", "0123456789abcdef", 5, 1_700_000_000_001),
    ]
    assert decoded.batch.by_domain() == {"a.example": 1, "b.example": 2}


def test_record_ids_are_the_same_however_entries_are_grouped() -> None:
    """A replay that reads other lists of entries gives the same ids."""
    entries = [entry(offset, request_of(*[b""] * (offset % 4))) for offset in range(20)]
    together = decode(entries).batch.column("record_id").to_list()
    apart = [key for e in entries for key in decode([e]).batch.column("record_id").to_list()]
    assert together == apart
    assert len(set(together)) == len(together) == 30


def test_record_ids_are_26_crockford_characters_and_pinned() -> None:
    """The format is a promise to destinations that key on it: this very id must never change."""
    ids = decode([entry(7, request_of(*[b""] * 40))]).batch.column("record_id").to_list()
    assert all(len(key) == 26 and set(key) <= ALPHABET for key in ids)
    assert [key[21:] for key in ids[30:34]] == ["0000Y", "0000Z", "00010", "00011"]
    assert ids[0] == "01HF7YAT00SED9APQV0X700000"


def test_record_ids_sort_by_receive_time_and_row() -> None:
    """As text, which is how destinations sort."""
    times = [0, 1, 1_700_000_000_000, 1_700_000_000_001, (1 << 48) - 1]
    entries = [entry(9 - i, request_of(*[b""] * 3), received_unix_ms=ms) for i, ms in enumerate(times)]
    ids = decode(entries).batch.column("record_id").to_list()
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "change", [{"journal": "f" * 16}, {"domain": "b.example"}, {"offset": 8}, {"received_unix_ms": 1}]
)
def test_record_ids_differ_with_each_part_of_the_name(change: dict[str, Any]) -> None:
    """Journal, domain, offset and time all count."""
    one = entry(7, request_of(b""))
    ids = [decode([e]).batch.column("record_id").item() for e in (one, one._replace(**change))]
    assert ids[0][:21] != ids[1][:21]


def test_record_ids_of_a_payload_beyond_the_cached_rows() -> None:
    """More rows than are kept ready still get their own."""
    ids = record_ids([entry(1, b"")], np.zeros(70_000, dtype=np.uint32))
    assert ids.n_unique() == 70_000
    assert ids[69_999][21:] == "024BF"  # 2·32³ + 4·32² + 11·32 + 15


@settings(max_examples=examples(150))
@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_decoded_or_dead_lettered(body: bytes) -> None:
    """decode never raises, and what passes the door is never dead-lettered."""
    decoded = decode([entry(1, body)])
    try:
        shape = otlp_wire.inspect(body)
    except InvalidPayload:
        return
    assert not decoded.dead_letters
    assert len(decoded.batch) == shape.records


EDITS = st.lists(st.tuples(st.sampled_from("rid"), st.integers(0, 1 << 20), st.integers(0, 255)), max_size=3)


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(requests, EDITS)
def test_damaged_payloads_that_pass_the_door_mean_what_the_official_parser_says(
    request: Request, edits: list[tuple[str, int, int]]
) -> None:
    """Bytes replaced, inserted or deleted at random in valid payloads."""
    body = bytearray(request.SerializeToString())
    for action, place, value in edits:
        place %= len(body) + 1
        if action == "i":
            body.insert(place, value)
        elif place < len(body):
            body[place : place + 1] = bytes([value]) if action == "r" else b""
    decoded = decode([entry(1, bytes(body))])
    try:
        otlp_wire.inspect(bytes(body))
    except InvalidPayload:
        return
    assert not decoded.dead_letters
    if not decoded.bad_ids:
        as_sent = otlp_wire.decode_payloads([bytes(body)])  # without what the worker says of absent times
        assert same(otlp_wire.encode(as_sent), bytes(body))
