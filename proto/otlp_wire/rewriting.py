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


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What to replace.

    Args:
        named: whether a key of a map is to be hidden.
        reached: the same for the key behind those above it (`user.email`, `request.user.email`), down to the
            attribute's; None = paths do not matter.
        hide: the text in place of a value with such a key (maps and arrays come serialised); None leaves the pair out.
        text: what becomes of any other string.
    """

    named: Callable[[str], bool]
    reached: Callable[[str], bool] | None
    hide: Callable[[Scalar], str | None]
    text: Callable[[str], str]


def rewritten(data: bytes, path: str, rewriting: Rewriting) -> bytes:
    """The serialised AnyValue `data`, which stands at `path` (`""`: a body), with the replacements made.

    What is no AnyValue is hidden whole; it is empty when `hide` leaves things out.
    """
    value = AnyValue()
    try:
        value.ParseFromString(data)
    except DecodeError:
        return bytes(AnyValue(string_value=rewriting.hide(data) or "").SerializeToString())
    value.DiscardUnknownFields()
    _walk(value, [path] if path else [], rewriting)
    return bytes(value.SerializeToString())


def _walk(value: Any, above: list[str], rewriting: Rewriting) -> None:
    """`above`: the last keys on the way here, the last two, and so on, joined by dots."""
    member = value.WhichOneof("value")
    if member == "string_value":
        value.string_value = rewriting.text(value.string_value)
    elif member == "array_value":
        for item in value.array_value.values:
            _walk(item, above, rewriting)
    elif member == "kvlist_value":
        _walk_pairs(value.kvlist_value.values, above, rewriting)


def _walk_pairs(pairs: Any, above: list[str], rewriting: Rewriting) -> None:
    kept, named, reached = [], rewriting.named, rewriting.reached
    for pair in pairs:
        key = pair.key
        paths = [f"{path}.{key}" for path in above if len(path) <= _LONGEST_PATH] if reached else []
        if not (named(key) or (reached and any(map(reached, paths)))):
            _walk(pair.value, [key, *paths], rewriting)
        elif (text := rewriting.hide(_scalar(pair.value))) is None:
            continue
        else:
            pair.value.Clear()
            pair.value.string_value = text
        kept.append(pair)
    if len(kept) < len(pairs):
        kept = [type(pair).FromString(pair.SerializeToString()) for pair in kept]
        del pairs[:]
        pairs.extend(kept)


def _scalar(value: Any) -> Scalar:
    member = value.WhichOneof("value")
    if member in ("array_value", "kvlist_value"):
        return bytes(value.SerializeToString())
    found: Scalar = getattr(value, member) if member else None
    return found
