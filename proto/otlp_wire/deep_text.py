"""Values of any depth as plain JSON text: what stands in the place of one that is nested too deeply to be kept.

Without recursion, so that no depth exhausts the stack; each part is looked at once.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Items:
    """An array of values that were not looked at yet."""

    values: list[Any]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A map of such values."""

    values: list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


def plain_json(value: Any, look: Callable[[Any], Any]) -> str:
    """JSON text of `value`; `look` tells what it is: `Items`, `Pairs`, or a scalar."""
    written: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is _Text:
            written.append(item.text)
            continue
        found = look(item)
        if type(found) is Items:
            parts = [part for value in found.values for part in (_Text(","), value)]
            waiting += [_Text("]"), *reversed(parts[1:]), _Text("[")]
        elif type(found) is Pairs:
            parts = [part for key, value in found.values for part in (_Text("," + json.dumps(key) + ":"), value)]
            if parts:
                parts[0] = _Text(parts[0].text[1:])
            waiting += [_Text("}"), *reversed(parts), _Text("{")]
        else:
            written.append(_scalar(found))
    return "".join(written)


def _scalar(value: Any) -> str:
    if isinstance(value, bytes):
        return f'"{b64encode(value).decode()}"'
    if isinstance(value, float) and not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    return json.dumps(value if isinstance(value, str | int | float | bool) else None, ensure_ascii=False)
