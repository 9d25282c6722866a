"""Text messages: one segment, once, and not to whoever wants none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from collector.outcomes import Blocked, Ok, Reject, Retry
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.notices import notice
from counterparts.vendors.told import Telling
from counterparts.vendors.twilio import SID, Twilio
from exporters.sms import FACTORY
from exporters.sms.config import SmsConfig
from exporters.sms.gsm import segment, septets, transliterated

ADA, BOB = "+4915112345678", "+4915112345679"
OPTIONS = {"account_sid": SID, "auth_token": "s3cret", "sender": "+15005550006", "to": [ADA, BOB]}


def test_each_is_told_in_a_segment():
    twilio = Twilio()
    assert isinstance(Telling(FACTORY, OPTIONS, twilio).say(notice())[0], Ok)
    assert [to for to, _ in twilio.messages] == [ADA, BOB]
    assert all(septets(body) <= 160 and "payment failed" in body for _, body in twilio.messages)


def test_the_end_is_told_to_whoever_asks_for_it():
    twilio = Twilio()
    Telling(FACTORY, OPTIONS, twilio).say(notice(), notice(sequence=2, status="resolved"))
    assert len(twilio.messages) == 2
    Telling(FACTORY, {**OPTIONS, "resolved": True}, twilio).say(notice(sequence=2, status="resolved"))
    assert len(twilio.messages) == 4


@pytest.mark.parametrize("befalls", ["lost", "hang", "cut"])
def test_a_message_without_an_answer_is_looked_for(befalls):
    """Sent again only where it is not in the list."""
    twilio = Twilio([befalls])
    told = Telling(FACTORY, OPTIONS, twilio)
    told.live([(0.0, notice())], 200)
    assert [to for to, _ in twilio.messages] == [ADA, BOB]
    assert told.outcomes == {"enqueued": 1, "exported": 1}


def test_after_many_calls_without_an_answer_it_is_a_dead_letter():
    """Each of them behind a look at the list."""
    twilio = Twilio(["cut", *["", "cut"] * 20])
    told = Telling(FACTORY, OPTIONS, twilio)
    told.live([(0.0, notice())], 1000)
    assert told.outcomes == {"enqueued": 1, "dead_lettered": 1}
    assert [one.method for one in twilio.asked] == ["POST", *["GET", "POST"] * 20]


def test_what_a_process_before_this_one_sent_is_not_sent_again():
    twilio = Twilio(["", "hang"])
    told = Telling(FACTORY, OPTIONS, twilio)
    told.live([(0.0, notice())], 200, 1.0)
    assert [to for to, _ in twilio.messages] == [ADA, BOB]


def test_the_same_words_of_an_earlier_time_are_another_message():
    twilio = Twilio()
    Telling(FACTORY, OPTIONS, twilio).say(notice())
    twilio.made = "Mon, 16 Nov 2020 10:00:00 +0000"
    twilio.script = ["cut"]
    Telling(FACTORY, OPTIONS, twilio).live([(0.0, notice(group="b" * 32))], 200)
    assert [to for to, _ in twilio.messages] == [ADA, BOB] * 2


def test_429_was_not_carried_out():
    twilio = Twilio(["429", "429", "429"])
    told = Telling(FACTORY, OPTIONS, twilio)
    told.live([(0.0, notice())], 300)
    assert [to for to, _ in twilio.messages] == [ADA, BOB]


NUMBERS = {
    "one opted out": ({BOB: 21610}, Ok, 1), "both are none": ({ADA: 21211, BOB: 21614}, Reject, 0), "our sender": ({ADA: 21606}, Blocked, 0),
    "busy": ({ADA: 20429}, Retry, 0),
}  # fmt: skip


@pytest.mark.parametrize(("codes", "kind", "sent"), NUMBERS.values(), ids=NUMBERS)
def test_each_number_has_an_answer_of_its_own(codes, kind, sent):
    twilio = Twilio(codes=codes)
    assert isinstance(Telling(FACTORY, OPTIONS, twilio).say(notice())[0], kind)
    assert len(twilio.messages) == sent


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_one_segment_without_links(text):
    twilio = Twilio()
    Telling(FACTORY, OPTIONS, twilio).say(hostile(text))
    for _, body in twilio.messages:
        assert septets(body) <= 160
        assert transliterated(body) == body
        assert "\n" not in body
        assert "://" not in body
        assert "evil.example" not in body


def test_letters_outside_of_the_alphabet():
    assert (
        segment("St\xf6rung: \u0141\xf3d\u017a, na\xefve caf\xe9 \u2026 \U0001f525 \u4e16")
        == "St\xf6rung: ?odz, naive caf\xe9 ... ? ?"
    )
    assert len(segment("x" * 500)) == 160


WRONG = {
    "no sender": {"sender": ""}, "two senders": {"messaging_service_sid": "MG" + "0" * 32}, "no number": {"to": ["0151"]},
    "an account elsewhere": {"account_sid": "AC../../x"}, "in the clear": {"endpoint": "http://proxy.example"},
}  # fmt: skip


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_options_that_make_no_sense(options):
    with pytest.raises(ValidationError):
        SmsConfig.model_validate({**OPTIONS, **options})


def test_the_token_is_a_secret():
    assert "s3cret" not in repr(SmsConfig.model_validate(OPTIONS))


def test_that_somebody_has_acknowledged_is_told_where_ends_are():
    for resolved, number in ((False, 0), (True, 2)):
        twilio = Twilio()
        Telling(FACTORY, {**OPTIONS, "resolved": resolved}, twilio).say(notice(acknowledged="ann"))
        assert len(twilio.messages) == number


def test_what_comes_too_often_waits_without_a_place():
    """Two an hour: the third comes half an hour later, critical ones have two of their own."""
    twilio = Twilio()
    options = {**OPTIONS, "to": [ADA], "pace": {"calls": 2, "per": "1h"}, "sending_queue": {"max_age": "0s"}}
    told = Telling(FACTORY, options, twilio)
    groups = [f"{n:032x}" for n in range(4)]
    told.live(
        [(0.0, notice(group=group, level="warning")) for group in groups[:3]] + [(1.0, notice(group=groups[3]))], 3000
    )
    assert len(twilio.messages) == 4
    assert [at > 1700 for at in sorted(twilio.at)] == [False, False, False, True]
