"""Who is told what, when, and once; in virtual time."""

from __future__ import annotations

import os
from typing import Any

import pytest

from collector.component import Applied, Refused
from collector.component.figures import NAME as FIGURES
from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.words import ACKNOWLEDGE, SILENCE, SILENCED, UNSILENCE
from counterparts.alerting_life import BASE, HOUR, MINUTE, SECOND, Life

FIRST, NEW, RESOLVED, REPEAT = (
    "first notification",
    "new alerts added",
    "all alerts resolved",
    "repeat interval elapsed",
)


def test_a_critical_record_is_told_at_once_to_all_exporters_of_its_receiver() -> None:
    life = Life()
    life.tell(count=3, component="Cart")
    first, second = life.messages()
    assert (first["exporter"], second["exporter"]) == ("pager", "chat")
    assert (first["status"], first["reason"], first["level"], first["count"]) == ("firing", FIRST, "critical", "3")
    assert first["labels"] == {"domain": "a.com", "service": "shop"}
    assert first["alerts"][0]["samples"] == ["boom"]
    assert first["body"].startswith("CRITICAL: shop/Cart of a.com: boom, 3 since ")


def test_a_warning_waits_for_company() -> None:
    life = Life()
    life.tell("warning", component="Cart")
    life.wait(29 * SECOND)
    assert life.told() == []
    life.tell("warning", component="Till")
    life.wait(1 * SECOND)
    assert life.told() == [("email", "firing", FIRST, 2)]


def test_what_goes_on_is_repeated_and_what_is_new_told_at_the_next_interval() -> None:
    life = Life()
    life.tell()
    life.told()
    life.wait(4 * MINUTE)
    life.tell(component="Till")
    assert life.told() == []
    life.wait(1 * MINUTE)
    assert life.told() == [("pager", "firing", NEW, 2), ("chat", "firing", NEW, 2)]
    for _ in range(50):
        life.wait(5 * MINUTE)
        life.tell()
        life.tell(component="Till")
    assert life.told() == [("pager", "firing", REPEAT, 2), ("chat", "firing", REPEAT, 2)]


def test_silence_of_the_records_is_the_end() -> None:
    life = Life()
    life.tell()
    life.told()
    life.wait(14 * MINUTE)
    assert life.told() == []
    life.wait(2 * MINUTE)
    assert life.told() == [("pager", "resolved", RESOLVED, 1), ("chat", "resolved", RESOLVED, 1)]
    life.wait(3 * HOUR)
    assert life.told() == []
    assert not life.work.timers
    assert not [name for name in life.work.states["a.com"].values if name.startswith(b"g/")]


def test_what_comes_and_goes_within_the_wait_is_told_by_nobody() -> None:
    life = Life(route={"receiver": "ops", "group_by": ["service"], "group_wait": "30m", "resolve_after": "1m"})
    life.tell()
    life.wait(HOUR)
    assert life.told() == []


def test_what_comes_back_has_flapped() -> None:
    life = Life()
    life.tell()
    life.wait(20 * MINUTE)
    life.told()
    life.tell()
    life.wait(MINUTE)
    told = life.messages()
    assert [one["reason"] for one in told] == [FIRST, FIRST]


def test_everyday_records_are_no_alerts_unless_a_route_asks_for_them() -> None:
    life = Life()
    life.tell("info")
    life.wait(HOUR)
    assert life.told() == []
    life.again(route={"receiver": "ops", "routes": [{"matchers": ['level=~"info|debug"'], "receiver": "ops"}]})
    life.tell("info")
    life.wait(30 * SECOND)
    assert life.told() == [("email", "firing", FIRST, 1)]


