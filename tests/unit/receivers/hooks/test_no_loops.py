"""The whole ring: alerts, their tickets on GitHub, what people do with them, webhooks of all of it. What logboom did itself comes back and changes
nothing, though nobody told the hook which account is its own; and when nobody does anything any more, all is quiet."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.batch import LogBatch
from collector.component import Command, Context
from collector.connectors.alerting import FACTORY as ALERTING
from collector.notices import NOTIFICATION, Notice, notices_of
from collector.receivers.hooks.github_issues import GithubIssuesHook
from collector.receivers.hooks.hook import Hook, HookOrder
from collector.testing.events import marked
from collector.testing.virtual_time import run_virtual
from collector.testing.work import FakeWork
from counterparts.vendors.github import REPOSITORY, TOKEN, GitHub
from counterparts.vendors.notices import made
from exporters.github import FACTORY as GITHUB

SECOND = 1_000_000_000
BOT, PERSON = "logboom-bot", "ada"
CONFIG: dict[str, Any] = {
    "route": {"receiver": "ops", "group_by": ["service"], "group_wait": "0s", "group_interval": "1m", "resolve_after": "3m", "repeat_interval": "1h"},
    "receivers": {"ops": ["github"]},
}  # fmt: skip


class Trusting(GithubIssuesHook):
    """Signatures have tests of their own."""

    def check(self, hook: Hook) -> None:
        del hook


class Ring:
    """`webhooks`: under way, with who caused them. `stirred`: messages that one of ours caused by coming back."""

    def __init__(self, on_resolve: str) -> None:
        self.connector = ALERTING.create(ALERTING.config.model_validate(CONFIG), Context("alerting", Path()))
        self.work = FakeWork()
        self.github = GitHub()
        options = {
            "token": TOKEN,
            "repository": REPOSITORY,
            "on_resolve": on_resolve,
            "endpoint": "https://github.example",
        }
        self.exporter = GITHUB.create(GITHUB.config.model_validate(options), Context("github", Path()))
        self.exporter._client, self.exporter._began = self.github, -1000.0
        self.receipts: dict[Any, bytes] = {}
        self.webhooks: list[tuple[str, bytes]] = []
        self.hook = Trusting([], now=lambda: self.work.now_unix_nano / SECOND)
        self.stirred = 0
        self._ids = 0

    def fail(self) -> None:
        batch = LogBatch.of(
            {"body": ["boom"], "time_unix_nano": [self.work.now_unix_nano], "domain": ["a.com"]},
            {"logboom.triage.level": ["critical"]}, {"service.name": "shop"},
        )  # fmt: skip
        self.connector.connect(batch, self.work)
        self._say()

    def wait(self, seconds: int) -> None:
        end = self.work.now_unix_nano + seconds * SECOND
        while self.work.timers and min(self.work.timers.values()) <= end:
            self.work.now_unix_nano = max(self.work.now_unix_nano, min(self.work.timers.values()))
            self.work.run_due(self.connector)
            self._say()
        self.work.now_unix_nano = end

    def person(self, state: str) -> None:
        """Closes or opens the newest ticket."""
        if self.github.issues and self.github.issues[-1]["state"] != state:
            closed = datetime.now(UTC).isoformat() if state == "closed" else None
            self.github.issues[-1] |= {
                "state": state,
                "state_reason": "completed" if closed else "reopened",
                "closed_at": closed,
            }
            self._webhook(PERSON, self.github.issues[-1])

    def deliver(self, at: int) -> None:
        """A webhook arrives, in any order."""
        sender, body = self.webhooks.pop(at)
        asked = self.hook.command(Hook(body, {}.get, "a.com", "", ""))
        assert isinstance(asked, HookOrder)
        self._ids += 1
        said = {key: value for key, value in asked.record.attributes.items() if not key.startswith("logboom.command.")}
        command = Command(f"id{self._ids}", asked.record.name, "a.com", sender, "", said, self.work.now_unix_nano)
        self.connector.command(command, self.work)
        before = len(self.github.asked)
        self.wait(0)
        self.stirred += (len(self.github.asked) - before) * (sender == BOT)

    def _say(self) -> None:
        """What is told brings the ticket in step, which is told in turn."""
        found: list[Notice] = []
        for each in self.work.emitted:
            if each.kind == NOTIFICATION:
                found += notices_of(marked(each.records, [NOTIFICATION] * len(each.records)))
        self.work.emitted.clear()
        for notice in found:
            before = [issue["state"] for issue in self.github.issues]
            verdict = run_virtual(
                self.exporter.send(self.exporter.encode_with(made(notice, domain="a.com"), self.receipts))
            )
            self.receipts |= getattr(verdict, "receipts", {})
            for issue, state in zip(self.github.issues, before, strict=False):
                if issue["state"] != state:
                    self._webhook(BOT, issue)

    def _webhook(self, sender: str, issue: dict[str, Any]) -> None:
        at = datetime.fromtimestamp(self.work.now_unix_nano / SECOND, UTC).isoformat()
        shown = {
            "labels": [{"name": name} for name in issue["labels"]], "body": issue["body"], "state_reason": issue["state_reason"],
            "updated_at": at, "html_url": f"https://github.example/{issue['number']}",
        }  # fmt: skip
        action = "closed" if issue["state"] == "closed" else "reopened"
        self.webhooks.append(
            (sender, json.dumps({"action": action, "issue": shown, "sender": {"login": sender}}).encode())
        )


@pytest.mark.parametrize("on_resolve", ["close", "comment"])
@pytest.mark.parametrize("seed", [0, 1, 2, 7])
def test_nothing_goes_round(seed: int, on_resolve: str) -> None:
    random_ = random.Random(f"{seed} {on_resolve}")
    ring = Ring(on_resolve)
    for _ in range(80):
        act = random_.choice(["fail", "fail", "wait", "wait", "close", "open", "deliver", "deliver"])
        if act == "fail":
            ring.fail()
        elif act == "wait":
            ring.wait(random_.choice([1, 30, 90, 240]))
        elif act == "deliver" and ring.webhooks:
            ring.deliver(random_.randrange(len(ring.webhooks)))
        elif act in ("close", "open"):
            ring.person("closed" if act == "close" else "open")
    for _ in range(len(ring.webhooks) + 5):
        if ring.webhooks:
            ring.deliver(0)
        ring.wait(300)
    assert ring.webhooks == [], "each of ours causes none in turn"
    assert ring.stirred == 0
    quiet = len(ring.github.asked)
    ring.wait(6 * 3600)
    assert len(ring.github.asked) == quiet, "nothing is said when nothing happens"
    assert len(ring.github.issues) == 1, "one ticket"
    ring.fail()
    assert ring.github.issues[-1]["state"] == "open", "what fails is told, whatever was before"
