"""Alertmanager's API v2: alerts by their labels, with their ends.

Source: Alertmanager, `api/v2/openapi.yaml`; `model.Alert.Validate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass
class Alertmanager(Vendor):
    """`alerts`: labels → the last word."""

    alerts: dict[frozenset[tuple[str, str]], dict[str, Any]] = field(default_factory=dict)

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.path != "/api/v2/alerts":
            return said({"code": 404}, 404)
        for alert in asked.json:
            labels, notes = alert["labels"], alert["annotations"]
            if (
                not labels
                or alert["startsAt"] > alert["endsAt"]
                or not all(map(_NAME.fullmatch, (*labels, *notes)))
                or not all(labels.values())
            ):
                return said("bad alert", 400)
        for alert in asked.json:
            self.alerts[frozenset(alert["labels"].items())] = alert
        return HttpAnswer(200, {}, b"")
