"""What a store says of anomalies: their events, one subject after the other, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from collector.store.reading import Rows

Ask = Callable[[str], Rows]
_FRONT = "logboom.anomaly."
_MOST = 20_000
"""Events, the newest, that are looked at."""


def listed(ask: Ask, since_unix_nano: int, *, pages: bool = False, most: int = 50) -> list[dict[str, Any]]:
    """Anomalies with an event since then, the newest first: of each what the last event says, and when it was told first.

    Args:
        pages: those alone that called somebody.
    """
    found: dict[tuple[object, object], dict[str, Any]] = {}
    for domain, record_id, at, kind, text, attributes in ask(_statement(since_unix_nano)).values:
        said = orjson.loads(str(attributes))
        key = (domain, said.get(f"{_FRONT}key"))
        newest = found.setdefault(key, _told(domain, record_id, at, kind, text, said))
        newest["page"] = newest["page"] or bool(said.get(f"{_FRONT}page"))
        newest["events"] += 1
    some = [each for each in found.values() if each["page"] or not pages]
    return some[:most]


def _statement(since_unix_nano: int) -> str:
    return f"""SELECT domain, record_id, time_unix_nano, event_name, body, attributes FROM logs
WHERE generation IS NOT NULL AND time_unix_nano >= {int(since_unix_nano)}
    AND event_name >= '{_FRONT}' AND event_name < 'logboom.anomaly/'
ORDER BY time_unix_nano DESC LIMIT {_MOST}"""  # noqa: S608 - a number and constants


def _told(
    domain: object, record_id: object, at: object, kind: object, text: object, said: Mapping[str, Any]
) -> dict[str, Any]:
    own = {name.removeprefix(_FRONT): value for name, value in said.items() if name.startswith(_FRONT)}
    about = {
        "service": said.get("service.name"), "environment": said.get("deployment.environment.name"),
        "pattern_id": said.get("logboom.pattern.id"), "template": said.get("logboom.pattern.template"),
    }  # fmt: skip
    return {
        "domain": domain, "kind": str(kind).removeprefix(_FRONT), **about, **own, "page": False, "events": 0,
        "time_unix_nano": at, "record_id": record_id, "text": text,
    }  # fmt: skip
