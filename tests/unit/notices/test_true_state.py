"""Whatever befalls the calls, and wherever a process is killed: the destination ends in the true state of each group.

A script of answers (lost behind the act, cut in front of it, none, 429, 5xx, refused credentials), states of two groups that come while it plays, a
death at any moment after which nothing is known that was not on disk; on the delivery engine, in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.component import Factory
from collector.notices import Notice
from counterparts.vendors.alertmanager import Alertmanager
from counterparts.vendors.github import REPOSITORY, TOKEN, GitHub
from counterparts.vendors.jira import Jira
from counterparts.vendors.jsm import KEY as JSM_KEY
from counterparts.vendors.jsm import Jsm
from counterparts.vendors.mailbox import ScriptedMail
from counterparts.vendors.notices import notice
from counterparts.vendors.pagerduty import KEY, PagerDuty
from counterparts.vendors.servicenow import ServiceNow
from counterparts.vendors.slack import HOOK, Slack
from counterparts.vendors.teams import PATH, Teams, runs
from counterparts.vendors.told import Telling
from exporters import alertmanager, email, github, jira, jsm, pagerduty, servicenow, slack, teams

GROUPS = ("a" * 32, "b" * 32)
STATES = ("firing", "firing", "resolved", "firing", "resolved")
BEFALLS = st.lists(st.sampled_from(["", "lost", "cut", "hang", "429", "500", "503", "401"]), max_size=14)


class Case(NamedTuple):
    """`state`: of a group, as the destination shows it: `firing` or `resolved`, None = nothing. `most`: extra messages of a group that are borne for
    each lost answer and death, None = the destination knows them again."""

    factory: Factory[Any]
    options: dict[str, Any]
    vendor: Callable[[], Any]
    state: Callable[[Any, str], str | None]


def told(group: str, sequence: int, status: str) -> Notice:
    """The words name group and state."""
    text = f"{group[0]} is {status}"
    return notice(group=group, sequence=sequence, status=status, text=text, alerts=[], labels={"group": group})


def of_slack(vendor: Slack, group: str) -> str | None:
    """What the newest message of the channel about it says."""
    about = [one["text"] for one in vendor.channel.values() if f" {group[0]} is" in one["text"]]
    return ("resolved" if "resolved" in about[-1] else "firing") if about else None


def of_email(vendor: ScriptedMail, group: str) -> str | None:
    """What the last mail about it says."""
    about = [mail["Subject"] for _, mail in vendor.box.mails if f"{group[0]} is" in mail["Subject"]]
    return about[-1].removeprefix(f"{group[0]} is ") if about else None


def of_pagerduty(vendor: PagerDuty, group: str) -> str | None:
    """The incident; a group that was never triggered is over."""
    found = vendor.incidents.get(group)
    return "firing" if found and found["open"] else "resolved"


def of_jsm(vendor: Jsm, group: str) -> str | None:
    """The alert; one that was never created is over."""
    found = vendor.alerts.get(group)
    return "firing" if found and found["open"] else "resolved"


def of_teams(vendor: Teams, group: str) -> str | None:
    """The last card about it."""
    about = [text for text in ("".join(runs(each)) for each in vendor.posted) if f"{group[0]} is" in text]
    return ("resolved" if "is resolved" in about[-1] else "firing") if about else None


def of_alertmanager(vendor: Alertmanager, group: str) -> str | None:
    """An alert goes on until its end; one that was never told is over."""
    ends = [one["endsAt"] for labels, one in vendor.alerts.items() if ("group", group) in labels]
    return "firing" if ends and max(ends) > "2026" else "resolved"


def of_github(vendor: GitHub, group: str) -> str | None:
    """The one issue; a group without one is over."""
    mine = [one for one in vendor.issues if f"logboom-{group[:16]}" in one["body"]]
    assert len(mine) <= 1
    return "firing" if mine and mine[0]["state"] == "open" else "resolved"


def of_jira(vendor: Jira, group: str) -> str | None:
    """The one ticket; a group without one is over."""
    mine = [one for one in vendor.issues.values() if f"logboom-{group[:16]}" in one["labels"]]
    assert len(mine) <= 1
    return "firing" if mine and mine[0]["status"]["statusCategory"]["key"] != "done" else "resolved"


def of_servicenow(vendor: ServiceNow, group: str) -> str | None:
    """The one incident; a group without one is over."""
    mine = [one for one in vendor.rows.values() if one["correlation_id"] == group]
    assert len(mine) <= 1
    return "firing" if mine and mine[0]["state"] in "12" else "resolved"


MAIL = {"endpoint": "mail.example:587", "sender": "alerts@tamyla.com", "to": ["ada@tamyla.com"]}
CASES = {
    "email": Case(email.FACTORY, MAIL, ScriptedMail, of_email),
    "alertmanager": Case(alertmanager.FACTORY, {"endpoint": "http://127.0.0.1:9093"}, Alertmanager, of_alertmanager),
    "github": Case(
        github.FACTORY,
        {"token": TOKEN, "repository": REPOSITORY, "on_resolve": "close"},
        lambda: GitHub(drops_labels=True),
        of_github,
    ),
    "jira": Case(
        jira.FACTORY,
        {"endpoint": "https://x.example", "email": "a@b.c", "token": "t", "project": "OPS", "on_resolve": "close"},
        Jira,
        of_jira,
    ),
    "servicenow": Case(
        servicenow.FACTORY,
        {"endpoint": "https://x.example", "api_key": "s3cret", "on_resolve": "close"},
        ServiceNow,
        of_servicenow,
    ),
    "jsm": Case(jsm.FACTORY, {"key": JSM_KEY}, Jsm, of_jsm),
    "pagerduty": Case(pagerduty.FACTORY, {"routing_key": KEY}, PagerDuty, of_pagerduty),
    "teams": Case(teams.FACTORY, {"url": f"https://flow.example{PATH}?sig=s3cret"}, Teams, of_teams),
    "slack, bot": Case(slack.FACTORY, {"token": "xoxb-s3cret", "channel": "C0DE"}, Slack, of_slack),
    "slack, webhook": Case(slack.FACTORY, {"url": f"https://hooks.slack.com{HOOK}"}, Slack, of_slack),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=BEFALLS,
    ends=st.tuples(*[st.integers(1, len(STATES))] * 2),
    pause=st.sampled_from([0.0, 1.0, 40.0]),
    kill=st.none() | st.floats(0.05, 90),
)
def test_it_ends_in_the_true_state(
    case: Case, script: list[str], ends: tuple[int, int], pause: float, kill: float | None
) -> None:
    """Each group as its last notice says; nothing is a dead letter, nothing is forgotten."""
    vendor = case.vendor()
    vendor.script = list(script)
    one = Telling(case.factory, case.options, vendor)
    said = [
        (at * pause, told(group, at + 1, STATES[at]))
        for group, end in zip(GROUPS, ends, strict=True)
        for at in range(end)
    ]
    one.live(sorted(said, key=lambda each: each[0]), 900, kill)
    for group, end in zip(GROUPS, ends, strict=True):
        assert case.state(vendor, group) == STATES[end - 1]
    assert set(one.outcomes) <= {"enqueued", "exported", "dropped:superseded"}
    assert one.ledger.adds_up("x")
