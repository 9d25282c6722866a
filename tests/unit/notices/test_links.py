"""What can be done about a message stands in it, where a receiver takes links: the same at each attempt, for its reader alone."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from collector.alert_commands import ACKNOWLEDGE, RESOLVE, SILENCE
from collector.component import Context
from collector.notices import notices_of
from collector.notices.links import links
from collector.notices.messenger import Message
from collector.notices.tickets import issue_label, labels
from collector.registry import default_registry
from collector.responses import words as words_of_responses
from collector.signed_links import VERBS, Act, Signer
from counterparts.vendors.notices import GROUP, alert, made, notice
from counterparts.vendors.slack import problems
from exporters.email.config import EmailConfig
from exporters.email.mail import mails
from exporters.slack.blocks import words
from exporters.teams.adaptive import messages

AT = 1_700_000_000
SIGNER = Signer([b"k" * 32], "https://hooks.example", 3600.0, now=lambda: AT)
FIRING = notice(at=AT * 1_000_000_000)
LINKS = links(FIRING, SIGNER, "slack/ops")


def test_of_what_goes_on_four_things_can_be_done() -> None:
    assert [link.label for link in LINKS] == ["Acknowledge", "Silence 1 h", "Silence 1 d", "Resolve"]
    first = SIGNER.act(LINKS[0].token)
    assert first == Act("ack", "tamyla.com", GROUP, AT + 3600, via="slack/ops", about="shop")
    assert LINKS[0].url == f"https://hooks.example/act/{LINKS[0].token}"
    assert links(FIRING, SIGNER, "slack/ops") == LINKS, "the same at each attempt"


def test_of_what_is_over_and_where_nobody_takes_links_nothing_can() -> None:
    assert links(FIRING, None, "x") == ()
    assert links(notice(status="resolved"), SIGNER, "x") == ()
    assert links(notice(status="digest"), SIGNER, "x") == ()


def test_who_acknowledged_it_need_not_again() -> None:
    shown = links(notice(acknowledged="ann"), SIGNER, "x")
    assert [link.label for link in shown] == ["Silence 1 h", "Silence 1 d", "Resolve"]


def test_what_waits_for_an_approval_is_asked_first_and_for_half_an_hour() -> None:
    asking = notice(at=AT * 1_000_000_000, asks={"r1": "restart api.service", "r2": "roll back shop"})
    approve, deny, *_ = links(asking, SIGNER, "slack/ops")
    assert (approve.label, deny.label) == ("Approve: restart api.service", "Deny: restart api.service")
    act = SIGNER.act(approve.token)
    assert (act.subject, act.expires) == ("r1", AT + 1800)
    assert act.attributes() == {"logboom.response.id": "r1"}
    assert len(links(notice(asks={f"r{n}": "x" * 500 for n in range(9)}), SIGNER, "x")) == 3 * 2 + 4
    assert list(problems(words(asking, links(asking, SIGNER, "x"))[0])) == []


def test_links_ask_for_what_their_owners_take() -> None:
    taken = {
        "ack": ACKNOWLEDGE,
        "silence": SILENCE,
        "resolve": RESOLVE,
        "approve": words_of_responses.APPROVE,
        "deny": words_of_responses.DENY,
    }
    assert {verb: kind.command for verb, kind in VERBS.items()} == taken
    assert {VERBS[verb].subject for verb in ("approve", "deny")} == {words_of_responses.ID}


def test_what_is_asked_travels_with_the_notice() -> None:
    asking = notice(asks={"r1": "restart api.service"})
    assert [one.asks for one in notices_of(made(asking, notice(sequence=2)))] == [{"r1": "restart api.service"}, {}]


def test_no_text_of_a_record_stands_in_a_token() -> None:
    shown = notice(text="hunter2", alerts=[alert(samples=("hunter2",), annotations={"summary": "hunter2"})])
    assert all("hunter2" not in SIGNER.act(link.token).about for link in links(shown, SIGNER, "x"))


@pytest.mark.parametrize("hands_back", [False, True])
def test_slack_takes_the_buttons(hands_back: bool) -> None:
    form = words(FIRING, LINKS, hands_back=hands_back)
    assert [list(problems(each)) for each in form] == [[], [], []]
    (actions,) = [block for block in form[0]["blocks"] if block["type"] == "actions"]
    held = [button.get("value") or button["url"] for button in actions["elements"]]
    assert held == [link.token if hands_back else link.url for link in LINKS]
    assert len({button["action_id"] for button in actions["elements"]}) == 4
    assert "actions" not in str(words(FIRING))


def test_teams_opens_them_and_stays_within_its_size() -> None:
    card = messages(FIRING, LINKS)[0]
    content = card["attachments"][0]["content"]
    assert [(each["type"], each["url"]) for each in content["actions"]] == [
        ("Action.OpenUrl", link.url) for link in LINKS
    ]
    assert len(orjson.dumps(card)) <= 20_000
    assert "actions" not in messages(FIRING)[0]["attachments"][0]["content"]


def test_a_mail_has_them_whole_in_both_parts() -> None:
    config = EmailConfig.model_validate({"endpoint": "h:587", "sender": "a@b.com", "to": ["c@b.com"]})
    message = Message(FIRING, ("tamyla.com", GROUP), None)
    raw = mails(message, config, ["c@b.com"], datetime.now(UTC), LINKS)[0]
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    plain, html = (parsed.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert [url for url in re.findall(r"https://\S+", plain.get_content()) if "/act/" in url] == [
        link.url for link in LINKS
    ]
    assert re.findall(r'href="([^"]+)"', html.get_content()) == [link.url for link in LINKS]


def _options(name: str) -> dict[str, Any]:
    return {
        "slack": {"token": "xoxb-s3cret", "channel": "C1"}, "teams": {"url": "https://h/x"},
        "email": {"endpoint": "h:587", "sender": "a@b.com", "to": ["c@b.com"]},
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", ["slack", "teams", "email"])
def test_exporters_that_tell_one_reader_are_given_who_signs(name: str) -> None:
    from collector.component import Kind

    factory = default_registry().find(Kind.EXPORTER, name)
    assert factory is not None
    exporter = factory.create(factory.config.model_validate(_options(name)), Context(f"{name}/x", Path(), links=SIGNER))
    assert (exporter._id, exporter._signer) == (f"{name}/x", SIGNER)


def test_a_ticket_is_read_by_many_and_holds_none_but_names_its_issue() -> None:
    told = notice(labels={"domain": "tamyla.com", "issue": "fedcba9876543210"})
    assert labels(told) == [f"logboom-{GROUP[:16]}", "logboom-issue-fedcba9876543210"]
    several = [alert(labels={"issue": "a" * 16}), alert(labels={"issue": "b" * 16})]
    assert issue_label(notice(alerts=several)) == ""
    assert issue_label(notice(alerts=several[:1], truncated=1)) == ""
    assert issue_label(notice(alerts=several[:1])) == f"logboom-issue-{'a' * 16}"
    assert labels(notice()) == [f"logboom-{GROUP[:16]}"]