def test_a_restart_changes_nothing() -> None:
    """Everything that was decided is state: nothing is told again, nothing is forgotten."""
    life = Life()
    life.tell("warning")
    life.tell()
    life.again()
    life.wait(30 * SECOND)
    assert sorted(life.told()) == [
        ("chat", "firing", FIRST, 1),
        ("email", "firing", FIRST, 1),
        ("pager", "firing", FIRST, 1),
    ]
    life.again()
    life.wait(16 * MINUTE)
    assert sorted(life.told()) == [
        ("chat", "resolved", RESOLVED, 1), ("email", "resolved", RESOLVED, 1), ("pager", "resolved", RESOLVED, 1),
    ]  # fmt: skip


def test_sequences_only_grow() -> None:
    life = Life()
    numbers: list[int] = []
    for _ in range(6):
        life.tell()
        life.wait(2 * HOUR)
        numbers += [int(one["sequence"]) for one in life.messages() if one["exporter"] == "pager"]
    assert len(numbers) == 12
    assert numbers == sorted(set(numbers))


def test_domains_are_apart() -> None:
    life = Life()
    life.tell(domain="a.com")
    life.tell(domain="b.com")
    assert len({one["group"] for one in life.messages()}) == 2
    assert set(life.work.states) == {"a.com", "b.com"}


def test_one_alert_keeps_another_back() -> None:
    rules = [{"source_matchers": ['level="critical"'], "target_matchers": ['level="warning"'], "equal": ["service"]}]
    life = Life(inhibit_rules=rules)
    life.tell()
    life.told()
    life.tell("warning")
    life.tell("warning", service="other")
    life.wait(MINUTE)
    assert [(one["exporter"], one["labels"]["service"]) for one in life.messages()] == [("email", "other")]
    life.wait(20 * MINUTE)
    ended = life.messages()
    assert [(one["exporter"], one["labels"]["service"]) for one in ended if one["exporter"] == "email"] == [
        ("email", "other")
    ]


def test_a_silence_holds_until_it_ends() -> None:
    life = Life()
    made = life.command(SILENCE, matchers='service="shop"', seconds=3600)
    assert isinstance(made, Applied)
    assert [emitted.kind for emitted in life.work.emitted] == [SILENCED]
    life.tell()
    for _ in range(11):
        life.wait(5 * MINUTE)
        assert life.told() == []
        life.tell()
    life.wait(5 * MINUTE)
    assert life.told() == [("pager", "firing", FIRST, 1), ("chat", "firing", FIRST, 1)]


def test_a_silence_that_is_taken_back_holds_no_more() -> None:
    life = Life()
    made = life.command(SILENCE, matchers='service="shop"', seconds=3600)
    assert isinstance(made, Applied)
    life.wait(SECOND)
    assert isinstance(life.command(UNSILENCE, silence=str(made.snapshot["logboom.alert.silence"])), Applied)
    life.work.emitted.clear()
    life.tell()
    assert len(life.told()) == 2


