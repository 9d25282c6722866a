"""Slack: `chat.postMessage`, `chat.update`, an incoming webhook; channels with messages and threads; Block Kit's limits.

Source: api.slack.com, Block Kit reference, the two methods, "Handling errors" of incoming webhooks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

HOOK = "/services/T0/B0/s3cret"
_ALL, _BLOCKS, _HEADER, _SECTION, _CONTEXT, _TEXT = 13_200, 50, 150, 3000, 10, 40_000


def texts(block: Any) -> Iterator[str]:
    """All that a block shows."""
    if isinstance(block, dict):
        if isinstance(block.get("text"), str):
            yield block["text"]
        for each in block.values():
            yield from texts(each)
    elif isinstance(block, list):
        for each in block:
            yield from texts(each)


def problems(message: dict[str, Any]) -> Iterator[str]:
    """What Slack refuses of a message's form."""
    blocks = message.get("blocks", [])
    if not blocks and not message.get("text"):
        yield "no_text"
    if len(message.get("text", "")) > _TEXT:
        yield "msg_too_long"
    if len(blocks) > _BLOCKS or any(_wrong(block) for block in blocks):
        yield "invalid_blocks"
    if sum(map(len, texts(blocks))) > _ALL:
        yield "msg_blocks_too_long"


def _wrong(block: dict[str, Any]) -> bool:
    kind = block["type"]
    if kind == "header":
        return block["text"]["type"] != "plain_text" or not 1 <= len(block["text"]["text"]) <= _HEADER
    if kind == "section":
        shown = [block[name] for name in ("text",) if name in block] + block.get("fields", [])
        return (
            not shown
            or not all(1 <= len(each["text"]) <= _SECTION for each in shown)
            or len(block.get("fields", [])) > 10
        )
    if kind == "context":
        return not 1 <= len(block["elements"]) <= _CONTEXT or not all(
            1 <= len(each["text"]) <= _SECTION for each in block["elements"]
        )
    if kind == "actions":
        return not 1 <= len(block["elements"]) <= 25 or any(_bad_button(each) for each in block["elements"])
    if kind == "rich_text":
        parts = block["elements"]
        known = {"rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text_list"}
        leaves = [leaf for part in parts for leaf in part["elements"]]
        return not parts or any(part["type"] not in known for part in parts) or any(not leaf["text"] for leaf in leaves)
    return True


def _bad_button(each: dict[str, Any]) -> bool:
    lengths = [
        (each["text"]["text"], 75),
        (each["action_id"], 255),
        (each.get("value", ""), 2000),
        (each.get("url", ""), 3000),
    ]
    return (
        each["type"] != "button"
        or each["text"]["type"] != "plain_text"
        or any(len(text) > most for text, most in lengths)
        or ("value" in each) == ("url" in each)
        or each.get("style", "primary") not in ("primary", "danger")
    )


@dataclass
class Slack(Vendor):
    """`channel` holds what stands in it: ts → message, with `thread`. `errors`: what the next calls of a bot say, whatever they hold. `history`:
    the bot may look at the channel."""

    channel: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    history: bool = True

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.path == HOOK:
            return self._hooked(asked.json)
        if asked.headers.get("Authorization") != "Bearer xoxb-s3cret":
            return said({"ok": False, "error": "invalid_auth"})
        if asked.method == "GET":
            return self._listed(asked)
        wrong = self.errors.pop(0) if self.errors else next(problems(asked.json), "")
        if wrong:
            return said({"ok": False, "error": wrong})
        return self._posted(asked.json) if asked.path.endswith("chat.postMessage") else self._updated(asked.json)

    def _listed(self, asked: Asked) -> HttpAnswer:
        """The channel, or a thread of it; nobody who lacks the scope may look."""
        if not self.history:
            return said({"ok": False, "error": "missing_scope"})
        if asked.path.endswith("conversations.replies"):
            head = self.channel.get(asked.query["ts"])
            shown = [] if head is None else [{**head, "ts": asked.query["ts"]}, *head["thread"]]
        else:
            shown = [{**one, "ts": ts} for ts, one in reversed(self.channel.items())]
        told = [
            {"ts": one["ts"], "metadata": one.get("metadata", {})}
            for one in shown
            if float(one["ts"]) >= float(asked.query["oldest"])
        ]
        return said({"ok": True, "messages": told[: int(asked.query["limit"])]})

    def told_off(self, status: int) -> HttpAnswer:
        return said(
            {"ok": False, "error": "ratelimited" if status == 429 else "internal_error"}, status, **{"Retry-After": "7"}
        )

    def _hooked(self, message: dict[str, Any]) -> HttpAnswer:
        wrong = self.errors.pop(0) if self.errors else next(problems(message), "")
        if wrong:
            return HttpAnswer(400, {"Content-Type": "text/html"}, wrong.encode())
        self._keep(message)
        return HttpAnswer(200, {"Content-Type": "text/html"}, b"ok")

    def _keep(self, message: dict[str, Any]) -> str:
        ts = self._moment()
        self.channel[ts] = {**message, "thread": []}
        return ts

    def _posted(self, message: dict[str, Any]) -> HttpAnswer:
        if "thread_ts" not in message:
            return said({"ok": True, "channel": "C0DE", "ts": self._keep(message)})
        if message["thread_ts"] not in self.channel:
            return said({"ok": False, "error": "thread_not_found"})
        ts = self._moment()
        self.channel[message["thread_ts"]]["thread"].append({**message, "ts": ts})
        return said({"ok": True, "channel": "C0DE", "ts": ts})

    def _moment(self) -> str:
        """The name of the next message: a time, which no other has."""
        return f"{time.time() // 1 + len(self.asked):.0f}.000100"

    def _updated(self, message: dict[str, Any]) -> HttpAnswer:
        if message.get("channel") != "C0DE":
            return said({"ok": False, "error": "channel_not_found"})
        if message["ts"] not in self.channel:
            return said({"ok": False, "error": "message_not_found"})
        self.channel[message["ts"]] |= message
        return said({"ok": True, "channel": "C0DE", "ts": message["ts"], "text": message["text"]})
