"""Jira Service Management and Opsgenie: an alert for each group, whatever is repeated."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.jsm import KEY, Jsm
from counterparts.vendors.notices import GROUP, notice
from counterparts.vendors.told import Telling
from exporters.jsm import FACTORY
from exporters.jsm.config import JsmConfig

OPTIONS = {"key": KEY, "tags": ["team:shop"]}


def test_it_creates_and_closes():
    jsm = Jsm()
    told = Telling(FACTORY, OPTIONS, jsm)
    told.say(notice(), notice(sequence=2))
    alert = jsm.alerts[GROUP]
    assert (alert["priority"], alert["count"], alert["tags"]) == ("P1", 2, ["team:shop", "critical"])
    assert alert["details"]["service"] == "shop"
    told.say(notice(sequence=3, status="resolved"))
    assert not jsm.alerts[GROUP]["open"]
    told.say(notice(sequence=4))
    assert jsm.alerts[GROUP]["open"]


def test_what_is_acknowledged_is_so_there():
    jsm = Jsm()
    Telling(FACTORY, OPTIONS, jsm).say(notice(), notice(sequence=2, acknowledged="ann"))
    assert (jsm.alerts[GROUP]["open"], jsm.alerts[GROUP]["acknowledged"]) == (True, True)


def test_what_somebody_deleted_is_over():
    jsm = Jsm()
    told = Telling(FACTORY, OPTIONS, jsm)
    told.say(notice())
    jsm.alerts.clear()
    assert isinstance(told.say(notice(sequence=2, status="resolved"))[0], Ok)


def test_no_form_costs_an_alert():
    jsm = Jsm(refuses=2)
    assert isinstance(Telling(FACTORY, OPTIONS, jsm).say(notice())[0], Ok)
    assert "description" not in jsm.alerts[GROUP]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_fits_every_field(text):
    jsm = Jsm()
    assert isinstance(Telling(FACTORY, OPTIONS, jsm).say(hostile(text))[0], Ok)
    assert jsm.alerts[GROUP]["message"].isprintable()
    assert "details" in jsm.alerts[GROUP]


ANSWERS = {"429": Retry, "500": Retry, "401": Blocked, "403": Blocked, "404": Blocked, "422": Split, "cut": Retry}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, Jsm([befalls] * 3)).say(notice())[0], kind)


def test_where_and_what_is_not_shown():
    assert JsmConfig(key=KEY, service="opsgenie_eu").address == "https://api.eu.opsgenie.com/v2/alerts"
    assert KEY not in repr(JsmConfig(key=KEY))
    with pytest.raises(ValidationError):
        JsmConfig(key=KEY, endpoint="http://proxy.example")
