"""Mail: what it looks like, who gets it, what a real server's answers mean."""

from __future__ import annotations

import asyncio
import ssl
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError

from collector.component import Context
from collector.notices.messenger import Message
from collector.outcomes import Blocked, Ok, Reject, Retry
from counterparts.certificates import Authority
from counterparts.vendors.hostile import HOSTILE, hostile
from counterparts.vendors.mailbox import Mailbox, ScriptedMail
from counterparts.vendors.notices import GROUP, made, notice
from counterparts.vendors.told import Telling
from exporters.email import FACTORY
from exporters.email.config import EmailConfig
from exporters.email.exporter import EmailExporter
from exporters.email.page import page

BASE = {
    "sender": "logboom <alerts@tamyla.com>",
    "to": ["Ada <ada@tamyla.com>", "bob@tamyla.com"],
    "hello": "logboom.example",
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The file of an authority, and a server's context."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine = authority.issue("127.0.0.1")
    context.load_cert_chain(mine.cert, mine.key)
    return str(authority.ca_file), context


def send(options, *notices):
    """To a real server: the verdicts."""

    async def main():
        exporter = EmailExporter(EmailConfig.model_validate({**BASE, **options}), Context("email", Path()))
        await exporter.start()
        verdicts = []
        for each in notices:
            try:
                answer = await exporter.send(exporter.encode(made(each)))
            except Exception as error:  # noqa: BLE001  delivery does the same
                answer = error
            verdicts += exporter.classify(answer)
        await exporter.shutdown()
        await asyncio.sleep(0.1)  # TLS says goodbye
        return verdicts

    return asyncio.run(main())


@pytest.mark.parametrize("at_once", [False, True], ids=["STARTTLS", "TLS"])
def test_a_mail_over_tls_with_a_password(pair, at_once):
    file, context = pair
    box = Mailbox()
    login = {} if at_once else {"username": "u", "password": "s3cret"}  # aiosmtpd knows a login behind STARTTLS alone
    with box.serving(context, at_once=at_once, password="" if at_once else "s3cret") as endpoint:
        options = {"endpoint": endpoint, "implicit_tls": at_once, "tls": {"ca_file": file}}
        assert isinstance(send({**options, **login}, notice())[0], Ok)
        if login:
            (wrong,) = send({**options, "username": "u", "password": "wr0ng"}, notice())
            assert isinstance(wrong, Blocked)
            assert "wr0ng" not in wrong.reason
        (stranger,) = send({"endpoint": endpoint, "implicit_tls": at_once}, notice())
        assert isinstance(stranger, Blocked)
        assert "certificate" in stranger.reason
    ((recipients, mail),) = box.mails
    assert recipients == ["ada@tamyla.com", "bob@tamyla.com"]
    assert mail["Subject"] == notice().text
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    assert mail["Message-ID"] == f"<{GROUP}.0@tamyla.com>"
    assert "card declined" in mail.get_body(("plain",)).get_content()
    assert "card declined" in mail.get_body(("html",)).get_content()


def test_nothing_goes_in_the_clear_unless_it_may():
    box = Mailbox()
    with box.serving() as endpoint:
        assert isinstance(send({"endpoint": endpoint}, notice())[0], Blocked)
        assert box.mails == []
        assert isinstance(send({"endpoint": endpoint, "require_tls": False}, notice())[0], Ok)
    assert len(box.mails) == 1


RECIPIENTS = {
    "one gone": ({"bob@tamyla.com": "550 no such user"}, Ok, 1), "one busy": ({"bob@tamyla.com": "452 full"}, Retry, 1),
    "all gone": (dict.fromkeys(("ada@tamyla.com", "bob@tamyla.com"), "550 no"), Reject, 0),
    "all busy": (dict.fromkeys(("ada@tamyla.com", "bob@tamyla.com"), "452 no"), Retry, 0),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "kind", "mails"), RECIPIENTS.values(), ids=RECIPIENTS)
def test_each_recipient_has_an_answer_of_its_own(answers, kind, mails):
    box = Mailbox(answers=answers)
    with box.serving() as endpoint:
        (found,) = send({"endpoint": endpoint, "require_tls": False}, notice())
    assert isinstance(found, kind)
    assert len(box.mails) == mails


