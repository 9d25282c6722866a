"""Alerts of Jira Service Management and Opsgenie: by alias, open or closed.

Source: Opsgenie, "Create alert", "Close alert".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

PATH, KEY = "/jsm/ops/integration/v2/alerts", "s3cret-key"


def problems(alert: dict[str, Any]) -> Iterator[str]:
    """What it refuses of an alert."""
    most = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}
    yield from (name for name, limit in most.items() if len(alert.get(name, "")) > limit)
    if not alert.get("message"):
        yield "no message"
    if alert["priority"] not in ("P1", "P2", "P3", "P4", "P5"):
        yield "priority"
    if len(alert.get("tags", [])) > 20 or any(not 1 <= len(tag) <= 50 for tag in alert.get("tags", [])):
        yield "tags"
    if sum(len(name) + len(value) for name, value in alert.get("details", {}).items()) > 8000:
        yield "details"


@dataclass
class Jsm(Vendor):
    """`alerts`: alias → the alert, with `open` and `count`."""

    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: int = 0

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.headers.get("Authorization") != f"GenieKey {KEY}":
            return said({"message": "Key is invalid"}, 403)
        if asked.path.endswith(("/close", "/acknowledge")):
            alias = asked.path.split("/")[-2]
            if alias not in self.alerts or asked.query.get("identifierType") != "alias":
                return said({"message": "Alert not found"}, 404)
            if asked.path.endswith("/close"):
                self.alerts[alias]["open"] = False
            else:
                self.alerts[alias]["acknowledged"] = True
            return said({"result": "Request will be processed", "requestId": "r"}, 202)
        alert = asked.json
        self.refuses -= 1
        if asked.path != PATH or list(problems(alert)) or self.refuses >= 0:
            return said({"message": "Request body is not processable"}, 422)
        before = self.alerts.get(alert["alias"])
        again = before is not None and before["open"]
        self.alerts[alert["alias"]] = {**alert, "open": True, "count": before["count"] + 1 if again and before else 1}
        return said({"result": "Request will be processed", "requestId": "r"}, 202)
