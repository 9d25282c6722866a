"""A language model behind OpenAI's chat completions, that says what a script wants. Older servers know fewer words of a call (`knows`).

Source: OpenAI, "Create chat completion".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

KEY = "sk-s3cret"
ANSWER = {
    "summary": "Orders fail since 1.2.",
    "hypotheses": [{"claim": "1.2 broke the till", "evidence": "all are from 1.2", "check": "roll one till back"}],
}


@dataclass
class Model(Vendor):
    """`answers`: contents of the next answers, then `ANSWER`. `usage`: what it says it read and wrote."""

    answers: list[str] = field(default_factory=list)
    knows: tuple[str, ...] = ("model", "messages", "max_completion_tokens", "response_format")
    usage: dict[str, int] | None = field(default_factory=lambda: {"prompt_tokens": 900, "completion_tokens": 100})

    def act(self, asked: Asked) -> HttpAnswer:
        """A completion, or what an API says to a call that it does not understand."""
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return said({"error": {"message": f"Incorrect API key: {asked.headers}", "code": "invalid_api_key"}}, 401)
        if asked.path != "/v1/chat/completions":
            return said({"error": {"message": "Unknown request URL", "code": "unknown_url"}}, 404)
        strange = [name for name in asked.json if name not in self.knows]
        if strange:
            return said({"error": {"message": f"Unsupported: {strange}", "code": "unsupported_parameter"}}, 400)
        content = self.answers.pop(0) if self.answers else orjson.dumps(ANSWER).decode()
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return said({"id": "c1", "choices": [choice], **({"usage": self.usage} if self.usage else {})})

    def told_off(self, status: int) -> HttpAnswer:
        """As OpenAI says it: 429 is too fast, or no money."""
        words = {429: "rate_limit_exceeded", 402: "insufficient_quota"}
        return said(
            {"error": {"message": "scripted s3cret", "code": words.get(status, "server_error")}},
            429 if status == 402 else status,
        )

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The documents that it was shown."""
        return [orjson.loads(one.json["messages"][1]["content"]) for one in self.asked]
