"""PagerDuty: an incident for each group, whatever is repeated."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import GROUP, notice
from counterparts.vendors.pagerduty import KEY, PagerDuty
from counterparts.vendors.told import Telling
from exporters.pagerduty import FACTORY
from exporters.pagerduty.config import PagerdutyConfig

OPTIONS = {"routing_key": KEY}


def test_it_triggers_and_resolves():
    pager = PagerDuty()
    told = Telling(FACTORY, OPTIONS, pager)
    told.say(
        notice(), notice(sequence=2), notice(group="b" * 32, level="warning"), notice(sequence=3, status="resolved")
    )
    assert {key: (one["open"], one["payload"]["severity"]) for key, one in pager.incidents.items()} == {
        GROUP: (False, "critical"), "b" * 32: (True, "warning"),
    }  # fmt: skip
    payload = pager.incidents[GROUP]["payload"]
    assert (payload["source"], payload["component"], payload["timestamp"]) == (
        "shop",
        "Checkout",
        "2023-11-14T22:13:20+00:00",
    )
    assert payload["custom_details"]["cause"] == "deployment 1.4.2 at 09:58"


def test_it_says_who_has_acknowledged():
    """The incident is acknowledged there as well, and stays open."""
    pager = PagerDuty()
    Telling(FACTORY, OPTIONS, pager).say(notice(), notice(sequence=2, acknowledged="ann"))
    incident = pager.incidents[GROUP]
    assert (incident["open"], incident["acknowledged"], pager.triggered) == (True, True, 1)
    assert incident["payload"]["custom_details"]["acknowledged by"] == "ann"


def test_no_form_costs_an_alert():
    pager = PagerDuty(refuses=2)
    assert isinstance(Telling(FACTORY, OPTIONS, pager).say(notice())[0], Ok)
    assert "custom_details" not in pager.incidents[GROUP]["payload"]
    pager.refuses = 3
    assert isinstance(Telling(FACTORY, OPTIONS, pager).say(notice())[0], Split)  # of one record: a dead letter


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_fits_every_field(text):
    """Fields are plain text there; control characters are shown."""
    pager = PagerDuty()
    assert isinstance(Telling(FACTORY, OPTIONS, pager).say(hostile(text))[0], Ok)
    payload = pager.incidents[GROUP]["payload"]
    assert "custom_details" in payload
    assert payload["summary"].isprintable()


ANSWERS = {
    "429": Retry,
    "500": Retry,
    "503": Retry,
    "401": Blocked,
    "403": Blocked,
    "404": Blocked,
    "400": Split,
    "cut": Retry,
}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, PagerDuty([befalls] * 3)).say(notice())[0], kind)


def test_where_and_what_is_not_shown():
    assert PagerdutyConfig(**OPTIONS, region="eu").address == "https://events.eu.pagerduty.com/v2/enqueue"
    assert KEY not in repr(PagerdutyConfig(**OPTIONS))
    with pytest.raises(ValidationError):
        PagerdutyConfig(**OPTIONS, endpoint="http://proxy.example")
