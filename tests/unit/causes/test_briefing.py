"""What a model or an agent is told of an issue: all that matters, no person, no secret, and no more than it may be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.causes.briefing import briefing
from collector.causes.cause import Cause, Finding
from collector.causes.explaining import Explained
from collector.causes.onset import Window
from collector.causes.suggestion import Suggestion

AT = 1_800_000_000 * 10**9
ISSUE: dict[str, Any] = {
    "domain": "tamyla.com", "issue_id": "a" * 16, "title": "disk of anna@tamyla.com is full", "type": "OSError", "priority": "high", "state": "new",
    "level": "critical", "service": "shop", "assignee": "ben", "acknowledged_by": "ben", "events": 412, "users": 3, "first_seen_unix_nano": AT,
    "last_seen_unix_nano": AT + 60 * 10**9, "cause": "98 % of 412 events are from shop 1.1 (first seen 3 min before)",
    "services": json.dumps({"shop": 400, "till": 12}), "versions": json.dumps({"1.1": 404, "1.0": 8}),
    "samples": json.dumps([["r1", AT, "write failed, password=hunter2"], ["r2", AT, "x" * 9000]]),
    "variants": json.dumps({"a" * 16: ["exception", ["shop.store:save", "shop.api:put"], 412]}), "trend": json.dumps([[500_000, 400], [500_001, 12]]),
    "details": json.dumps({"expected": "2.5"}),
}  # fmt: skip
ACTIVITY = [
    {"time_unix_nano": AT, "change": "resolved", "reason": "resolved in 1.0 by ben", "who": "ben", "why": "more disk"}
]
CAUSE = Cause(Window(AT, AT + 1), "x", 0.9, (), [Finding("deployment", "shop 1.1 was deployed", 0.9)])
EXPLAINED = Explained(
    CAUSE,
    [
        Suggestion(
            "history", "1.0", "it was resolved before by ben (3 h before): more disk", 0.6, "how it was resolved before"
        )
    ],
)


def test_all_that_matters_is_in_it() -> None:
    """Of the store as of the event."""
    told = briefing(ISSUE, ACTIVITY, EXPLAINED).document
    assert told["issue"]["type"] == "OSError"
    assert told["grouping"] == [{"by": "exception", "frames": ["shop.store:save", "shop.api:put"], "events": 412}]
    assert told["seen_in"] == {"services": {"shop": 400, "till": 12}, "versions": {"1.1": 404, "1.0": 8}}
    assert told["findings"][0] == {"changed": "shop 1.1 was deployed", "sure": 0.9}
    assert told["findings"][1]["look"] == "it was resolved before (3 h before): more disk"
    assert told["history"] == [
        {
            "time": "2027-01-15T08:00:00Z",
            "change": "resolved",
            "reason": "resolved in 1.0 by somebody",
            "why": "more disk",
        }
    ]
    assert told["first_seen"] == "2027-01-15T08:00:00Z"
    assert json.loads(briefing(ISSUE).text)["events"] == 412


def test_no_person_and_no_secret_is_in_it() -> None:
    said = briefing(ISSUE, ACTIVITY, EXPLAINED).text
    assert not [word for word in ("anna", "ben", "hunter2", "tamyla") if word in said]


@pytest.mark.parametrize("most", [600, 1500, 3000])
def test_it_is_no_longer_than_it_may_be(most: int) -> None:
    """The head stays: what it is, where, since when."""
    made = briefing(ISSUE, ACTIVITY * 30, EXPLAINED, most)
    assert len(made.text) <= most
    assert made.document["issue"]["service"] == "shop"


SAME = {"more events": {"events": 9000, "last_seen_unix_nano": AT + 10**12}, "its state": {"state": "escalating", "reason": "a burst"},
        "counts of its cause": {"cause": "97 % of 9,000 events are from shop 1.1"}, "other samples": {"samples": "[]"}}  # fmt: skip
OTHER = {
    "a cause": {"cause": ""},
    "another fault": {"title": "no ink"},
    "other frames": {"variants": json.dumps({"b": ["exception", ["x:y"], 1]})},
}


@pytest.mark.parametrize("changed", SAME.values(), ids=SAME)
def test_there_is_nothing_else_to_say(changed: dict[str, Any]) -> None:
    assert briefing({**ISSUE, **changed}).digest == briefing(ISSUE).digest


@pytest.mark.parametrize("changed", OTHER.values(), ids=OTHER)
def test_there_is_something_else_to_say(changed: dict[str, Any]) -> None:
    assert briefing({**ISSUE, **changed}).digest != briefing(ISSUE).digest


def test_parts_that_were_redacted_to_no_json_are_left_out() -> None:
    told = briefing({**ISSUE, "samples": '[["r1", ****', "services": None}).document
    assert "samples" not in told
    assert "versions" in told["seen_in"]


WHO = {
    "resolved in 2.1 by Alice Meyer": "resolved in 2.1 by somebody",
    "reopened by Alice Meyer": "reopened by somebody",
    "archived until escalating by Alice by Meyer": "archived until escalating by somebody",
    "acknowledged by Alice\nMeyer": "acknowledged by somebody",
    "assigned to Alice Meyer": "assigned to somebody",
    "assigned to nobody": "assigned to nobody",
    "412 events by 3 users": "412 events by 3 users",
}


@pytest.mark.parametrize(("reason", "wanted"), WHO.items())
def test_a_reason_names_nobody(reason: str, wanted: str) -> None:
    """Neither the issue's own nor those of its history; in the table of issues nothing else says who it was."""
    told = briefing({**ISSUE, "reason": reason}, [{"time_unix_nano": AT, "change": "x", "reason": reason}]).document
    assert told["issue"]["reason"] == told["history"][0]["reason"] == wanted
