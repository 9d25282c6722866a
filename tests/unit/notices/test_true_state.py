"""Whatever befalls the calls, and wherever a process is killed: the destination ends in the true state of each group.

A script of answers (lost behind the act, cut in front of it, none, 429 for hours, 5xx, refused credentials), states of two groups that
come while it plays, deaths at any moments after which nothing is known that was not on disk; on the delivery engine, in virtual time. A message is
said twice at most once for each death and each answer that was lost, and not at all where the destination has a key, or can be asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collector.component import Factory
from collector.notices import Notice
from counterparts.examples import rounds
from counterparts.vendors.alertmanager import Alertmanager
from counterparts.vendors.calls import Calls
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
from counterparts.vendors.twilio import SID, Twilio
from exporters import alertmanager, email, github, jira, jsm, pagerduty, servicenow, slack, sms, teams, webhook

GROUPS = ("a" * 32, "b" * 32)
STATES = ("firing", "firing", "resolved", "firing", "resolved")
BEFALLS = st.lists(st.sampled_from(["", "lost", "cut", "hang", "429", "500", "503", "401", "403"]), max_size=14)
_SAID = re.compile(r"([ab]) is (firing|resolved), word (\d+)")


class Case(NamedTuple):
    """`state`: of a group, as the destination shows it: `firing` or `resolved`, None = nothing. `said`: the words of messages that it has, where it
    does not know them again by a key."""

    factory: Factory[Any]
    options: dict[str, Any]
    vendor: Callable[[], Any]
    state: Callable[[Any, str], str | None]
    said: Callable[[Any], Iterable[str]] = lambda _: ()


def told(group: str, sequence: int, status: str) -> Notice:
    """The words name group, state and number."""
    text = f"{group[0]} is {status}, word {sequence}"
    return notice(group=group, sequence=sequence, status=status, text=text, alerts=[], labels={"group": group})


def last(texts: Iterable[str], group: str) -> str | None:
    """What the newest of some texts says of a group."""
    about = [found[2] for text in texts if (found := _SAID.search(text)) and found[1] == group[0]]
    return about[-1] if about else None


def in_channel(vendor: Slack) -> list[str]:
    """All that was posted, also in threads; a head that was brought up to date says what its thread says last."""
    found = []
    for one in vendor.channel.values():
        thread = [reply["text"] for reply in one["thread"]]
        found += thread or [one["text"]]
    return found


def of_slack(vendor: Slack, group: str) -> str | None:
    """What the newest message of the channel about it says."""
    return last((one["text"] for one in vendor.channel.values()), group)


def of_bot(vendor: Slack, group: str) -> str | None:
    """The heads of all its times: none of them says that it goes on when it does not."""
    said = [last([one["text"]], group) for one in vendor.channel.values()]
    about = [each for each in said if each]
    return "firing" if "firing" in about else about[-1] if about else None


def subjects(vendor: ScriptedMail) -> list[str]:
    """Of all mails."""
    return [mail["Subject"] for _, mail in vendor.box.mails]


def cards(vendor: Teams) -> list[str]:
    """Their texts."""
    return ["".join(runs(each)).replace("\u200b", "") for each in vendor.posted]


def texts_of(vendor: Twilio) -> list[str]:
    """All text messages."""
    return [body for _, body in vendor.messages]


def bodies(vendor: Calls) -> list[str]:
    """The lines of all calls that were taken."""
    return [one["logboom"]["text"] for one in vendor.taken]


def of_pagerduty(vendor: PagerDuty, group: str) -> str | None:
    """The incident; a group that was never triggered is over."""
    found = vendor.incidents.get(group)
    return "firing" if found and found["open"] else "resolved"


def of_jsm(vendor: Jsm, group: str) -> str | None:
    """The alert; one that was never created is over."""
    found = vendor.alerts.get(group)
    return "firing" if found and found["open"] else "resolved"


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


def remarks(issues: Iterable[dict[str, Any]], name: str) -> list[str]:
    """What stands in tickets beside what they were made with."""
    return [json.dumps(remark) for one in issues for remark in one[name]]


MAIL = {"endpoint": "mail.example:587", "sender": "alerts@tamyla.com", "to": ["ada@tamyla.com"]}
ALWAYS = {"sending_queue": {"max_age": "0s"}}
"""News that nobody could be told for an hour would be given up: not here."""
CASES = {
    "email": Case(email.FACTORY, MAIL, ScriptedMail, lambda vendor, group: last(subjects(vendor), group), subjects),
    "alertmanager": Case(alertmanager.FACTORY, {"endpoint": "http://127.0.0.1:9093"}, Alertmanager, of_alertmanager),
    "github": Case(
        github.FACTORY,
        {"token": TOKEN, "repository": REPOSITORY, "on_resolve": "close"},
        lambda: GitHub(drops_labels=True),
        of_github,
        lambda vendor: remarks(vendor.issues, "comments"),
    ),
    "jira": Case(
        jira.FACTORY,
        {"endpoint": "https://x.example", "email": "a@b.c", "token": "t", "project": "OPS", "on_resolve": "close"},
        Jira,
        of_jira,
        lambda vendor: remarks(vendor.issues.values(), "comments"),
    ),
    "servicenow": Case(
        servicenow.FACTORY,
        {"endpoint": "https://x.example", "api_key": "s3cret", "on_resolve": "close"},
        ServiceNow,
        of_servicenow,
        lambda vendor: remarks(vendor.rows.values(), "notes"),
    ),
    "jsm": Case(jsm.FACTORY, {"key": JSM_KEY}, Jsm, of_jsm),
    "pagerduty": Case(pagerduty.FACTORY, {"routing_key": KEY}, PagerDuty, of_pagerduty),
    "sms": Case(
        sms.FACTORY,
        {
            "account_sid": SID,
            "auth_token": "s3cret",
            "sender": "+4930123",
            "to": ["+4930456"],
            "resolved": True,
            **ALWAYS,
        },
        Twilio,
        lambda vendor, group: last(texts_of(vendor), group),
        texts_of,
    ),
    "teams": Case(
        teams.FACTORY,
        {"url": f"https://flow.example{PATH}?sig=s3cret", **ALWAYS},
        Teams,
        lambda vendor, group: last(cards(vendor), group),
        cards,
    ),
    "slack, bot": Case(slack.FACTORY, {"token": "xoxb-s3cret", "channel": "C0DE", **ALWAYS}, Slack, of_bot, in_channel),
    "slack, bot without a look": Case(
        slack.FACTORY,
        {"token": "xoxb-s3cret", "channel": "C0DE", **ALWAYS},
        lambda: Slack(history=False),
        of_slack,
        in_channel,
    ),
    "slack, webhook": Case(
        slack.FACTORY, {"url": f"https://hooks.slack.com{HOOK}", **ALWAYS}, Slack, of_slack, in_channel
    ),
    "webhook": Case(
        webhook.FACTORY,
        {"url": "https://hook.example/s3cret"},
        Calls,
        lambda vendor, group: last(bodies(vendor), group),
        bodies,
    ),
}
KNOWN_AGAIN = ("slack, bot", "sms")
"""Of these a message without an answer is looked for before it is said again."""


class Told:
    """Notices of two groups, put each so long after the other, to a destination that a script befalls."""

    def __init__(self, name: str, ends: tuple[int, int], pause: float, **options: Any) -> None:
        self._name, self._case, self._ends = name, CASES[name], ends
        self.vendor = self._case.vendor()
        self.telling = Telling(self._case.factory, {**self._case.options, **options}, self.vendor)
        said = [
            (at * pause, told(group, at + 1, STATES[at]))
            for group, end in zip(GROUPS, ends, strict=True)
            for at in range(end)
        ]
        self._said = sorted(said, key=lambda each: each[0])

    def live(self, seconds: float, *kills: float) -> None:
        """Each group is as its last notice says; nothing is a dead letter, nothing is forgotten; what is said twice is as much as was lost or
        killed."""
        self.telling.live(self._said, seconds, *kills)
        for group, end in zip(GROUPS, self._ends, strict=True):
            assert self._case.state(self.vendor, group) == STATES[end - 1]
        assert set(self.telling.outcomes) <= {"enqueued", "exported", "dropped:superseded"}
        assert self.telling.ledger.adds_up("x")
        words = [found[0] for text in self._case.said(self.vendor) if (found := _SAID.search(text))]
        assert len(words) - len(set(words)) <= (0 if self._name in KNOWN_AGAIN else self.vendor.lost + len(kills))


@pytest.mark.parametrize("name", CASES)
@settings(
    max_examples=rounds(8, 3),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    script=BEFALLS,
    ends=st.tuples(*[st.integers(1, len(STATES))] * 2),
    pause=st.sampled_from([0.0, 1.0, 40.0]),
    kills=st.lists(st.floats(0.05, 90), max_size=3),
)
def test_it_ends_in_the_true_state(
    name: str, script: list[str], ends: tuple[int, int], pause: float, kills: list[float]
) -> None:
    one = Told(name, ends, pause)
    one.vendor.script = list(script)
    one.live(900, *kills)


@pytest.mark.parametrize("name", CASES)
def test_too_busy_for_hours(name: str) -> None:
    """429 to whatever is asked for three hours, in which two processes die; then an answer is lost."""
    one = Told(name, (4, 3), 1800.0, retry_on_failure={"max_interval": "5m"})
    one.vendor.busy, one.vendor.script = 10_800.0, ["", "lost"]
    one.live(12_600, 2700.0, 2700.0)


@pytest.mark.parametrize("name", ["alertmanager", "github", "jira", "jsm", "pagerduty", "servicenow"])
def test_a_digest_is_no_incident(name: str) -> None:
    """It ends as filtered: an incident of it would never be over."""
    case = CASES[name]
    vendor = case.vendor()
    one = Telling(case.factory, case.options, vendor)
    one.live([(0.0, notice(status="digest", reason="digest")), (1.0, told("a" * 32, 2, "firing"))], 900)
    assert one.outcomes == {"enqueued": 2, "filtered": 1, "exported": 1}
    assert case.state(vendor, "a" * 32) == "firing"