def test_who_was_told_is_not_told_again_while_others_are_tried():
    box = Mailbox(answers={"bob@tamyla.com": "452 full"})
    with box.serving() as endpoint:

        async def main():
            exporter = EmailExporter(
                EmailConfig.model_validate({**BASE, "endpoint": endpoint, "require_tls": False}), Context("e", Path())
            )
            await exporter.start()
            message = exporter.encode(made(notice()))
            first = await exporter.send(message)
            box.answers.clear()
            return first, await exporter.send(message)

        first, second = asyncio.run(main())
    assert (type(first), type(second)) == (Retry, Ok)
    assert [recipients for recipients, _ in box.mails] == [["ada@tamyla.com"], ["bob@tamyla.com"]]


def test_no_form_costs_an_alert():
    box = Mailbox(content=["552 too large", "554 no"])
    with box.serving() as endpoint:
        options = {"endpoint": endpoint, "require_tls": False}
        assert isinstance(send(options, notice())[0], Ok)
        ((_, mail),) = box.mails
        assert not mail.is_multipart()
        box.content = ["554 no"] * 3
        assert isinstance(send(options, notice())[0], Reject)
        box.content = ["451 later"]
        assert isinstance(send(options, notice())[0], Retry)
    assert isinstance(send({"endpoint": endpoint, "require_tls": False}, notice())[0], Retry)  # nobody listens any more


def test_mails_of_a_group_are_a_thread():
    mail = ScriptedMail()
    told = Telling(FACTORY, {**BASE, "endpoint": "mail.example:587"}, mail)
    told.say(notice(), notice(sequence=2), notice(sequence=3, status="resolved"))
    first, second, third = (one for _, one in mail.box.mails)
    assert {one["References"] for one in (second, third)} == {first["Message-ID"]}
    assert len({one["Message-ID"] for one in (first, second, third)}) == 3
    told.say(notice(status="digest", group="d" * 32))
    assert mail.box.mails[-1][1]["Message-ID"].startswith("<" + "d" * 32 + ".1@")


class Looking(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen |= {tag, *(f"{tag}.{name}" for name, _ in attrs)}

    def handle_data(self, data):
        self.text += data


PLAIN = Looking()
PLAIN.feed(page(notice()))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text):
    """No header, no element, no address that a mail program links."""
    mail = ScriptedMail()
    (found,) = Telling(FACTORY, {**BASE, "endpoint": "mail.example:587"}, mail).say(hostile(text))
    assert isinstance(found, Ok)
    ((_, one),) = mail.box.mails
    assert one["Bcc"] is None
    assert one["To"] == "ada@tamyla.com, bob@tamyla.com"
    shown = Looking()
    shown.feed(one.get_body(("html",)).get_content())
    assert shown.seen <= PLAIN.seen
    for part in (shown.text, one.get_body(("plain",)).get_content()):
        assert "://" not in part
        assert "evil.example" not in part
        assert all(sign.isprintable() or sign in "\n\u200b" for sign in part.replace("\r\n", "\n"))


WRONG = {
    "no server": {"endpoint": "mail"}, "no recipient": {"to": []}, "no address": {"to": ["ada"]}, "two in one": {"to": ["a@x.org, b@x.org"]},
    "a line break": {"to": ["a@x.org\nBcc: b@x.org"]}, "a stranger": {"allow_domains": ["other.example"]},
    "a password in the clear": {"username": "u", "password": "s3cret", "require_tls": False}, "half a login": {"username": "u"},
    "a prefix of two lines": {"subject_prefix": "a\r\nBcc: x@y.org"}, "no sender": {"sender": "x"},
}  # fmt: skip


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_options_that_make_no_sense(options):
    with pytest.raises(ValidationError) as refused:
        EmailConfig.model_validate({**BASE, "endpoint": "mail.example:587", **options})
    assert "s3cret" not in str([each["msg"] for each in refused.value.errors()])


def test_what_is_over_and_was_never_told_is_a_line():
    mail = ScriptedMail()
    Telling(FACTORY, {**BASE, "endpoint": "mail.example:587"}, mail).say(notice(status="resolved"))
    assert not mail.box.mails[0][1].is_multipart()
    assert Message(notice(status="resolved"), ("", ""), None).unknown_end
