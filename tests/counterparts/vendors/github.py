"""Issues on GitHub: labels that may be dropped, a search that lags.

Source: GitHub, REST API, "Issues", "Search".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

REPOSITORY, TOKEN = "tamyla/shop", "ghp_s3cret"
_ISSUES = f"/repos/{REPOSITORY}/issues"


@dataclass
class GitHub(Vendor):
    """`issues` in their order, each with `comments`. `drops_labels`: the token may not set them. `lag`: seconds until the search knows an issue."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    drops_labels: bool = False
    lag: float = 5.0

    def told_off(self, status: int) -> HttpAnswer:
        headers = {"Retry-After": "7"} if status in (429, 503) else {}
        return said({"message": "scripted"}, status, **headers)

    def act(self, asked: Asked) -> HttpAnswer:
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return said({"message": "Bad credentials"}, 401)
        if asked.path == "/search/issues":
            return said({"items": self._searched(asked.query["q"])})
        if asked.path == _ISSUES:
            return self._made(asked.json) if asked.method == "POST" else said(self._listed(asked.query))
        number, _, rest = asked.path.removeprefix(f"{_ISSUES}/").partition("/")
        if not 1 <= int(number) <= len(self.issues) or self.issues[int(number) - 1].get("deleted"):
            return said({"message": "Not Found"}, 404)
        issue = self.issues[int(number) - 1]
        if rest == "comments":
            issue["comments"].append(asked.json["body"])
            return said({"id": 1}, 201)
        if asked.method == "PATCH":
            issue |= asked.json
            issue["closed_at"] = datetime.now(UTC).isoformat() if issue["state"] == "closed" else None
        return said(issue)

    def _made(self, given: dict[str, Any]) -> HttpAnswer:
        if (
            not 1 <= len(given["title"]) <= 256
            or len(given["body"]) > 65_536
            or any(len(each) > 50 for each in given["labels"])
        ):
            return said({"message": "Validation Failed"}, 422)
        issue = {
            **given,
            "number": len(self.issues) + 1,
            "state": "open",
            "state_reason": None,
            "closed_at": None,
            "comments": [],
        }
        issue["labels"] = [] if self.drops_labels else given["labels"]
        issue["made"] = asyncio.get_running_loop().time()
        self.issues.append(issue)
        return said(issue, 201)

    def _listed(self, query: Any) -> list[dict[str, Any]]:
        return [
            issue for issue in self.issues[::-1] if query["labels"] in issue["labels"] and not issue.get("deleted")
        ][:1]

    def _searched(self, query: str) -> list[dict[str, Any]]:
        key, now = query.split('"')[1], asyncio.get_running_loop().time()
        return [issue for issue in self.issues[::-1] if key in issue["body"] and now >= issue["made"] + self.lag][:1]
