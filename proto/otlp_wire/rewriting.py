"""Single AnyValues with some of what they hold replaced. Meant for distinct values.

The message is changed in place, so repeated keys, which a Python dict cannot hold, are all seen; fields that OTLP does
not know are left out, for they could hold anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from otlp_wire.messages import AnyValue, DecodeError

_LONGEST_PATH = 256  # characters; so that a hostile value cannot make paths out of its own size
Scalar = str | bool | int | float | bytes | None


KEEP = object()
"""What `hide` says of a value that may stay under its key."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What to replace.

    Args:
        named: whether a key of a map is to be hidden.
        reached: the same for the key behind those above it (`user.email`, `request.user.email`), down to the
            attribute's; None = paths do not matter.
        hide: the text in place of the value of such a key (maps and arrays come serialised); None leaves the pair out, `KEEP` looks into it.
        text: what becomes of any other string under a key; None leaves its pair out (in an array it is empty).
        number: a text in place of a number under a key; None: it stays.
        key: what becomes of the key of a pair.
    """

    named: Callable[[str], bool]
    reached: Callable[[str], bool] | None
    hide: Callable[[str, Scalar], str | object | None]
    text: Callable[[str, str], str | None]
    number: Callable[[str, int | float], str | None] | None = None
    key: Callable[[str], str] | None = None


def rewritten(data: bytes, path: str, rewriting: Rewriting) -> bytes:
    """The serialised AnyValue `data`, which stands at `path` (`""`: a body), with the replacements made.

    What is no AnyValue is hidden whole; it is empty when `hide` leaves things out.
    """
    value = AnyValue()
    try:
        value.ParseFromString(data)
    except DecodeError:
        return bytes(AnyValue(string_value=_text(rewriting.hide(path, data))).SerializeToString())
    value.DiscardUnknownFields()
    _walk(value, [path] if path else [], rewriting)
    return bytes(value.SerializeToString())


def _text(hidden: str | object | None) -> str:
    return hidden if isinstance(hidden, str) else ""


def _walk(value: Any, above: list[str], rewriting: Rewriting) -> bool:
    """Whether it stays. `above`: the last keys on the way here, the last two, and so on, joined by dots."""
    member = value.WhichOneof("value")
    key = above[0] if above else ""
    if member == "string_value":
        text = rewriting.text(key, value.string_value)
        value.string_value = text or ""
        return text is not None
    if member in ("int_value", "double_value") and rewriting.number is not None:
        if (text := rewriting.number(key, getattr(value, member))) is not None:
            value.string_value = text
    elif member == "array_value":
        for item in value.array_value.values:
            _walk(item, above, rewriting)
    elif member == "kvlist_value":
        _walk_pairs(value.kvlist_value.values, above, rewriting)
    return True


def _walk_pairs(pairs: Any, above: list[str], rewriting: Rewriting) -> None:
    kept = [pair for pair in pairs if _stays(pair, above, rewriting)]
    if len(kept) < len(pairs):
        kept = [type(pair).FromString(pair.SerializeToString()) for pair in kept]
        del pairs[:]
        pairs.extend(kept)


def _stays(pair: Any, above: list[str], rewriting: Rewriting) -> bool:
    key, reached = pair.key, rewriting.reached
    paths = [f"{path}.{key}" for path in above if len(path) <= _LONGEST_PATH] if reached else []
    if rewriting.key is not None:
        pair.key = rewriting.key(key)
    if rewriting.named(key) or (reached and any(map(reached, paths))):
        hidden = rewriting.hide(key, _scalar(pair.value))
        if hidden is not KEEP:
            pair.value.Clear()
            pair.value.string_value = _text(hidden)
            return hidden is not None
    return _walk(pair.value, [key, *paths], rewriting)


def _scalar(value: Any) -> Scalar:
    member = value.WhichOneof("value")
    if member in ("array_value", "kvlist_value"):
        return bytes(value.SerializeToString())
    found: Scalar = getattr(value, member) if member else None
    return found
