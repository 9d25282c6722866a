"""Alertmanager: alerts with names and values that it takes, to each server of a cluster."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from counterparts.alerting_life import MINUTE, Life
from counterparts.vendors.alertmanager import Alertmanager
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import alert, notice
from counterparts.vendors.told import Telling
from exporters.alertmanager import FACTORY
from exporters.alertmanager.config import AlertmanagerConfig

OPTIONS = {"endpoint": "http://127.0.0.1:9093", "labels": {"team": "shop"}}


def test_it_is_told_alerts():
    manager = Alertmanager()
    told = Telling(FACTORY, OPTIONS, manager)
    told.say(
        notice(
            alerts=[alert(), alert(labels={"service": "api", "level": "warning", "error_type": "exception"})],
            truncated=1,
        )
    )
    assert [dict(labels)["alertname"] for labels in manager.alerts] == ["Checkout", "exception"]
    first = next(iter(manager.alerts.values()))
    assert first["labels"] == {
        "domain": "tamyla.com", "service": "shop", "component": "Checkout", "level": "critical", "environment": "production",
        "alertname": "Checkout", "severity": "critical", "team": "shop",
    }  # fmt: skip
    assert first["endsAt"] > first["startsAt"] == "2026-11-29T10:02:00Z"
    told.say(notice(sequence=2, status="resolved"))
    assert next(iter(manager.alerts.values()))["endsAt"] == "2026-11-29T10:40:00Z"


def going(manager: Alertmanager) -> dict[str, bool]:
    """By service whether its alert goes on."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {dict(labels)["service"]: ends["endsAt"] > now for labels, ends in manager.alerts.items()}


@pytest.mark.parametrize("truncated", [0, 1])
def test_what_a_newer_message_does_not_show_any_more_is_over(truncated):
    """The message that said so was overtaken; of a message that does not show all, nothing is concluded."""
    manager = Alertmanager()
    one, other = (
        alert(labels={"service": name, "level": "critical"}, starts="2020-01-01T00:00:00Z") for name in ("api", "shop")
    )
    told = Telling(FACTORY, OPTIONS, manager)
    told.say(notice(alerts=[one, other]), notice(sequence=2, alerts=[other], truncated=truncated))
    assert going(manager) == {"api": bool(truncated), "shop": True}


def test_however_much_is_told_it_is_remembered_within_bounds():
    """What does not fit ends by itself."""
    many = [
        alert(labels={"service": f"s{number}", "endpoint": "/x" * 90, "level": "critical"}) for number in range(100)
    ]
    manager = Alertmanager()
    found = Telling(FACTORY, OPTIONS, manager).say(notice(alerts=many))
    assert all(len(receipt) < 4096 for one in found if isinstance(one, Ok) for receipt in one.receipts.values())
    assert len(manager.alerts) == 100


def test_an_alertmanager_that_forgot_hears_of_it_within_a_minute():
    """As the README says: the connector's route tells it again, and what is over ends there, whichever message told so."""
    life = Life(
        route={
            "receiver": "am",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1m",
            "repeat_interval": "1m",
        },
        receivers={"am": ["am"]},
    )
    manager = Alertmanager()
    told = Telling(FACTORY, {**OPTIONS, "lasts": "4m"}, manager)

    def minute() -> set[str]:
        for service in services:
            life.tell(service=service)
        life.wait(MINUTE)
        told.say(*life.notices())
        return {dict(labels)["service"] for labels in manager.alerts}

    services = ["api", "shop"]
    assert minute() == {"api", "shop"}
    manager.alerts.clear()
    assert minute() == {"api", "shop"}
    services.remove("api")
    for _ in range(16):
        minute()
    manager.alerts.clear()
    assert minute() == {"shop"}


def test_each_server_is_told():
    manager = Alertmanager(["", "500"])
    told = Telling(FACTORY, {"endpoints": ["http://127.0.0.1:1", "http://127.0.0.1:2"]}, manager)
    told.live([(0.0, notice())], 60)
    assert len(manager.asked) == 4
    assert told.outcomes == {"enqueued": 1, "exported": 1}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_a_value(text):
    manager = Alertmanager()
    assert isinstance(Telling(FACTORY, OPTIONS, manager).say(hostile(text))[0], Ok)
    assert all(value.isprintable() for labels in manager.alerts for _, value in labels)


ANSWERS = {"429": Retry, "500": Retry, "401": Blocked, "404": Blocked, "400": Split, "cut": Retry}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, Alertmanager([befalls])).say(notice())[0], kind)


@pytest.mark.parametrize("options", [{}, {"endpoint": "http://a", "endpoints": ["http://b"]}, {"endpoint": "http://a", "labels": {"a-b": "c"}}, {"endpoints": ["b"]}])  # fmt: skip
def test_options_that_make_no_sense(options):
    with pytest.raises(ValidationError):
        AlertmanagerConfig.model_validate(options)
