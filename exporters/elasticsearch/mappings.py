"""The types of the fields of documents, for the index template."""

from __future__ import annotations

from typing import Any

from collector.documents.ecs.schema import FIELDS, Kind
from exporters.elasticsearch.config import Mapping

_WORDS: dict[str, Any] = {"type": "keyword", "ignore_above": 1024}
_COUNT: dict[str, Any] = {"type": "long"}
_PROSE = frozenset({"message", "error.message"})
_TIME: dict[str, Any] = {"type": "date_nanos", "format": "strict_date_optional_time_nanos||epoch_millis"}
_OF_KIND: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: _WORDS,
    Kind.INTEGER: _COUNT,
    Kind.NUMBER: {"type": "float"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.ADDRESS: {"type": "ip"},
    Kind.DATE: _TIME,
}


def mappings(mapping: Mapping, opensearch: bool) -> dict[str, Any]:
    """Few fields, whatever attributes come: those of `otel` are one flattened field an object, and so are the labels of
    documents for Elastic Security."""
    strings: dict[str, Any] = {"strings": {"match_mapping_type": "string", "mapping": _WORDS}}
    flattened = {"type": "flat_object" if opensearch else "flattened"}
    properties: dict[str, Any] = {}
    if mapping.mode == "otel":
        properties = _otel_properties(flattened)
    elif mapping.mode == "ecs" and mapping.security:
        properties = _ecs_properties(flattened)
    return {"dynamic_templates": [strings], "properties": {**properties, "@timestamp": _TIME}}


def _otel_properties(flattened: dict[str, Any]) -> dict[str, Any]:
    own = {"attributes": flattened, "schema_url": _WORDS, "dropped_attributes_count": _COUNT}
    return {
        "observed_timestamp": _TIME,
        "data_stream": {"properties": dict.fromkeys(("type", "dataset", "namespace"), _WORDS)},
        **dict.fromkeys(("severity_text", "trace_id", "span_id", "event_name"), _WORDS),
        **dict.fromkeys(("severity_number", "dropped_attributes_count"), _COUNT),
        "attributes": flattened,
        "resource": {"properties": own},
        "scope": {"properties": {**own, "name": _WORDS, "version": _WORDS}},
        "body": {"properties": {"text": {"type": "text"}, "structured": flattened}},
    }


def _ecs_properties(flattened: dict[str, Any]) -> dict[str, Any]:
    """Each field with its own type: an address that is mapped as text finds no network."""
    properties: dict[str, Any] = {"labels": flattened}
    for name, kind in FIELDS.items():
        *parents, last = name.split(".")
        at = properties
        for parent in parents:
            at = at.setdefault(parent, {"properties": {}})["properties"]
        at[last] = {"type": "text"} if name in _PROSE else _OF_KIND[kind]
    return properties
