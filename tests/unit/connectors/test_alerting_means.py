"""What a configuration of `alerting` means, told to people; signs of life; what comes back again and again."""

from __future__ import annotations

from typing import Any

from collector.connectors.alerting import FACTORY
from collector.connectors.alerting.effective import span, what_is_reported, what_is_watched, who_is_told
from collector.testing.work import FakeWork
from counterparts.alerting_life import HOUR, MINUTE, SECOND, Life

ROUTED: dict[str, Any] = {
    "route": {
        "receiver": "office",
        "group_by": ["service"],
        "routes": [
            {"matchers": ['level="critical"'], "receiver": "page", "escalation": "oncall", "continue": True},
            {"matchers": ['level=~"critical|warning"', 'service="shop"'], "receiver": "tickets", "mute_time_intervals": ["weekend"], "send_resolved": False},
            {"matchers": ['level="info"'], "receiver": "office", "digest": {"every": "24h", "at": "08:00"}},
        ],
    },
    "receivers": {"office": ["email"], "page": ["pagerduty", "slack"], "tickets": ["jira"]},
    "escalations": {"oncall": {"steps": [{"after": "10m", "notify": ["sms"]}], "repeat": 1, "ack_timeout": "1h"}},
    "time_intervals": {"weekend": [{"weekdays": ["saturday", "sunday"]}]},
}  # fmt: skip
TIMES = "grouped by domain, service; news each 5m; again each 4h; over after 15m without records"


def test_of_each_level_it_is_said_who_is_told_and_when():
    """Also by routes that ask for more than the level; the first certain one ends the walk, unless it says continue."""
    assert dict(who_is_told(FACTORY.config.model_validate(ROUTED))) == {
        "critical": f"pagerduty, slack, at once; {TIMES}; unacknowledged: sms after 10m, gone through 2 times; an acknowledgement holds 1h\n"
        f'where service="shop": jira, at once; {TIMES}; its end is not told; not at times of weekend',
        "warning": f'where service="shop": jira, first after 30s; {TIMES}; its end is not told; not at times of weekend\n'
        f"email, first after 30s; {TIMES}",
        "info": "email, counted, in a digest each 1d at 08:00 UTC",
        "debug": "nobody: no route asks for this level, or counts it",
    }  # fmt: skip


def test_of_monitors_and_reports_it_is_said_what_they_do():
    options = {
        **ROUTED,
        "monitors": [
            {"name": "refused", "query": "@status:402", "above": 20, "window": "10m", "for": "5m", "group_by": ["service", "@http.route"]},
            {"name": "quiet", "query": "service:till", "absent_for": "1h", "level": "critical"},
            {"name": "few", "query": "level:info", "below": 3},
        ],
        "reports": [{"to": ["email"], "at": "08:00"}, {"to": ["slack"], "every": "1d", "domains": ["a.com"]}],
    }  # fmt: skip
    config = FACTORY.config.model_validate(options)
    assert dict(what_is_watched(config)) == {
        "monitor refused": "warning when more than 20 records come within 10m without a break for 5m, for each service, http_route: @status:402",
        "monitor quiet": "critical when no record comes for 1h: service:till",
        "monitor few": "warning when fewer than 3 records come within 5m: level:info",
    }
    assert dict(what_is_reported(config)) == {
        "report 1": "email, each 7d at 08:00 UTC, of each domain", "report 2": "slack, each 1d, of a.com",
    }  # fmt: skip
    _, lines = config.explained()
    assert list(lines) == [
        "critical",
        "warning",
        "info",
        "debug",
        "monitor refused",
        "monitor quiet",
        "monitor few",
        "report 1",
        "report 2",
    ]


def test_who_is_told_is_who_is_told():
    """What is said of a level is what happens to an alert of it."""
    life = Life(**ROUTED)
    for level, who in (("critical", {"pagerduty", "slack", "jira"}), ("warning", {"jira"}), ("debug", set())):
        life.tell(level, service="shop")
        life.wait(MINUTE)
        assert {one["exporter"] for one in life.messages()} == who
        life.wait(4 * HOUR)
        life.messages()


def test_times_are_written_as_in_a_configuration():
    assert [span(round(secs * SECOND)) for secs in (0, 0.5, 30, 90, 5400, 93_600)] == ["0s", "0.5s", "30s", "1m30s", "1h30m", "1d2h"]  # fmt: skip


def test_a_heartbeat_goes_on_for_ever():
    """From the first record of its domain on, once a minute, also over restarts; what was missed is not made up for."""
    options = {"heartbeat": {"notify": ["watch"], "domain": "a.com"}}
    life = Life(**options)
    life.tell("debug", domain="b.com")
    life.wait(HOUR)
    assert life.told() == []
    life.tell("debug")
    life.wait(10 * MINUTE)
    assert life.told() == [("watch", "heartbeat", "heartbeat", 0)] * 11
    life.again(**options)
    life.tell("debug")
    life.wait(5 * MINUTE)
    assert len(life.told()) == 5
    life.work.now_unix_nano += HOUR
    life.work.run_due(life.connector)
    life.wait(MINUTE)
    assert len(life.told()) in (2, 3)


def test_a_heartbeat_begins_though_the_step_that_was_to_begin_it_failed():
    life = Life(heartbeat={"notify": ["watch"], "domain": "a.com"})
    life.tell("debug")
    life.work = FakeWork(now_unix_nano=life.work.now_unix_nano)  # nothing of that step is kept
    life.tell("debug")
    life.tell("debug")
    life.wait(10 * MINUTE)
    assert life.told() == [("watch", "heartbeat", "heartbeat", 0)] * 11


def test_a_heartbeat_that_nobody_wants_any_more_ends():
    life = Life(heartbeat={"notify": ["watch"], "domain": "a.com"})
    life.tell("debug")
    life.again()
    life.wait(10 * MINUTE)
    assert (life.told(), life.work.timers, life.work.states["a.com"].values) == ([], {}, {})


def test_what_comes_back_is_told_with_how_often_it_did():
    """In the next message, also where its end was told in between; after an hour of quiet it is something new."""
    life = Life()
    flapped = []
    for _ in range(3):
        life.tell()
        flapped += [one["flapped"] for one in life.messages() if one["exporter"] == "pager"]
        life.wait(25 * MINUTE)
        life.messages()
    assert flapped == ["0", "1", "2"]
    life.wait(2 * HOUR)
    life.messages()
    life.tell()
    assert [one["flapped"] for one in life.messages()] == ["0", "0"]
