"""The records that are sent: each is known again by its time, whatever is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from otlp_wire import json_to_protobuf

_BEGAN = 1_767_225_600_000_000_000
_STEP = 1_000_000_007
_SHOP = {
    "service.name": "shop", "service.namespace": "store", "cloud.region": "eu-central-1", "process.pid": 4711,
    "process.command_line": "shop --password=hunter2 --port 80", "k8s.pod.name": "shop-7d9", "telemetry.sdk.language": "python",
}  # fmt: skip
_PAY = {
    "service.name": "pay",
    "deployment.environment": "staging",
    "host.name": "h1",
    "kafka.cluster.name": "k",
    "os.type": "linux",
}
_BARE: Mapping[str, Any] = {}
_REQUEST = {
    "http.route": "/cart/{id}", "http.target": "/user/12345/list/777", "http.status_code": "404", "http.method": "GET",
    "url.full": "https://u:p@shop.example:8443/account/1234/x?token=abc&q=1#f", "client.address": "10.1.2.3", "duration_ms": 12.5, "retry": True,
}  # fmt: skip
_JSON = '{"level":"error","msg":"payment declined","code":402,"ratio":0.5,"user":{"id":"u1","email":"ann@example.com"},"tags":["a","b"],"none":null}'

Said = tuple[str, int, str, Any, Mapping[str, Any]]
"""Name, severity number and text, body, attributes."""

GROUPS: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Sequence[Said]]] = (
    (_SHOP, {"name": "shop.http", "version": "1.2", "attributes": {"lib": "flask"}}, (
        ("trace", 1, "TRACE", "entering checkout", {}),
        ("debug", 5, "DEBUG", "cache miss for key user:12345", {"cache.key": "user:12345"}),
        ("health", 9, "INFO", "GET /healthz 200", {"http.route": "/healthz", "http.status_code": 200}),
        ("request", 9, "info", "request done", _REQUEST),
        ("request failed", 17, "Error", "request failed", {**_REQUEST, "http.status_code": 500, "exception.type": "ValueError"}),
        ("password", 9, "INFO", "user logged in with password=hunter2 from 10.1.2.3", {"account_password": "hunter2", "user.name": "ann"}),
        ("accounts", 13, "WARN", "see /account/1234 and /account/9999", {"first": "/account/1234", "second": "/account/9999/x", "many": 7}),
        ("database", 13, "WARNING", "slow query", {"db.table": "orders", "db.statement": "SELECT * FROM orders WHERE id = 5", "key_original": "kept", "copy_key": "old"}),
        ("email", 9, "", "mail sent", {"account_email": "ann@example.com", "account_id": 1, "redacted_span": False}),
    )),
    (_PAY, {"name": "pay"}, (
        ("json", 0, "", _JSON, {"log.file.name": "pay.json"}),
        ("json with spaces", 0, "", '  {"level": "warn", "msg": "retry"}  ', {}),
        ("broken json", 0, "", '{"level":"info","msg":', {}),
        ("json list", 0, "", "[1,2,3]", {}),
        ("map", 17, "ERROR", {"message": "declined", "card": "4111 1111 1111 1111", "nested": {"a": 1, "b": [1, "x"]}}, {"k8s.namespace.name": "pay", "k8s.deployment.name": "api"}),
        ("list", 9, "INFO", ["a", 1, 2.5, True], {"k8s.namespace.name": "pay"}),
        ("number", 9, "INFO", 42, {"k8s.namespace.name": "pay", "k8s.deployment.name": "api"}),
        ("fraction", 9, "INFO", 0.1, {}),
        ("truth", 9, "INFO", True, {}),
        ("logfmt", 9, "INFO", 'level=warn ts=2026-01-01T00:00:00Z msg="disk almost full" used=0.93', {}),
        ("key value", 9, "INFO", "user=ann, action=login, result=ok", {}),
        ("combined", 9, "INFO", '127.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326', {}),
        ("kinds", 9, "INFO", "kinds", {"text": "x", "int": -5, "double": 1e21, "true": True, "map": {"a": {"b": 1}}, "list": [1, "2"], "empty": ""}),
        ("texts of numbers", 9, "INFO", "1234", {"int.text": "42", "double.text": "4.5", "bad.text": "x4", "hex": "0xff", "spaced": " 7 "}),
    )),
    (_BARE, {}, (
        ("no body", 9, "INFO", None, {}),
        ("empty body", 9, "INFO", "", {"only": "attribute"}),
        ("unicode", 9, "INFO", "Grüße aus Köln: 你好 🚀", {"ключ": "значение", "http.route": "/ü"}),
        ("lines", 17, "ERROR", "Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: x", {"exception.type": "ValueError", "exception.message": "x"}),
        ("long", 9, "INFO", "x" * 300, {"long": "y" * 300}),
        ("dollar", 9, "INFO", "costs $5 or ${6} and 100%", {"price": "$5"}),
        ("fatal", 21, "FATAL", "out of memory", {"loki.tenant": "other", "deployment.environment": "dev"}),
        ("unspecified", 0, "", "nothing is said of severity", {"service.name": "from the record", "environment": "e"}),
        ("fine severity", 20, "error4", "fine", {"com.splunk.index": "main", "container.name": "app_container_1"}),
    )),
    ({**_SHOP, "service.name": "unknown_service:java", "service.instance.id": "i-1"}, {"name": "shop.http", "version": "1.2"}, (
        ("unknown service", 13, "WARN", "2026-01-01 10:00:00,123 WARN [main] c.e.Shop - stock low", {"thread.name": "main", "code.function.name": "Shop.stock"}),
        ("repeated", 13, "WARN", "stock low", {"sku": "a-1", "http.request.header.authorization": "Bearer abc"}),
        ("repeated again", 13, "WARN", "stock low", {"sku": "a-1", "http.request.header.authorization": "Bearer abc"}),
    )),
)  # fmt: skip

NAMES = {
    _BEGAN + at * _STEP: name
    for at, name in enumerate(name for _, _, records in GROUPS for name, *_ in records)
}  # fmt: skip
"""Time of a record → what it is called."""
_TIMES = {name: time for time, name in NAMES.items()}
assert len(_TIMES) == len(NAMES), "two records have one name"


def requests() -> list[bytes]:
    """OTLP requests, protobuf: one with all groups but the last, one with that."""
    groups = [_group(*each) for each in GROUPS]
    return [json_to_protobuf(orjson.dumps({"resourceLogs": part})) for part in (groups[:-1], groups[-1:])]


def _group(resource: Mapping[str, Any], scope: Mapping[str, Any], records: Sequence[Said]) -> dict[str, Any]:
    written = {**scope, "attributes": _pairs(scope.get("attributes", {}))}
    return {
        "resource": {"attributes": _pairs(resource)},
        "schemaUrl": "https://opentelemetry.io/schemas/1.27.0" if resource else "",
        "scopeLogs": [{"scope": written, "logRecords": [_record(*each) for each in records]}],
    }


def _record(name: str, number: int, text: str, body: Any, attributes: Mapping[str, Any]) -> dict[str, Any]:
    time = _TIMES[name]
    return {
        "timeUnixNano": str(time), "observedTimeUnixNano": str(time + 5), "severityNumber": number, "severityText": text,
        "attributes": _pairs(attributes), **({} if body is None else {"body": _any(body)}),
        "traceId": f"{time:032x}", "spanId": f"{time % 2**63:016x}", "flags": 1,
    }  # fmt: skip


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any(value)} for key, value in values.items()]


def _any(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case Mapping():
            return {"kvlistValue": {"values": _pairs(value)}}
        case list():
            return {"arrayValue": {"values": [_any(item) for item in value]}}
        case _:
            return {"stringValue": value}
