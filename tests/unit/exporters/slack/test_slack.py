"""Slack: what a message looks like, what answers mean, and that the channel ends in the group's true state."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Reject, Retry, Superseded
from collector.testing.text_batch import text_batch
from collector.transport.http_client import HttpAnswer
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import notice
from counterparts.vendors.slack import HOOK, Slack, problems, texts
from counterparts.vendors.told import Telling
from exporters.slack import FACTORY
from exporters.slack.answers import verdict
from exporters.slack.blocks import words
from exporters.slack.config import SlackConfig

WEBHOOK = {"url": f"https://hooks.slack.com{HOOK}"}
BOT = {"token": "xoxb-s3cret", "channel": "C0DE"}


def test_a_webhook_gets_a_message_each_time():
    slack = Slack()
    assert [
        type(one) for one in Telling(FACTORY, WEBHOOK, slack).say(notice(), notice(sequence=2, status="resolved"))
    ] == [Ok, Ok]
    first, last = slack.channel.values()
    assert "payment failed" in first["text"]
    assert "RESOLVED" in last["text"]


def test_a_bot_keeps_the_head_and_tells_the_thread():
    """One line in the channel for a group; a new one when it comes back after it was over."""
    slack = Slack()
    told = Telling(FACTORY, BOT, slack)
    told.say(notice(), notice(sequence=2, count=40), notice(sequence=3, status="resolved"))
    (head,) = slack.channel.values()
    assert "RESOLVED" in head["text"]
    assert [reply["text"][:1] for reply in head["thread"]] == ["\U0001f534", "\u2705"]
    told.say(notice(sequence=4))
    assert len(slack.channel) == 2


def test_a_head_that_is_gone_is_made_anew():
    slack = Slack()
    told = Telling(FACTORY, BOT, slack)
    told.say(notice())
    slack.channel.clear()
    assert isinstance(told.say(notice(sequence=2))[0], Ok)
    told.say(notice(sequence=3))
    assert len(slack.channel) == 1


def test_who_may_not_look_says_it_all_the_same():
    """Without the scope for it, in a process whose predecessor may have said it."""
    slack = Slack(["", "lost"], history=False)
    Telling(FACTORY, BOT, slack).live([(0.0, notice())], 60, 1.0)
    assert len(slack.channel) == 2


def test_a_head_that_nobody_remembers_is_found():
    """Its process died before it was on disk: what comes next is told in its thread."""
    slack = Slack(["", "hang"])
    told = Telling(FACTORY, BOT, slack)
    told.live([(0.0, notice()), (2.0, notice(sequence=2))], 60, 1.0)
    (head,) = slack.channel.values()
    assert [reply["metadata"]["event_payload"]["sequence"] for reply in head["thread"]] == ["2"]


def test_what_was_never_told_and_is_over_is_a_line():
    slack = Slack()
    Telling(FACTORY, WEBHOOK, slack).say(notice(status="resolved"))
    (only,) = slack.channel.values()
    assert "blocks" not in only


def test_what_is_older_than_what_was_said_is_not_said():
    slack = Slack()
    assert [type(one) for one in Telling(FACTORY, BOT, slack).say(notice(sequence=2), notice(sequence=1))] == [
        Ok,
        Superseded,
    ]
    assert [one.method for one in slack.asked] == ["GET", "POST"]


@pytest.mark.parametrize("options", [WEBHOOK, BOT], ids=["webhook", "bot"])
def test_no_form_costs_an_alert(options):
    """Blocks, plain text, a line; a message that is refused even so is a dead letter."""
    slack = Slack(
        errors=["invalid_blocks", "msg_too_long"] if options is BOT else ["invalid_blocks", "invalid_payload"]
    )
    told = Telling(FACTORY, options, slack)
    assert isinstance(told.say(notice())[0], Ok)
    (only,) = slack.channel.values()
    assert "blocks" not in only
    slack.errors = ["invalid_blocks"] * 3
    assert isinstance(told.say(notice(sequence=2, group="b" * 32))[0], Reject)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_neither_pings_nor_links(text):
    """It stands where nothing is parsed; what is parsed is escaped; Slack takes the form."""
    for message in words(hostile(text)):
        assert list(problems(message)) == []
        assert not set(message["text"]) & set("<>")
        assert "://" not in message["text"]
        kinds = json.dumps(message.get("blocks", []))
        assert '"mrkdwn"' not in kinds
        assert '"link"' not in kinds
        assert '"user"' not in kinds
        shown = "".join(texts(message.get("blocks", [])))
        assert all(sign.isprintable() or sign == "\n" for sign in shown)


ANSWERS = {
    "ok": (200, b'{"ok":true}', Ok), "webhook": (200, b"ok", Ok), "page": (200, b"<html>", Blocked), "nothing": (200, b"", Blocked),
    "limited": (200, b'{"ok":false,"error":"ratelimited"}', Retry), "429": (429, b"", Retry), "500": (500, b"", Retry),
    "token": (200, b'{"ok":false,"error":"invalid_auth"}', Blocked), "not invited": (200, b'{"ok":false,"error":"not_in_channel"}', Blocked),
    "new word": (200, b'{"ok":false,"error":"something_new"}', Blocked), "form": (200, b'{"ok":false,"error":"invalid_blocks"}', Reject),
    "webhook gone": (404, b"no_service", Blocked), "archived": (410, b"channel_is_archived", Blocked), "forbidden": (403, b"action_prohibited", Blocked),
    "webhook form": (400, b"invalid_payload", Reject), "large": (413, b"", Reject),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), ANSWERS.values(), ids=ANSWERS)
def test_answers(status, body, kind):
    assert isinstance(verdict(HttpAnswer(status, {}, body)), kind)


def test_an_answer_that_repeats_the_secret_is_not_repeated():
    answer = HttpAnswer(200, {}, b'{"ok":false,"error":"xoxb-s3cret/is {wrong}"}')
    assert "s3cret" not in repr(verdict(answer))


WRONG = {
    "neither": {}, "both": {**WEBHOOK, **BOT}, "no channel": {"token": "x"}, "in the clear": {"url": "http://slack.example/x"},
    "events": {**BOT, "events": True}, "a channel of two lines": {"token": "x", "channel": "a\nb"},
}  # fmt: skip


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_options_that_make_no_sense(options):
    with pytest.raises(ValidationError) as refused:
        SlackConfig.model_validate(options)
    assert "s3cret" not in str([each["msg"] for each in refused.value.errors()])


def test_nothing_shown_holds_the_secret():
    config = SlackConfig.model_validate(WEBHOOK)
    assert "s3cret" not in repr(config) + config.destination() + config.model_dump_json()


def test_records_of_senders_are_none_of_its_business():
    """Wherever it stands in a pipeline."""
    slack = Slack()
    told = Telling(FACTORY, BOT, slack)
    told.ledger.put(text_batch(["a line"]))
    told.live([(0.0, notice())], 5)
    assert told.outcomes == {"enqueued": 2, "filtered": 1, "exported": 1}
    assert len(slack.channel) == 1
