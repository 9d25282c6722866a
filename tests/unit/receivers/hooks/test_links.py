"""Signed links: GET shows, POST does, once a page; and nothing is shown to whoever has no token."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from collector.control.asking import NotTaken, Settled
from collector.errors import Unavailable
from collector.ingress.http_response import Response
from collector.receivers.hooks.links import Links
from collector.signed_links import Act, Signer
from counterparts.command_owner import Owner

NOW = 1_772_366_400.0
GROUP = "0123456789abcdef0123456789abcdef"
ACK = Act("ack", "a.com", GROUP, int(NOW) + 60, via="email/team", about="shop/<b>Checkout</b>")
SIGNER = Signer([b"k" * 32], "https://h.example", 60.0, now=lambda: NOW)
ISSUES = {"logboom.alert.issues": "i1,i2"}


def links(owner: Owner | None = None) -> Links:
    return Links(SIGNER, owner or Owner())


def pressed(owner: Owner, act: Act, attempt: str = "") -> Response:
    return asyncio.run(links(owner).done(SIGNER.token(act), f"attempt={attempt}".encode(), "192.0.2.1"))


def attempt_of(shown: Response) -> str:
    found = re.search(rb'name="attempt" value="([0-9a-f]{16})"', shown.body)
    assert found is not None
    return found[1].decode()


def test_get_shows_and_does_nothing() -> None:
    """Scanners of mail, previews of chat follow links."""
    owner = Owner()
    shown = links(owner).shown(SIGNER.token(ACK))
    assert (shown.status, owner.handed) == (200, [])
    assert b"<h1>Acknowledge?</h1>" in shown.body
    assert b"shop/&lt;b&gt;Checkout&lt;/b&gt;" in shown.body
    assert b'<form method="post">' in shown.body
    headers = dict(shown.headers)
    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert (headers[b"cache-control"], headers[b"referrer-policy"]) == (b"no-store", b"no-referrer")
    assert SIGNER.token(ACK).encode() not in shown.body


def test_post_does_it_and_what_follows() -> None:
    owner = Owner(alert_acknowledge=Settled("alerting", applied=True, snapshot=ISSUES))
    done = pressed(owner, ACK)
    assert (done.status, b"Done: acknowledged" in done.body) == (200, True)
    assert [each.name.removeprefix("logboom.command.") for each in owner.handed] == [
        "alert.acknowledge", "issue.acknowledge", "issue.acknowledge",
    ]  # fmt: skip
    first = owner.handed[0]
    assert (first.domain, first.attributes["logboom.alert.group"]) == ("a.com", GROUP)
    assert first.attributes["logboom.command.who"] == "a link, from 192.0.2.1"
    assert first.attributes["logboom.command.why"] == "acknowledged by a message of email/team"
    assert not any(SIGNER.token(ACK) in str(each) for each in owner.handed), "a token is a secret"


def test_a_page_does_it_once_and_another_page_again() -> None:
    owner = Owner()
    one, other = (attempt_of(links().shown(SIGNER.token(ACK))) for _ in range(2))
    for attempt in (one, one, other):
        assert pressed(owner, ACK, attempt).status == 200
    assert len(owner.handed) == 2


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_what_was_refused_is_asked_for_again_by_another_page(verb: str) -> None:
    """A response that may not begin now waits on: the link that the message holds is good until it may. Its owner lets one approval through."""
    owner, act = Owner(), replace(ACK, verb=verb, subject="r1")
    for attempt in ("one", "one", "other"):
        assert pressed(owner, act, attempt).status == 200
    one, other = owner.handed
    assert one.id != other.id, "ids of what was refused are known for a day, too"
    assert (one.name, one.attributes["logboom.response.id"]) == (f"logboom.command.response.{verb}", "r1")


def test_a_silence_is_of_the_group_and_asks_nothing_of_issues() -> None:
    owner = Owner(alert_silence=Settled("alerting", applied=True, snapshot=ISSUES))
    assert pressed(owner, replace(ACK, verb="silence", seconds=3600)).status == 200
    (silence,) = owner.handed
    assert silence.attributes["logboom.alert.seconds"] == 3600.0


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (
            Settled("alerting", applied=False, reason="there is no alert of <it>"),
            409,
            b"there is no alert of &lt;it&gt;",
        ),
        (None, 202, b"3 before it"),
        (NotTaken("no such domain"), 422, b"no such domain"),
    ],
    ids=["refused", "late", "not taken"],
)
def test_what_became_of_it_is_said(answer: object, status: int, said: bytes) -> None:
    page = pressed(Owner(alert_acknowledge=answer), ACK)
    assert (page.status, said in page.body) == (status, True)


def test_what_cannot_be_written_down_is_asked_for_again() -> None:
    with pytest.raises(Unavailable):
        pressed(Owner(alert_acknowledge=Unavailable("not now")), ACK)


def test_expired_and_forged_links_do_nothing() -> None:
    owner = Owner()
    late = replace(ACK, expires=int(NOW))
    assert pressed(owner, late).status == 410
    assert links(owner).shown(SIGNER.token(late)).status == 410
    forged = Signer([b"x" * 32]).token(ACK)
    assert links(owner).shown(forged).status == 404
    assert asyncio.run(links(owner).done(forged, b"", "")).status == 404
    assert GROUP.encode() not in links(owner).shown(forged).body
    assert owner.handed == []
