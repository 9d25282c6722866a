"""OTLP on the wire: the only code that touches protobuf.

    receive_protobuf(body)   what is taken of a request: valid protobuf, put right where one value was wrong (at the door)
    receive_json(body)       the same of OTLP JSON                       (at the door)
    inspect(body)            is it valid as it stands, and how much is in it  (upb)
    marked(received, …)      the same with attributes of ours on each record
    cut(body, first, count)  some of the records of a payload, as a payload
    tells_times(body)        does every record say when it was           (in the worker, of what came twice)
    decode_payloads(bodies)  payloads → one LogBatch                     (ptars, columns)
    encode(batch)            LogBatch → one ExportLogsServiceRequest     (ptars, columns)
    encode_json(batch)       LogBatch → the same as OTLP JSON
    record_writing           plain values → the wire format, field by field  (at the door, of other shapes)
    read_push(body)          Loki's push in protobuf → plain values
    any_json(values)         serialised AnyValues → plain JSON text, for stores

Names load when they are first used: a process that only receives never imports polars.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otlp_wire.anyvalue import any_from_python as any_from_python
    from otlp_wire.anyvalue import any_json as any_json
    from otlp_wire.anyvalue import any_to_python as any_to_python
    from otlp_wire.cutting import cut as cut
    from otlp_wire.decoding import Undecodable as Undecodable
    from otlp_wire.decoding import canonical as canonical
    from otlp_wire.decoding import decode_payloads as decode_payloads
    from otlp_wire.decoding import read_payloads as read_payloads
    from otlp_wire.encoding import encode as encode
    from otlp_wire.inspection import Shape as Shape
    from otlp_wire.inspection import inspect as inspect
    from otlp_wire.inspection import severities as severities
    from otlp_wire.inspection import tells_times as tells_times
    from otlp_wire.json_repair import read_json_text as read_json_text
    from otlp_wire.json_writing import encode_json as encode_json
    from otlp_wire.loki_push import read_push as read_push
    from otlp_wire.marking import marked as marked
    from otlp_wire.marking import of_resources as of_resources
    from otlp_wire.receiving import Received as Received
    from otlp_wire.receiving import json_to_protobuf as json_to_protobuf
    from otlp_wire.receiving import receive_json as receive_json
    from otlp_wire.receiving import receive_protobuf as receive_protobuf
    from otlp_wire.repairs import Repairs as Repairs
    from otlp_wire.rewriting import rewritten as rewritten

_HOMES = {
    "Received": "receiving",
    "Repairs": "repairs",
    "Shape": "inspection",
    "Undecodable": "decoding",
    "any_from_python": "anyvalue",
    "any_json": "anyvalue",
    "any_to_python": "anyvalue",
    "canonical": "decoding",
    "cut": "cutting",
    "decode_payloads": "decoding",
    "encode": "encoding",
    "encode_json": "json_writing",
    "inspect": "inspection",
    "json_to_protobuf": "receiving",
    "marked": "marking",
    "of_resources": "marking",
    "read_json_text": "json_repair",
    "read_payloads": "decoding",
    "read_push": "loki_push",
    "receive_json": "receiving",
    "receive_protobuf": "receiving",
    "rewritten": "rewriting",
    "severities": "inspection",
    "tells_times": "inspection",
}

__all__ = [
    "Received",
    "Repairs",
    "Shape",
    "Undecodable",
    "any_from_python",
    "any_json",
    "any_to_python",
    "canonical",
    "cut",
    "decode_payloads",
    "encode",
    "encode_json",
    "inspect",
    "json_to_protobuf",
    "read_json_text",
    "read_payloads",
    "read_push",
    "receive_json",
    "receive_protobuf",
    "rewritten",
    "severities",
    "tells_times",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'otlp_wire' has no attribute {name!r}")
    value = getattr(import_module(f"otlp_wire.{home}"), name)
    globals()[name] = value
    return value
