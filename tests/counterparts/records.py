"""OTLP/JSON requests as plain records, so that two of them can be compared: order of attributes, defaults and ids' case do not count."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def records_of(request: Object | None) -> list[Object]:
    """Each record with what its resource and scope say; times of observation are left out: a receiver fills them in."""
    return [
        {**_resource(resource), **_scope(scope), **_record(record)}
        for resource in (request or {}).get("resourceLogs", [])
        for scope in resource.get("scopeLogs", [])
        for record in scope.get("logRecords", [])
    ]


def _resource(resource: Object) -> Object:
    own = resource.get("resource", {})
    return {
        "resource": attributes_of(own.get("attributes")),
        "resource.dropped": own.get("droppedAttributesCount", 0),
        "resource.schema_url": resource.get("schemaUrl", ""),
    }


def _scope(scope: Object) -> Object:
    own = scope.get("scope", {})
    return {
        "scope": (own.get("name", ""), own.get("version", "")),
        "scope.attributes": attributes_of(own.get("attributes")),
        "scope.dropped": own.get("droppedAttributesCount", 0),
        "scope.schema_url": scope.get("schemaUrl", ""),
    }


def _record(record: Object) -> Object:
    return {
        "attributes": attributes_of(record.get("attributes")),
        "body": value_of(record.get("body")),
        "time": int(record.get("timeUnixNano", 0)),
        "severity": (record.get("severityNumber", 0), record.get("severityText", "")),
        "flags": record.get("flags", 0),
        "dropped": record.get("droppedAttributesCount", 0),
        "event_name": record.get("eventName", ""),
        "ids": tuple(record.get(name, "").lower().strip("0") for name in ("traceId", "spanId")),
    }


def attributes_of(items: list[Object] | None) -> Object:
    """Key → value, typed as `value_of` says."""
    return {item["key"]: value_of(item.get("value")) for item in items or []}


def value_of(value: Object | None) -> Any:
    """A value with its kind, for 1, 1.0 and true are three things; None for an empty one."""
    if not value:
        return None
    kind, inner = next(iter(value.items()))
    match kind:
        case "kvlistValue":
            return {pair["key"]: value_of(pair.get("value")) for pair in inner.get("values", [])}
        case "arrayValue":
            return [value_of(item) for item in inner.get("values", [])]
        case "intValue":
            return kind, int(inner)
        case "doubleValue":
            return kind, str(float(inner))
        case _:
            return kind, inner
