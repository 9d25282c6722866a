"""A Workflows flow of Microsoft Teams: it takes what it can read, and refuses what is too large.

Source: Microsoft, "Format cards in Teams"; adaptivecards.io, the schema of 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

PATH = "/workflows/s3cret/triggers/manual/paths/invoke"
_MOST_BYTES = 28_000
_RUN = {
    "type",
    "text",
    "weight",
    "size",
    "color",
    "isSubtle",
    "fontType",
    "italic",
    "strikethrough",
    "highlight",
    "underline",
}
_STYLES = {
    "weight": ("Lighter", "Default", "Bolder"), "size": ("Small", "Default", "Medium", "Large", "ExtraLarge"),
    "color": ("Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"), "fontType": ("Default", "Monospace"),
}  # fmt: skip


def card(message: dict[str, Any]) -> dict[str, Any]:
    """The one in a message."""
    found: dict[str, Any] = message["attachments"][0]["content"]
    return found


def runs(message: dict[str, Any]) -> Iterator[str]:
    """All that it shows."""
    for block in card(message)["body"]:
        for run in block["inlines"]:
            yield run["text"]


def problems(message: dict[str, Any]) -> Iterator[str]:
    """What a client of 1.4 cannot show. Elements in which Markdown is read are counted as problems: nothing of ours needs them."""
    content = card(message)
    if message["type"] != "message" or content["type"] != "AdaptiveCard" or content["version"] != "1.4":
        yield "not a card"
    for block in content["body"]:
        if (
            block["type"] != "RichTextBlock"
            or set(block) - {"type", "inlines", "spacing", "separator"}
            or not block["inlines"]
        ):
            yield f"{block['type']}: {sorted(block)}"
        for run in block["inlines"]:
            if run["type"] != "TextRun" or set(run) - _RUN or not run["text"]:
                yield f"{run['type']}: {sorted(run)}"
            yield from (name for name, known in _STYLES.items() if name in run and run[name] not in known)


@dataclass
class Teams(Vendor):
    """`posted`: messages in their order. `refuses`: how many of the next it does not read."""

    posted: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.path != PATH:
            return said({"error": {"code": "DirectApiAuthorizationRequired"}}, 401)
        self.refuses -= 1
        if len(asked.body) > _MOST_BYTES:
            return said({"error": {"code": "RequestEntityTooLarge"}}, 413)
        if self.refuses >= 0 or list(problems(asked.json)):
            return said({"error": {"code": "TriggerInputSchemaMismatch"}}, 400)
        self.posted.append(asked.json)
        return HttpAnswer(202, {}, b"")
