"""The operator's own words: rendered once when the configuration is read, data of senders stays data, a template that fails costs nothing."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from pydantic import ValidationError

from collector.notices.templates import Templates
from collector.notices.wording import notes, plain, title
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import notice
from counterparts.vendors.pagerduty import KEY, PagerDuty
from counterparts.vendors.slack import Slack
from counterparts.vendors.told import Telling
from exporters import pagerduty, slack

TITLE = "{{ level | upper }} in {{ labels.service }}: {{ alerts[0].summary }} ({{ count }}){{ labels.team.lead }}"
NOTE = "runbook: ops/{{ labels.service }}{% if flapped %}, it flaps{% endif %}"


def test_a_title_and_a_note():
    said = Templates(TITLE, NOTE).applied(notice(flapped=2))
    assert title(said) == "CRITICAL in shop: payment failed: card declined (12)"
    assert dict(notes(said))["note"] == "runbook: ops/shop, it flaps"
    assert "note: runbook: ops/shop, it flaps" in plain(said)


def test_exporters_say_it():
    words = {"template": {"title": TITLE, "note": NOTE}}
    pager, channel = PagerDuty(), Slack()
    Telling(pagerduty.FACTORY, {"routing_key": KEY, **words}, pager).say(notice())
    payload = next(iter(pager.incidents.values()))["payload"]
    assert (payload["summary"], payload["custom_details"]["note"]) == ("CRITICAL in shop: payment failed: card declined (12)", "runbook: ops/shop")  # fmt: skip
    Telling(slack.FACTORY, {"token": "xoxb-s3cret", "channel": "C0DE", **words}, channel).say(notice())
    assert "CRITICAL in shop" in next(iter(channel.channel.values()))["text"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_data(text):
    """What a sender writes is no template."""
    said = Templates("{{ labels.service }}{{ alerts[0].summary }}", "{{ alerts[0].samples | join }}").applied(
        hostile(text)
    )
    expected = (text + text).strip()[:1000]
    assert said.text in (expected, hostile(text).text)
    assert "49" not in said.text or "49" in text


WRONG = {
    "no template": ("{{ level", "unexpected end"), "an unknown filter": ("{{ level | nonsense }}", "nonsense"),
    "it changes something": ("{{ labels.clear() }}", "template.title"), "a name that there is not": ("{{ lables.service }}", "there is no lables"), "endless": ("{% for n in range(10000000) %}x{% endfor %}", "Range too big"),
}  # fmt: skip


@pytest.mark.parametrize(("template", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_before_anything_runs(template, said):
    with pytest.raises(ValidationError, match=r"template\.title") as refused:
        pagerduty.FACTORY.config.model_validate({"routing_key": KEY, "template": {"title": template}})
    assert said in str(refused.value)


def test_a_template_that_fails_costs_nothing(caplog):
    """On a notice of a kind that nobody thought of: the usual words, and once a line in the log."""
    template = Templates("{{ 12 // (truncated - 3) }}")
    template.check()
    with caplog.at_level(logging.WARNING):
        assert [template.applied(replace(notice(), truncated=3)).text for _ in range(3)] == [notice().text] * 3
    assert len(caplog.records) == 1


def test_what_python_keeps_inside_stays_there():
    """No class, no module, no way out."""
    for template in (
        "{{ labels.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ text.format.__globals__ }}",
    ):
        assert Templates(template).applied(notice()).text == notice().text


def test_where_nothing_is_said_nothing_changes():
    assert Templates().applied(notice()) is not None
    assert Templates().applied(notice()) == notice()
