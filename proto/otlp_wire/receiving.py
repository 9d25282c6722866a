"""A request at the door: what is taken of it, how much that is, and what had to be put right.

The parser's check comes first; only what it refuses is looked at closely, value by value. A parser's objects
take many times the bytes of a hostile payload, so payloads over 1 MiB are read one at a time, and nothing of a parsed message
outlives the call.
"""

from __future__ import annotations

from typing import NamedTuple

from collector.errors import InvalidPayload
from otlp_wire.inspection import Shape, byte_gate, inspect
from otlp_wire.json_reading import read_json
from otlp_wire.protobuf_repair import repaired
from otlp_wire.repairs import Repairs

_AS_SENT = Repairs()


class Received(NamedTuple):
    """What is taken of a request: `body` is valid protobuf; it holds `records` records, and `groups` resources and scopes."""

    body: bytes
    records: int
    groups: int
    repairs: Repairs


def receive_protobuf(body: bytes) -> Received:
    """An ExportLogsServiceRequest, as it is or put right.

    Raises:
        InvalidPayload: no such request; the reason never quotes it.
        TooLarge: more resources and scopes, or more records, than `inspect` lets in.
    """
    try:
        records, resources, scopes = inspect(body)
        return Received(body, records, resources + scopes, _AS_SENT)
    except InvalidPayload as invalid:
        repairs = Repairs()
        with byte_gate(len(body)):
            mended = repaired(body, repairs)
        if mended == body:
            raise invalid from None
        return _received("protobuf", mended, inspect(mended), repairs)


def receive_json(body: bytes) -> Received:
    """The same of OTLP JSON. Raises the same, and names the place in the text."""
    repairs = Repairs()
    with byte_gate(len(body)):
        request = read_json(body, repairs)
        protobuf = bytes(request.SerializeToString())
        del request
    return _received("OTLP JSON", protobuf, inspect(protobuf), repairs)


def json_to_protobuf(body: bytes) -> bytes:
    """The same request in protobuf, for documents of our own. Raises `InvalidPayload` also for a single wrong value."""
    received = receive_json(body)
    if received.repairs.counts:
        raise InvalidPayload(f"invalid OTLP JSON: {received.repairs.message()}")
    return received.body


def _received(kind: str, body: bytes, shape: Shape, repairs: Repairs) -> Received:
    if repairs.counts and not shape.records and not repairs.rejected:  # no record in it, and something that is wrong
        raise InvalidPayload(f"invalid {kind}: {repairs.message()}")
    return Received(body, shape.records, shape.groups, repairs)
