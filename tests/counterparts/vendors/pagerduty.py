"""PagerDuty's Events API v2: incidents by key.

Source: PagerDuty, "Send an alert event".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

KEY = "R0UTINGs3cret"


def problems(event: dict[str, Any], size: int) -> Iterator[str]:
    """What PagerDuty refuses of an event."""
    if size > 512_000:
        yield "larger than 512 KB"
    if not 1 <= len(event.get("dedup_key", "")) <= 255:
        yield "dedup_key"
    if event["event_action"] not in ("trigger", "acknowledge", "resolve"):
        yield "event_action"
    payload = event.get("payload", {})
    if event["event_action"] == "trigger":
        if not 1 <= len(payload.get("summary", "")) <= 1024 or not payload.get("source"):
            yield "summary, source"
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            yield "severity"


@dataclass
class PagerDuty(Vendor):
    """`incidents`: key → the last event, with `open`. `refuses`: how many of the next events it takes for invalid."""

    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggered: int = 0
    refuses: int = 0

    def act(self, asked: Asked) -> HttpAnswer:
        event = asked.json
        wrong = list(problems(event, len(asked.body))) + ["refused"] * (self.refuses > 0)
        self.refuses -= 1
        if asked.path != "/v2/enqueue" or event["routing_key"] != KEY or wrong:
            return said({"status": "invalid event", "message": "Event object is invalid", "errors": wrong}, 400)
        key, opens = event["dedup_key"], event["event_action"] == "trigger"
        before = self.incidents.get(key)
        if opens:
            self.triggered += before is None or not before["open"]
            self.incidents[key] = {**event, "open": True}
        elif before is not None:
            done = {"open": False} if event["event_action"] == "resolve" else {"acknowledged": before["open"]}
            self.incidents[key] = {**before, **done}
        return said({"status": "success", "message": "Event processed", "dedup_key": key}, 202)