@pytest.mark.parametrize(
    ("matchers", "seconds", "why"),
    [
        ("", 60, "needs a matcher"),
        ("{", 60, "is not a matcher"),
        ('a=~"("', 60, "RE2"),
        ('a="b"', 0, "more than nothing"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(matchers: str, seconds: float, why: str) -> None:
    answer = Life().command(SILENCE, matchers=matchers, seconds=seconds)
    assert isinstance(answer, Refused)
    assert why in answer.reason


ESCALATION = {
    "oncall": {
        "steps": [{"after": "10m", "notify": ["sms"]}, {"after": "30m", "notify": ["boss"]}],
        "repeat": 0,
        "ack_timeout": "1h",
    }
}
ESCALATING = {
    "route": {"receiver": "page", "group_by": ["service"], "escalation": "oncall", "resolve_after": "3h"}, "escalations": ESCALATION,
}  # fmt: skip


def test_nobody_acknowledges() -> None:
    life = Life(**ESCALATING)
    life.tell()
    life.told()
    life.wait(10 * MINUTE)
    assert [one[:3] for one in life.told()] == [("sms", "firing", "nobody acknowledged it")]
    life.wait(20 * MINUTE)
    assert [one[:3] for one in life.told()] == [("boss", "firing", "nobody acknowledged it")]
    life.wait(4 * HOUR)
    assert {one[:2] for one in life.told()} == {(exporter, "resolved") for exporter in ("pager", "chat", "sms", "boss")}


def test_somebody_acknowledges_for_a_while() -> None:
    life = Life(**ESCALATING)
    life.tell()
    group = life.messages()[0]["group"]
    life.wait(5 * MINUTE)
    assert isinstance(life.command(ACKNOWLEDGE, group=group), Applied)
    told = life.messages()
    assert {(one["exporter"], one["status"], one["reason"]) for one in told} == {
        (exporter, "firing", "somebody acknowledged it") for exporter in ("pager", "chat")
    }
    assert told[0]["body"].startswith("ACKNOWLEDGED by ann: shop of a.com: boom, 1 since ")
    assert isinstance(life.command(ACKNOWLEDGE, group=group), Applied)
    assert life.told() == []
    life.wait(59 * MINUTE)
    assert life.told() == []
    life.wait(2 * MINUTE)
    assert [one[0] for one in life.told()] == ["sms"]
    assert isinstance(life.command(ACKNOWLEDGE, group="nonsense"), Refused)


def test_counts_in_the_place_of_alerts() -> None:
    routes = [{"matchers": ['level=~"info|debug"'], "receiver": "ops", "digest": {"every": "1h"}}]
    life = Life(route={"receiver": "page", "group_by": ["service"], "routes": routes})
    life.tell("info", count=30)
    life.tell("info", count=12, service="till")
    life.wait(HOUR)
    (digest,) = life.messages()
    assert (digest["exporter"], digest["status"], digest["count"]) == ("email", "digest", "42")
    assert [(one["labels"]["service"], one["count"]) for one in digest["alerts"]] == [("shop", 30), ("till", 12)]
    life.wait(2 * HOUR)
    assert life.told() == []


def test_a_storm_is_told_as_one() -> None:
    life = Life(limits={"groups": 5, "window": "5m"})
    for number in range(42):
        life.tell(service=f"s{number}")
    assert len([one for one in life.told() if one[0] == "pager"]) == 5
    life.wait(5 * MINUTE)
    more = [one for one in life.messages() if one["reason"] == "more groups than are told one by one"]
    assert {(one["exporter"], one["count"]) for one in more} == {("pager", "37"), ("chat", "37")}


def test_too_many_groups_join_one() -> None:
    life = Life(max_groups=10, limits={"groups": 1000})
    for number in range(40):
        life.tell(service=f"s{number}")
    groups = {one["group"] for one in life.messages()}
    assert len(groups) == 11
    assert len([name for name in life.work.states["a.com"].values if name.startswith(b"g/")]) == 11


def test_of_what_is_over_nothing_is_kept() -> None:
    """Marks of inhibition, groups of issues, counts of digests: a domain whose alerts are over has none of them."""
    rules = [{"source_matchers": ['level="critical"'], "target_matchers": ['level="warning"'], "equal": ["component"]}]
    routes = [{"matchers": ['level="info"'], "receiver": "ops", "digest": {"every": "1h"}}]
    life = Life(route={**BASE["route"], "routes": [*BASE["route"]["routes"], *routes]}, inhibit_rules=rules)
    for number in range(30):
        life.tell(component=f"c{number}", issue=f"i{number}")
        life.tell("info", component=f"c{number}")
        life.wait(MINUTE)
    life.wait(4 * HOUR)
    assert [
        name for name in life.work.states["a.com"].values if not name.startswith(b"l/") and name not in (b"n", FIGURES)
    ] == []


def test_a_digest_of_many_sets_counts_the_rest_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first so many one by one; nothing of the others is lost from the sum."""
    monkeypatch.setattr("collector.connectors.alerting.digest._MOST", 5)
    routes = [{"matchers": ['level="info"'], "receiver": "ops", "digest": {"every": "1h"}}]
    life = Life(route={"receiver": "page", "group_by": ["service"], "routes": routes}, max_alerts=100)
    for number in range(20):
        life.tell("info", count=2, service=f"s{number}")
    life.wait(HOUR)
    (digest,) = life.messages()
    assert (digest["count"], len(digest["alerts"])) == ("40", 6)
    assert digest["alerts"][0]["count"] == 30


def test_an_issue_that_is_resolved_ends_its_alerts() -> None:
    life = Life()
    life.tell(issue="17")
    life.told()
    life.event("logboom.issue.resolved", logboom__issue__id="17")
    life.wait(SECOND)
    ended = life.messages()
    assert [(one["status"], one["alerts"][0]["annotations"]["ended"]) for one in ended] == [
        ("resolved", "the issue was resolved")
    ] * 2


def test_the_service_in_trouble_is_an_alert_until_it_is_over() -> None:
    life = Life(route={"receiver": "page", "group_by": ["rule"]}, fallback=["sms"])
    life.event("logboom.service.exporter.blocked", logboom__exporter="pager")
    life.wait(MINUTE)
    assert [one[:2] for one in life.told()] == [("chat", "firing"), ("sms", "firing")]
    life.event("logboom.service.exporter.blocked", logboom__exporter="pager", logboom__duration=61.0)
    life.wait(SECOND)
    assert [one[:2] for one in life.told()] == [("chat", "resolved"), ("sms", "resolved")]


def test_nobody_is_told_at_night() -> None:
    night = {
        "night": [
            {"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]}
        ]
    }
    route = {"receiver": "page", "group_by": ["service"], "mute_time_intervals": ["night"], "resolve_after": "24h"}
    life = Life(route=route, time_intervals=night)
    life.tell()  # 22:13
    life.wait(7 * HOUR)
    assert life.told() == []
    life.wait(HOUR)
    assert [one[:3] for one in life.told()] == [("pager", "firing", FIRST), ("chat", "firing", FIRST)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"route": {"receiver": "nobody"}}, '"nobody" is not one of receivers'),
        ({"route": {"receiver": "ops", "group_by": ["nonsense"]}}, '"nonsense" is no label'),
        ({"route": {"receiver": "ops", "escalation": "x"}}, '"x" is not one of escalations'),
        ({"route": {"receiver": "ops", "matchers": ['a="b"']}}, "the root takes everything"),
        ({"route": {"receiver": "ops", "routes": [{"matchers": ["level"]}]}}, "is not a matcher"),
        ({"time_intervals": {"x": [{"weekdays": ["someday"]}]}}, "'someday' is no day"),
        ({"time_intervals": {"x": [{"location": "Mars/Olympus"}]}}, "is not a time zone"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace('"', '"')):
        FACTORY.config.model_validate({**BASE, **options})


@pytest.mark.slow
def test_a_notification_that_fails_is_no_reason_for_another_through_the_same() -> None:
    """Two days in which an exporter refuses whatever it is given, and the service tells so each time: nobody is told of it
    through it, the fallback hears of it as of any alert that goes on, and no more than that."""
    life = Life(route={"receiver": "page", "group_by": ["rule", "exporter"]}, fallback=["sms"])
    told: list[tuple[str, str]] = []
    life.tell()
    steps = int(os.environ.get("LOGBOOM_LOOP_STEPS", "300"))  # `make faults`: 10,000, ten weeks
    for _ in range(steps):
        messages = life.messages()
        told += [(one["exporter"], one["alerts"][0]["labels"].get("exporter", "")) for one in messages]
        if any(one["exporter"] == "pager" for one in messages) or told.count(("sms", "pager")) in (0, 1):
            life.event("logboom.service.exporter.blocked", logboom__exporter="pager")
        life.wait(10 * MINUTE)
        life.event("logboom.service.exporter.blocked", logboom__exporter="pager")
    assert ("pager", "pager") not in told
    repeats = steps * 10 * MINUTE // (4 * HOUR)
    assert 0 < told.count(("sms", "pager")) <= repeats + 2
    assert len(told) <= 2 * (repeats + 2) + 4
    assert len(life.work.states["a.com"].values) < 10
