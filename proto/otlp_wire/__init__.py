"""OTLP on the wire, and nothing else: the only code that touches protobuf.

    inspect(body)            is it valid, and how much is in it          (upb, at the door)
    json_to_protobuf(body)   OTLP JSON → the same request in protobuf    (at the door)
    cut(body, first, count)  some of the records of a payload, as a payload
    decode_payloads(bodies)  payloads → one LogBatch                     (ptars, columns)
    encode(batch)            LogBatch → one ExportLogsServiceRequest     (ptars, columns)
    encode_json(batch)       LogBatch → the same as OTLP JSON
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
    from otlp_wire.json_reading import json_to_protobuf as json_to_protobuf
    from otlp_wire.json_writing import encode_json as encode_json
    from otlp_wire.rewriting import rewritten as rewritten

_HOMES = {
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
    "json_to_protobuf": "json_reading",
    "read_payloads": "decoding",
    "rewritten": "rewriting",
}

__all__ = [
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
    "read_payloads",
    "rewritten",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'otlp_wire' has no attribute {name!r}")
    value = getattr(import_module(f"otlp_wire.{home}"), name)
    globals()[name] = value
    return value
