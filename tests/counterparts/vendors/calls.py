"""Somebody's own endpoint of webhooks, who keeps each call that was taken.

Source: Alertmanager, `notify/webhook`, `Message`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor


@dataclass
class Calls(Vendor):
    """`taken`: bodies in their order."""

    taken: list[dict[str, Any]] = field(default_factory=list)

    def act(self, asked: Asked) -> HttpAnswer:
        self.taken.append(asked.json)
        return HttpAnswer(200, {}, b"")
