"""Which alerts a server holds for going on. A message that says that one of them is over may have been overtaken by a newer one, which does not show it: what
is remembered and not shown any more is over.

It is remembered with the message, as long as it fits; what does not ends after `lasts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from collector.notices.messenger import Names

_TOLD = "told"
_MOST_BYTES = 3000

Posted = Mapping[str, Any]
"""As it is posted: `labels`, `startsAt`, `endsAt`, …"""


def remembered(names: Names) -> Sequence[Posted]:
    """What was told to go on, with its labels and its beginning."""
    try:
        found = orjson.loads(names.get(_TOLD, "[]"))
        return [{"labels": dict(labels), "annotations": {}, "startsAt": str(starts)} for labels, starts in found]
    except (ValueError, TypeError):
        return []


def memory_of(said: Sequence[Posted], now: str) -> Names:
    """Of what goes on now."""
    kept: list[Any] = []
    for one in said:
        if one["endsAt"] > now:
            more = [*kept, [one["labels"], one["startsAt"]]]
            if len(orjson.dumps(more)) > _MOST_BYTES:
                break
            kept = more
    return {_TOLD: orjson.dumps(kept).decode()}


def over(before: Sequence[Posted], said: Sequence[Posted], now: str) -> list[Posted]:
    """What was told to go on, and is not in this message: it is over by now."""
    shown = [one["labels"] for one in said]
    return [{**one, "endsAt": max(now, one["startsAt"])} for one in before if one["labels"] not in shown]
