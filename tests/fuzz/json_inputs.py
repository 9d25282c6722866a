"""Requests damaged as OTLP JSON: values of wrong kinds, hostile numbers and texts, members twice, and broken text."""

from __future__ import annotations

import json
import random
from typing import Any

from fuzz import seeds

RAW = [
    '"\\ud83d"', '"\\udc00x"', "1e400", "-1", "1e3", "NaN", "null", "true", '"2025-11-29T10:11:12Z"', '"0"', "{}", "[]", '""',
    '"zz"', '"AAAAAAAAAAAAAAAAAAAAAA=="', '{"stringValue":"a","intValue":"1"}', '{"stringValue":null}', "18446744073709551616",
    '{"arrayValue":{"values":[null]}}', "[null]", '"\\u0000"', "-0", "0.1", "1" * 400, '{"unknown":{"a":[1,{}]}}', '"7.0"',
    '{"bytesValue":"####"}', '{"kvlistValue":{"values":[{"key":1}]}}', '{"boolValue":"true"}', '{"doubleValue":"Infinity"}',
]  # fmt: skip
"""JSON texts that stand where others stood."""


class _Raw(str):
    """A text that is written as it is."""


def deep(rng: random.Random) -> _Raw:
    """A value that is nested deeply."""
    levels = rng.choice([10, 31, 32, 33, 64, 100, 500])
    return _Raw('{"arrayValue":{"values":[' * levels + '{"stringValue":"leaf"}' + "]}}" * levels)


def raw(rng: random.Random) -> _Raw:
    """A JSON text that stands where another stood."""
    return _Raw(rng.choice(RAW))


def places(value: Any) -> list[tuple[Any, Any]]:
    """(owner, key) of each value in the tree."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        found.append((value, key))
        found += places(child)
    return found


def text(value: Any, twice: float, rng: random.Random) -> str:
    """JSON, with some members twice."""
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, dict):
        members = [f"{json.dumps(key)}:{text(child, twice, rng)}" for key, child in value.items()]
        members += [rng.choice(members)] if members and rng.random() < twice else []
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(text(child, twice, rng) for child in value) + "]"
    return json.dumps(value)


def make(rng: random.Random) -> bytes:
    """One input."""
    document = json.loads(seeds.json_text(rng))
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        found = places(document)
        if not found:
            break
        owner, key = rng.choice(found)
        action = rng.randrange(6)
        if action == 0 and isinstance(owner, dict):
            owner[rng.choice(["a", "body", "traceId", "timeUnixNano", "attributes", "resource"])] = owner.pop(key)
        elif action == 1:
            owner[key] = deep(rng)
        else:
            owner[key] = raw(rng)
    body = bytearray(text(document, rng.choice([0.0, 0.1]), rng), "utf-8")
    if rng.random() < 0.15 and body:
        body[rng.randrange(len(body))] = rng.getrandbits(8)
    if rng.random() < 0.05:
        del body[rng.randrange(len(body) + 1) :]
    return bytes(body)
