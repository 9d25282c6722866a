"""OTLP JSON and proto3's own JSON mapping differ in the ids: hexadecimal there, base64 here."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import orjson

_IDS = ("traceId", "spanId")


def as_otlp_json(document: Any) -> bytes:
    """A document of google.protobuf.json_format as OTLP JSON."""
    return orjson.dumps(_with_ids(document, lambda text: b64decode(text).hex()))


def as_proto_json(body: bytes) -> Any:
    """OTLP JSON as a document that google.protobuf.json_format reads."""
    return _with_ids(orjson.loads(body), lambda text: b64encode(bytes.fromhex(text)).decode())


def _with_ids(document: Any, change: Callable[[str], str]) -> Any:
    if isinstance(document, list):
        return [_with_ids(item, change) for item in document]
    if isinstance(document, dict):
        return {
            key: change(value) if key in _IDS and isinstance(value, str) else _with_ids(value, change)
            for key, value in document.items()
        }
    return document
