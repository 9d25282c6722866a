"""What people did elsewhere, as the vendors' documentation shows it: the command that it becomes, and what becomes none."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.alert_commands import ACKNOWLEDGE, AS_OF, GROUP, ISSUES, RESOLVE, UNACKNOWLEDGE
from collector.control.record import ControlRecord
from collector.errors import Unauthenticated
from collector.receivers.hooks.config import HooksConfig
from collector.receivers.hooks.github import GithubHooks
from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.receivers.hooks.jira import JiraHook
from collector.receivers.hooks.jsm import JsmHook
from collector.receivers.hooks.pagerduty import PagerdutyHook
from collector.receivers.hooks.routes import routes
from collector.receivers.hooks.servicenow import ServicenowHook

NOW = 1_772_366_400.0  # 2026-03-01T12:00:00Z
OLD, SECRET = "an older secret of 24 bytes", "the secret that is used now"
WHOLE, SHORT = "0123456789abcdef0123456789abcdef", "0123456789abcdef"
ISSUE = "fedcba9876543210"
DONE: dict[str, Any] = {"name": "Erledigt", "statusCategory": {"key": "done"}}
TO_DO: dict[str, Any] = {"name": "Zu erledigen", "statusCategory": {"key": "new"}}
HOOKS: Mapping[str, Any] = {
    "pagerduty": PagerdutyHook, "jsm": JsmHook, "jira": JiraHook, "servicenow": ServicenowHook, "github": GithubHooks,
}  # fmt: skip


def payload(vendor: str, **changes: Any) -> dict[str, Any]:
    """The documented one, with other values at paths `a__b`; None takes away."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "payloads" / f"{vendor}.json").read_text())
    for path, value in changes.items():
        *way, last = path.split("__")
        at = found
        for step in way:
            at = at[step]
        at[last] = value
    return found


def proof(vendor: str, raw: bytes, secret: str) -> dict[str, str]:
    mark = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return {
        "pagerduty": {"x-pagerduty-signature": f"v1={'0' * 64},v1={mark}"},
        "jira": {"x-hub-signature": f"sha256={mark}"},
        "github": {"x-hub-signature-256": f"sha256={mark}"},
    }.get(vendor, {"x-logboom-token": secret})


def sent(vendor: str, said: dict[str, Any] | bytes, secret: str = SECRET, domain: str = "a.com") -> Hook:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Hook(raw, proof(vendor, raw, secret).get, domain, "192.0.2.1", "id")


def heard(vendor: str, *, ours: tuple[str, ...] = (), **changes: Any) -> HookOrder | None:
    hook = HOOKS[vendor]([OLD, SECRET], ours=ours, now=lambda: NOW)
    asked = hook.command(sent(vendor, payload(vendor, **changes)))
    assert asked is None or isinstance(asked, HookOrder)
    return asked


def follow_up(asked: HookOrder, **answer: str) -> list[tuple[str, Any]]:
    return [
        (each.name.removeprefix("logboom.command.issue."), each.attributes["logboom.issue.id"])
        for each in asked.then(answer)
    ]


