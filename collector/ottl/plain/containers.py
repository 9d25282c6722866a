"""Converters of maps and lists."""

from __future__ import annotations

from typing import Any

from collector.ottl.plain import getters
from collector.ottl.plain.comparing import same
from collector.ottl.plain.formatting import plain
from collector.ottl.plain.function import TARGET, ArgumentError, Constants, Parameter, Registry
from collector.ottl.plain.kinds import EvaluationError, named

COLLECTIONS = Registry()
_NUMBERS = (int, float)


@COLLECTIONS.add("Len", TARGET)
def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if type(value) in (list, dict, bytes):
        return len(value)
    raise EvaluationError(f"target arg must be of type string, map or slice, not {named(value)}")


def _order_known(constants: Constants) -> None:
    if constants.get("order", "asc") not in ("asc", "desc"):
        raise ArgumentError("order", f"invalid order {constants['order']!r}: asc or desc")


@COLLECTIONS.add("Sort", TARGET, Parameter("order", getters.string, optional=True, default="asc"), check=_order_known)
def _sort(value: Any, order: str) -> list[Any]:
    items = list(getters.sequence(value))
    kinds = {type(item) for item in items}
    if kinds <= set(_NUMBERS):
        ordered = sorted(items, key=float)
    elif kinds == {bool} or kinds == {str}:
        ordered = sorted(items, key=lambda item: item.encode() if isinstance(item, str) else item)
    elif kinds & {dict, list, bytes, type(None)}:
        raise EvaluationError("sort: maps, lists, bytes and nil have no order")
    else:
        ordered = sorted(items, key=lambda item: plain(item).encode())
    return ordered if order == "asc" else ordered[::-1]


@COLLECTIONS.add("Keys", Parameter("target", getters.mapping))
def _keys(value: dict[str, Any]) -> list[str]:
    return list(value)


@COLLECTIONS.add("Values", Parameter("target", getters.mapping))
def _values(value: dict[str, Any]) -> list[Any]:
    return list(value.values())


@COLLECTIONS.add("ContainsValue", Parameter("target", getters.sequence), Parameter("item"))
def _contains_value(items: list[Any], item: Any) -> bool:
    return any(same(one, item) for one in items)


@COLLECTIONS.add("Coalesce", Parameter("values", items=True))
def _coalesce(values: list[Any]) -> Any:
    return next((value for value in values if value is not None), None)


@COLLECTIONS.add(
    "SliceToMap",
    Parameter("target", getters.sequence),
    Parameter("keyPath", getters.string, optional=True, items=True),
    Parameter("valuePath", getters.string, optional=True, items=True),
)
def _slice_to_map(items: list[Any], key_path: list[str] | None, value_path: list[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, item in enumerate(items):
        key: Any = str(at)
        if key_path:
            key = _extracted(item, key_path, "could not extract key from element")
            if not isinstance(key, str):
                raise EvaluationError(f"element has key of type {named(key)}, not a string")
        found[key] = _extracted(item, value_path, "could not extract value from element") if value_path else item
    return found


def _extracted(item: Any, path: list[str], wrong: str) -> Any:
    for key in path:
        if not isinstance(item, dict):
            raise EvaluationError(f"{wrong}: no map")
        if key not in item:
            raise EvaluationError(f"{wrong}: provided object does not contain the path {path}")
        item = item[key]
    return item


@COLLECTIONS.add(
    "DeleteIndex",
    Parameter("target", getters.sequence),
    Parameter("startIndex", getters.integer),
    Parameter("endIndex", getters.integer, optional=True),
)
def _delete_index(items: list[Any], start: int, end: int | None) -> list[Any]:
    stop = start + 1 if end is None else end
    if not 0 <= start < len(items) or not start < stop <= len(items):
        raise EvaluationError(f"no items {start} to {stop} in a list of {len(items)}")
    return items[:start] + items[stop:]


def _delimiters_known(constants: Constants) -> None:
    delimiter, pairs = constants.get("delimiter", "="), constants.get("pairDelimiter", " ")
    if delimiter == "":
        raise ArgumentError("delimiter", "delimiter cannot be set to an empty string")
    if pairs == "":
        raise ArgumentError("pairDelimiter", "pair delimiter cannot be set to an empty string")
    if delimiter == pairs:
        raise ArgumentError("pairDelimiter", f"pair delimiter {pairs!r} cannot be equal to delimiter {delimiter!r}")


DELIMITERS = (
    Parameter("delimiter", getters.string, optional=True, default="="),
    Parameter("pairDelimiter", getters.string, optional=True, default=" "),
)


@COLLECTIONS.add(
    "ToKeyValueString",
    Parameter("target", getters.mapping),
    *DELIMITERS,
    Parameter("sortOutput", getters.boolean, optional=True, default=False),
    check=_delimiters_known,
)
def _to_key_value_string(value: dict[str, Any], delimiter: str, pairs: str, ordered: bool) -> str:
    keys = sorted(value) if ordered else list(value)
    return pairs.join(
        f"{_quoted(key, delimiter, pairs)}{delimiter}{_quoted(_shown(value[key]), delimiter, pairs)}" for key in keys
    )


def _shown(value: Any) -> str:
    return getters.text(value) or ""


def _quoted(text: str, delimiter: str, pairs: str) -> str:
    quoted = text.replace('"', '\\"')
    return f'"{quoted}"' if not text or delimiter in text or pairs in text else quoted


@COLLECTIONS.add("ParseKeyValue", Parameter("target", getters.string), *DELIMITERS, check=_delimiters_known)
def _parse_key_value(text: str, delimiter: str, pairs: str) -> dict[str, Any]:
    if not text:
        raise EvaluationError("cannot parse from empty target")
    found: dict[str, Any] = {}
    for pair in _pairs(text, pairs):
        key, between, value = pair.partition(delimiter)
        if not between:
            raise EvaluationError(
                f"failed to split pairs into key-values: cannot split {pair!r} into 2 items, got 1 item(s)"
            )
        found[_unquoted(key)] = _unquoted(value)
    return found


def _pairs(text: str, delimiter: str) -> list[str]:
    """Cut at the delimiter outside of quotes; what is between two delimiters and empty is left out."""
    found, start, quote, at = [], 0, "", 0
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif text.startswith(delimiter, at):
            found.append(text[start:at])
            at += len(delimiter)
            start = at
            continue
        at += 1
    if quote:
        raise EvaluationError("never reached the end of a quoted value")
    return [pair for pair in (one.strip() for one in (*found, text[start:])) if pair]


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
