"""Jira Cloud: a search that lags, screens without labels, workflows without a way.

Source: Atlassian, "The Jira Cloud platform REST API" v3; Atlassian Document Format.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

_BASE = "/rest/api/3"
_DONE, _OPEN = {"name": "Done", "statusCategory": {"key": "done"}}, {"name": "To Do", "statusCategory": {"key": "new"}}
_NODES = {"paragraph", "codeBlock"}


def leaves(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Its texts."""
    for block in document["content"]:
        yield from block["content"]


def problems(document: dict[str, Any]) -> Iterator[str]:
    """What Jira refuses of a document."""
    if (
        document["type"] != "doc"
        or document["version"] != 1
        or any(block["type"] not in _NODES for block in document["content"])
    ):
        yield "form"
    for leaf in leaves(document):
        if (
            leaf["type"] != "text"
            or not leaf["text"]
            or set(leaf) - {"type", "text", "marks"}
            or leaf.get("marks", []) not in ([], [{"type": "strong"}])
        ):
            yield "text"
    if sum(len(leaf["text"]) for leaf in leaves(document)) > 32_767:
        yield "too long"


@dataclass
class Jira(Vendor):
    """`issues`: key → fields, with `comments`. `lag`: until the search knows one. `ways`: transitions that the workflow has. `no_field`: not on the screen."""

    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    lag: float = 20.0
    ways: tuple[str, ...] = ("11", "31")
    no_field: tuple[str, ...] = ()

    def act(self, asked: Asked) -> HttpAnswer:
        if not asked.headers.get("Authorization", "").startswith("Basic "):
            return said({"errorMessages": ["no"]}, 401)
        path = asked.path.removeprefix(_BASE)
        if path == "/search/jql":
            return said({"issues": self._searched(asked.json["jql"])})
        if path == "/issue":
            return self._made(asked.json["fields"])
        key, _, rest = path.removeprefix("/issue/").partition("/")
        if key not in self.issues:
            return said({"errorMessages": ["Issue does not exist"]}, 404)
        issue = self.issues[key]
        if rest == "comment":
            if list(problems(asked.json["body"])):
                return said({"errors": {"comment": "not valid"}}, 400)
            issue["comments"].append(asked.json["body"])
            return said({"id": "1"}, 201)
        if rest == "transitions":
            return self._moved(issue, asked)
        return said(self._shown(key))

    def _made(self, given: dict[str, Any]) -> HttpAnswer:
        wrong = {name: "cannot be set" for name in self.no_field if name in given}
        if "\n" in given["summary"] or not 1 <= len(given["summary"]) <= 255:
            wrong["summary"] = "one line"
        if list(problems(given["description"])):
            wrong["description"] = "not valid"
        if wrong:
            return said({"errorMessages": [], "errors": wrong}, 400)
        key = f"OPS-{len(self.issues) + 1}"
        self.issues[key] = {
            **given, "status": _OPEN, "resolution": None, "resolutiondate": None, "comments": [], "made": asyncio.get_running_loop().time(),
        }  # fmt: skip
        return said({"id": "1", "key": key}, 201)

    def _moved(self, issue: dict[str, Any], asked: Asked) -> HttpAnswer:
        if asked.method == "GET":
            known = {"11": _OPEN, "31": _DONE}
            return said(
                {"transitions": [{"id": way, "name": known[way]["name"], "to": known[way]} for way in self.ways]}
            )
        done = asked.json["transition"]["id"] == "31"
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000") if done else None
        issue |= {
            "status": _DONE if done else _OPEN,
            "resolution": {"name": "Done"} if done else None,
            "resolutiondate": moment,
        }
        return HttpAnswer(204, {}, b"")

    def _searched(self, jql: str) -> list[dict[str, Any]]:
        label, now = jql.split('"')[3], asyncio.get_running_loop().time()
        return [
            self._shown(key)
            for key, one in reversed(self.issues.items())
            if label in one["labels"] and now >= one["made"] + self.lag
        ][:2]

    def _shown(self, key: str) -> dict[str, Any]:
        return {
            "key": key,
            "fields": {name: self.issues[key][name] for name in ("status", "resolution", "resolutiondate")},
        }
