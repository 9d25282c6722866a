"""ServiceNow: an incident for each group, in step with it, whatever the account may write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import GROUP, notice
from counterparts.vendors.servicenow import ServiceNow
from counterparts.vendors.told import Telling
from exporters.servicenow import FACTORY
from exporters.servicenow.config import ServicenowConfig
from exporters.servicenow.exporter import ServicenowExporter

OPTIONS = {
    "endpoint": "https://tamyla.service-now.com", "username": "logboom", "password": "s3cret", "assignment_group": "ops", "on_resolve": "close",
    "fields": {"category": "software"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def settled(request, monkeypatch):
    """Without an engine nothing waits."""
    if not request.node.name.startswith("test_never_two"):
        monkeypatch.setattr(ServicenowExporter, "settles_secs", 0.0)


def test_an_incident_is_created_noted_resolved_and_opened_again():
    snow = ServiceNow()
    told = Telling(FACTORY, OPTIONS, snow)
    told.say(notice(), notice(sequence=2))
    (row,) = snow.rows.values()
    assert (row["correlation_id"], row["urgency"], row["assignment_group"], row["category"]) == (
        GROUP,
        "1",
        "ops",
        "software",
    )
    assert len(row["notes"]) == 1
    told.say(notice(sequence=3, status="resolved"))
    assert (row["state"], row["close_code"], len(row["notes"])) == ("6", "Solution provided", 2)
    told.say(notice(sequence=4))
    assert (row["state"], len(snow.rows)) == ("2", 1)


@pytest.mark.parametrize(("state", "rows"), [("7", 2), ("8", 1)], ids=["closed is final", "cancelled is unwanted"])
def test_what_people_ended(state, rows):
    snow = ServiceNow()
    told = Telling(FACTORY, OPTIONS, snow)
    told.say(notice())
    next(iter(snow.rows.values()))["state"] = state
    told.say(notice(sequence=2))
    assert len(snow.rows) == rows


def test_a_key_that_may_not_be_written_stops_it():
    """Else each message could make one more."""
    snow = ServiceNow(drops=("correlation_id",))
    told = Telling(FACTORY, OPTIONS, snow)
    (found,) = told.say(notice())
    assert isinstance(found, Blocked)
    assert "correlation_id" in found.reason
    assert [row["state"] for row in snow.rows.values()] == ["8"]
    told.live([(0.0, notice(group="b" * 32))], 3000)
    assert len(snow.rows) == 2


@pytest.mark.parametrize("befalls", ["lost", "hang"])
def test_never_two_after_a_lost_answer(befalls):
    snow = ServiceNow(["", "", befalls])
    told = Telling(FACTORY, OPTIONS, snow)
    told.live([(0.0, notice())], 200)
    assert len(snow.rows) == 1
    assert told.outcomes == {"enqueued": 1, "exported": 1}


@pytest.mark.parametrize("kill", [10.15, 10.2, 12.0])
def test_never_two_after_a_death(kill):
    snow = ServiceNow()
    Telling(FACTORY, OPTIONS, snow).live([(0.0, notice())], 200, kill)
    assert len(snow.rows) == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text):
    """Fields of plain text; nothing of it is in a query or a URL."""
    snow = ServiceNow()
    found = Telling(FACTORY, OPTIONS, snow).say(hostile(text), replace(hostile(text), sequence=2))
    assert [type(one) for one in found] == [Ok, Ok]
    (row,) = snow.rows.values()
    assert row["short_description"].isprintable()
    assert len(row["notes"]) == 1
    assert not any(
        sign in note.lower().replace(" ", "") for note in row["notes"] for sign in ("[code", "[/code", "://")
    )


ANSWERS = {"429": Retry, "500": Retry, "401": Blocked, "403": Blocked, "404": Blocked, "400": Split, "cut": Retry}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, ServiceNow([befalls])).say(notice())[0], kind)


def test_options():
    assert "s3cret" not in repr(ServicenowConfig.model_validate(OPTIONS))
    key = {"endpoint": "https://x.service-now.com", "api_key": "s3cret"}
    assert isinstance(Telling(FACTORY, key, ServiceNow()).say(notice())[0], Ok)
    for wrong in ({"api_key": "k"}, {"password": ""}, {"endpoint": "http://snow.example"}, {"table": "incident/../x"}):
        with pytest.raises(ValidationError):
            ServicenowConfig.model_validate({**OPTIONS, **wrong})
