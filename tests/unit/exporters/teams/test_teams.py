"""Microsoft Teams: cards that every client can show, in which nothing of a sender's is read as Markdown."""

from __future__ import annotations

import orjson
import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Retry, Split
from collector.transport.http_client import HttpAnswer
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import notice
from counterparts.vendors.teams import PATH, Teams, problems, runs
from counterparts.vendors.told import Telling
from exporters.teams import FACTORY
from exporters.teams.adaptive import messages
from exporters.teams.config import TeamsConfig
from exporters.teams.exporter import meant

OPTIONS = {"url": f"https://x.environment.api.powerplatform.com{PATH}?sig=s3cret"}


def test_a_card_each_time():
    teams = Teams()
    Telling(FACTORY, OPTIONS, teams).say(notice(), notice(sequence=2, status="resolved"))
    first, last = ("".join(runs(each)) for each in teams.posted)
    assert "payment failed after 812 ms" in first
    assert "deployment 1.4.2" in first
    assert "RESOLVED" in last


def test_what_was_never_told_and_is_over_is_a_line():
    teams = Teams()
    Telling(FACTORY, OPTIONS, teams).say(notice(status="resolved"))
    assert len(list(runs(teams.posted[0]))) == 1


def test_no_form_costs_an_alert():
    teams = Teams(refuses=2)
    assert isinstance(Telling(FACTORY, OPTIONS, teams).say(notice())[0], Ok)
    assert len(list(runs(teams.posted[0]))) == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text):
    """Text runs of text runs, no link, small enough."""
    for message in messages(hostile(text)):
        assert list(problems(message)) == []
        assert len(orjson.dumps(message)) < 21_000
        shown = "".join(runs(message))
        assert "://" not in shown
        assert "evil.example" not in shown


ANSWERS = {"429": Retry, "500": Retry, "401": Blocked, "403": Blocked, "404": Blocked, "400": Split, "cut": Retry}


@pytest.mark.parametrize(("befalls", "kind"), ANSWERS.items(), ids=ANSWERS)
def test_answers(befalls, kind):
    assert isinstance(Telling(FACTORY, OPTIONS, Teams([befalls] * 3)).say(notice())[0], kind)


def test_200_that_means_something_else():
    """Webhooks of old said so in words."""
    said = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x."
    assert meant(HttpAnswer(200, {}, said)).status == 429
    assert meant(HttpAnswer(200, {}, b"1")).status == 200


def test_the_url_is_a_secret():
    config = TeamsConfig.model_validate(OPTIONS)
    assert "s3cret" not in repr(config) + config.destination() + config.model_dump_json()
    with pytest.raises(ValidationError) as refused:
        TeamsConfig(url="http://flow.example/s3cret")
    assert "s3cret" not in refused.value.errors()[0]["msg"]