def items(**changed: str) -> list[dict[str, str | None]]:
    return [{"field": name, "fromString": "before", "toString": value or None} for name, value in changed.items()]


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("pagerduty", {}, ACKNOWLEDGE, "acknowledge"),
    ("pagerduty", {"event__event_type": "incident.resolved"}, RESOLVE, "resolve"),
    ("pagerduty", {"event__event_type": "incident.reopened"}, UNACKNOWLEDGE, "unarchive"),
    ("pagerduty", {"event__event_type": "incident.unacknowledged", "event__agent": None}, UNACKNOWLEDGE, ""),
    ("jsm", {}, ACKNOWLEDGE, "acknowledge"),
    ("jsm", {"action": "UnAcknowledge"}, UNACKNOWLEDGE, ""),
    ("jsm", {"action": "TakeOwnership"}, ACKNOWLEDGE, "assign"),
    ("jsm", {"action": "Close"}, RESOLVE, "resolve"),
    ("jira", {}, ACKNOWLEDGE, "acknowledge"),
    ("jira", {"issue__fields__status": DONE, "changelog__items": items(status="Erledigt", resolution="Done")}, RESOLVE, "resolve"),
    ("jira", {"issue__fields__status": DONE, "issue__fields__resolution": {"name": "Won't Do"}}, RESOLVE, "archive"),
    ("jira", {"changelog__items": items(status="In Arbeit", resolution="")}, UNACKNOWLEDGE, "unarchive"),
    ("jira", {"issue__fields__status": TO_DO}, UNACKNOWLEDGE, ""),
    ("jira", {"changelog__items": items(assignee="Ada")}, ACKNOWLEDGE, "assign"),
    ("jira", {"changelog__items": items(assignee="")}, UNACKNOWLEDGE, "assign"),
    ("github", {}, RESOLVE, "resolve"),
    ("github", {"issue__state_reason": "not_planned"}, RESOLVE, "archive"),
    ("github", {"action": "reopened"}, UNACKNOWLEDGE, "unarchive"),
    ("github", {"action": "assigned", "assignee": {"login": "ada"}}, ACKNOWLEDGE, "assign"),
    ("servicenow", {}, ACKNOWLEDGE, "acknowledge"),
    ("servicenow", {"state": "6", "previous_state": "2"}, RESOLVE, "resolve"),
    ("servicenow", {"state": "8"}, RESOLVE, "archive"),
    ("servicenow", {"state": "2", "previous_state": "6"}, UNACKNOWLEDGE, "unarchive"),
    ("servicenow", {"state": "1", "previous_state": "2"}, UNACKNOWLEDGE, ""),
    ("servicenow", {"previous_state": "2", "assigned_to": "ada"}, ACKNOWLEDGE, "assign"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "changes", "name", "verb"), CASES, ids=[f"{v} {n}" for n, (v, *_) in enumerate(CASES)]
)
def test_what_people_did_becomes_a_command(vendor: str, changes: dict[str, Any], name: str, verb: str) -> None:
    asked = heard(vendor, **changes)
    assert asked is not None
    assert (asked.record.name, asked.record.domain) == (name, "a.com")
    assert asked.record.attributes[GROUP] in (WHOLE, SHORT)
    assert abs(int(asked.record.attributes[AS_OF]) / 1e9 - NOW) <= 30
    assert str(asked.record.attributes["logboom.command.who"]).endswith(f"({vendor})") or vendor == "pagerduty"
    assert [did for did, _ in follow_up(asked, **{ISSUES: ISSUE})] == ([verb] if verb else [])
    assert {about for _, about in follow_up(asked, **{ISSUES: ISSUE})} <= {ISSUE}


NOTHING: list[tuple[str, dict[str, Any]]] = [
    ("pagerduty", {"event__event_type": "incident.triggered"}),
    ("pagerduty", {"event__event_type": "incident.resolved", "event__agent": None}),  # our own event comes back
    ("pagerduty", {"event__agent__type": "integration_reference"}),
    ("pagerduty", {"event__data__incident_key": "somebody else's"}),
    ("jsm", {"action": "AddNote"}),
    ("jsm", {"action": "Close", "source__type": "API"}),  # our own call comes back
    ("jsm", {"alert__alias": "other"}),
    ("jira", {"webhookEvent": "comment_created"}),
    ("jira", {"issue__fields__labels": ["team-shop"]}),
    ("jira", {"changelog__items": items(priority="Low")}),
    ("github", {"action": "labeled"}),
    ("github", {"issue__labels": []}),
    ("github", {"issue__labels": [], "issue__body": f"logboom-{SHORT}", "issue__user__login": "stranger"}),
    ("servicenow", {"state": "7", "previous_state": "6"}),  # the instance closes what was resolved
    ("servicenow", {"correlation_id": f"{WHOLE}^active=true"}),
    ("servicenow", {"previous_state": "2"}),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "changes"), NOTHING, ids=[f"{v} {n}" for n, (v, _) in enumerate(NOTHING)])
def test_the_rest_becomes_none(vendor: str, changes: dict[str, Any]) -> None:
    assert heard(vendor, **changes) is None


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [("pagerduty", "PLH1HKV"), ("jsm", "fili@ifountain.com"), ("jira", "99:27935D01-92a7-4687-8272-a9b8d3b2ae2e"),
     ("github", "codertocat"), ("servicenow", "beth.anglin")],
)  # fmt: skip
def test_what_we_did_ourselves_is_no_news(vendor: str, ours: str) -> None:
    assert heard(vendor) is not None
    assert heard(vendor, ours=(ours,)) is None


