"""Alertmanager: alerts with names and values that it takes, to each server of a cluster."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
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
