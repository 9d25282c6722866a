"""`value[key]…`, read and written (upstream: pkg/ottl/contexts/internal/value.go)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from collector.ottl.plain.kinds import EvaluationError, named

ABSENT: Any = object()
"""What an edit gives for a value that is to be taken out of its map."""


def index(value: Any, keys: Sequence[Any]) -> Any:
    """A missing key is nil, and so is what follows; a key that does not fit is an error."""
    for key in keys:
        if value is None:
            return None
        value = _item(value, key)
    return value


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise EvaluationError("unable to resolve a string index in map: invalid key type")
        return value.get(key)
    if isinstance(value, list):
        if type(key) is not int:
            raise EvaluationError("unable to resolve an integer index in slice: invalid key type")
        if not 0 <= key < len(value):
            raise EvaluationError(f"index {key} out of bounds")
        return value[key]
    raise EvaluationError(f"type {named(value)} does not support string indexing")


def updated(value: Any, keys: Sequence[Any], edit: Callable[[Any], Any]) -> Any:
    """The value with `edit(old)` in the place of what stands under `keys`; what was given is not changed. Missing maps and lists on the
    way are made; a list grows, with nil in between."""
    if not keys:
        return edit(value)
    key, rest = keys[0], keys[1:]
    if value is None:
        value = {} if isinstance(key, str) else []
    if isinstance(value, dict) and isinstance(key, str):
        new = updated(value.get(key), rest, edit)
        if new is ABSENT:
            return {name: item for name, item in value.items() if name != key}
        return value if new is value.get(key, ABSENT) else {**value, key: new}
    if isinstance(value, list) and type(key) is int:
        if key < 0:
            raise EvaluationError(f"index {key} out of bounds")
        grown = value + [None] * (key + 1 - len(value))
        new = updated(grown[key], rest, edit)
        grown[key] = None if new is ABSENT else new
        return grown
    raise EvaluationError(f"type {named(value)} does not support indexing with {key!r}")