@pytest.mark.parametrize("vendor", sorted(HOOKS))
def test_forged_stale_and_broken_requests_are_refused(vendor: str) -> None:
    hook = HOOKS[vendor]([OLD, SECRET], now=lambda: NOW)
    good = sent(vendor, payload(vendor))
    assert hook.command(sent(vendor, payload(vendor), OLD)) is not None
    with pytest.raises(Unauthenticated):
        hook.command(sent(vendor, payload(vendor), "not the secret that we know"))
    with pytest.raises(Unauthenticated):
        hook.command(Hook(good.body, {}.get, "a.com", "192.0.2.1", "id"))
    if "signature" in "".join(proof(vendor, b"", SECRET)):
        with pytest.raises(Unauthenticated):
            hook.command(
                Hook(good.body.replace(b"0123456789abcdef", b"f123456789abcdef"), good.header, "a.com", "", "id")
            )
    for broken in (b"{", b"\xff"):
        with pytest.raises(BadHook):
            hook.command(sent(vendor, broken))
    for later in (NOW + 13 * 3600, NOW - 13 * 3600):
        with pytest.raises(BadHook, match="not of the last 12 hours"):
            HOOKS[vendor]([SECRET], now=lambda at=later: at).command(good)


def test_the_same_bytes_ask_for_nothing_new() -> None:
    """Vendors send again what was not answered, others what they kept: within the time that they can, ids are known."""
    hook = PagerdutyHook([SECRET], now=lambda: NOW)
    first, again, other = (
        hook.command(sent("pagerduty", payload("pagerduty"))), hook.command(sent("pagerduty", payload("pagerduty"))),
        hook.command(sent("pagerduty", payload("pagerduty"), domain="b.com")),
    )  # fmt: skip
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.record.id == again.record.id != other.record.id
    assert [each.id for each in first.then({ISSUES: "a,b"})] == [each.id for each in again.then({ISSUES: "a,b"})]
    assert len({each.id for each in (first.record, *first.then({ISSUES: "a,b"}))}) == 3


def test_an_issue_that_the_ticket_names_is_meant_whatever_became_of_the_alert() -> None:
    asked = heard("github")
    assert asked is not None
    assert follow_up(asked) == [("resolve", ISSUE)]
    assert follow_up(asked, **{ISSUES: f"other,{ISSUE}"}) == [("resolve", ISSUE), ("resolve", "other")]
    assert not asked.needs_answer
    unnamed = heard("jira")
    assert unnamed is not None
    assert unnamed.needs_answer


def test_a_text_of_github_counts_where_people_of_the_repository_or_we_wrote_it() -> None:
    text: dict[str, Any] = {"issue__labels": [], "issue__body": f"` logboom-{SHORT} · logboom-issue-{ISSUE} `"}
    for trusted in ({"issue__author_association": "COLLABORATOR"},):
        asked = heard("github", **text, **trusted)
        assert asked is not None
        assert asked.record.attributes[GROUP] == SHORT
    assert heard("github", **text) is None
    assert heard("github", ours=("logboom-app[bot]",), **text) is not None


def test_an_assignment_says_to_whom() -> None:
    asked = heard("jira", changelog__items=items(assignee="Ada Lovelace"))
    assert asked is not None
    (assigned,) = asked.then({ISSUES: ISSUE})
    assert assigned.attributes["logboom.issue.assignee"] == "Ada Lovelace"
    assert assigned.attributes["logboom.command.why"] == "assigned in jira: OPS-12"


def test_a_text_that_is_too_long_for_a_command_is_cut() -> None:
    asked = heard("jira", user__displayName="x" * 10_000)
    assert asked is not None
    assert isinstance(asked.record, ControlRecord)
    assert len(str(asked.record.attributes["logboom.command.who"])) < 300


def test_hooks_are_there_where_their_secret_is_known() -> None:
    given = {"secrets": [SECRET]}
    every = HooksConfig.model_validate(dict.fromkeys((*HOOKS, "slack", "gitlab"), given))
    assert sorted(routes(every)) == sorted(
        ["/deployments", *(f"/hooks/{each}" for each in (*HOOKS, "slack", "gitlab"))]
    )
    assert all(handler.max_bytes <= every.max_request_body_size for handler in routes(every).values())
    assert [path for path, handler in routes(every).items() if handler.knows_domain] == ["/hooks/slack"]
