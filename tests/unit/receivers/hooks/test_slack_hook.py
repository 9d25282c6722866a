"""Buttons in Slack: signed by Slack, of now; what they do is signed by us."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.alert_commands import ACKNOWLEDGE
from collector.control.asking import Settled
from collector.errors import Unauthenticated
from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.receivers.hooks.slack import SlackHook
from collector.signed_links import Act, Signer
from counterparts.command_owner import Owner

NOW = 1_772_366_400.0
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # of Slack's own documentation
SIGNER = Signer([b"k" * 32], now=lambda: NOW)
ACK = Act("ack", "a.com", "0123456789abcdef0123456789abcdef", int(NOW) + 60, via="slack/ops")
PAYLOAD = json.loads((Path(__file__).parent / "payloads" / "slack.json").read_text())


def sent(body: bytes, at: float = NOW, secret: str = SECRET) -> Hook:
    mark = hmac.new(secret.encode(), f"v0:{at:.0f}:".encode() + body, hashlib.sha256).hexdigest()
    return Hook(body, {"x-slack-signature": f"v0={mark}", "x-slack-request-timestamp": f"{at:.0f}"}.get, "", "", "")


def button(token: str, **more: Any) -> bytes:
    (action,) = PAYLOAD["actions"]
    said = {**PAYLOAD, **more, "actions": [{**action, "value": token, **more.get("action", {})}]}
    return urlencode({"payload": json.dumps(said)}).encode()


class Slack:
    """The hook, and what Slack was told."""

    def __init__(self, signer: Signer | None = SIGNER) -> None:
        self.told: list[tuple[str, str]] = []
        self.hook = SlackHook([SECRET], signer, self._post, now=lambda: NOW)

    async def _post(self, url: str, said: Mapping[str, Any]) -> None:
        self.told.append((url, said["text"]))

    def press(self, owner: Owner, body: bytes) -> None:
        async def main() -> None:
            asked = self.hook.command(sent(body))
            assert isinstance(asked, HookOrder)
            await owner.carry_out(asked)
            for _ in range(5):
                await asyncio.sleep(0)

        asyncio.run(main())


def test_slacks_own_example_of_a_signature() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    hook = SlackHook([SECRET], SIGNER, Slack()._post, now=lambda: 1531420618.0)
    with pytest.raises(BadHook, match="payload"):  # its signature is good: it is looked at
        hook.command(Hook(body, headers.get, "", "", ""))


def test_a_button_is_a_command_and_the_one_who_pressed_it_hears_of_it() -> None:
    slack, owner = Slack(), Owner()
    slack.press(owner, button(SIGNER.token(ACK)))
    (record,) = owner.handed
    assert (record.name, record.domain) == (ACKNOWLEDGE, "a.com")
    assert record.attributes["logboom.command.who"] == "wile (slack)"
    assert slack.told == [(PAYLOAD["response_url"], "acknowledged by wile")]


def test_why_it_was_not_done_is_said_and_parsed_by_nobody() -> None:
    slack = Slack()
    slack.press(
        Owner(alert_acknowledge=Settled("alerting", applied=False, reason="<!channel> is over")),
        button(SIGNER.token(ACK)),
    )
    assert slack.told[0][1] == "&lt;!channel&gt; is over"


@pytest.mark.parametrize(
    "url", ["http://hooks.slack.com/x", "https://evil.example/x", "https://hooks.slack.com.evil.example/", ""]
)
def test_nobody_else_hears_of_it(url: str) -> None:
    slack, owner = Slack(), Owner()
    slack.press(owner, button(SIGNER.token(ACK), response_url=url))
    assert (len(owner.handed), slack.told) == (1, [])


def test_a_press_is_done_once() -> None:
    slack, owner = Slack(), Owner()
    for _ in range(2):
        slack.press(owner, button(SIGNER.token(ACK)))
    slack.press(owner, button(SIGNER.token(ACK), action={"action_ts": "1548426999.000001"}))
    assert len(owner.handed) == 2


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301])
def test_a_request_that_somebody_kept_does_nothing(at: float) -> None:
    with pytest.raises(Unauthenticated, match="last 5 minutes"):
        Slack().hook.command(sent(button(SIGNER.token(ACK)), at))


def test_forged_requests_and_forged_buttons_are_refused() -> None:
    hook = Slack().hook
    with pytest.raises(Unauthenticated):
        hook.command(sent(button(SIGNER.token(ACK)), secret="another secret"))
    with pytest.raises(BadHook):
        hook.command(sent(button(Signer([b"x" * 32]).token(ACK))))
    for broken in (b"", b"payload=", b"payload=%7B", b"payload=[]", b"\xff=\xff"):
        with pytest.raises(BadHook):
            hook.command(sent(broken))


def test_what_is_no_button_of_ours_is_nothing() -> None:
    hook = Slack().hook
    assert hook.command(sent(button(SIGNER.token(ACK), type="view_submission"))) is None
    assert hook.command(sent(button(SIGNER.token(ACK), action={"action_id": "approve"}))) is None
    assert hook.command(sent(button(""))) is None  # a link
    assert hook.command(sent(button(SIGNER.token(Act("ack", "a.com", "0" * 32, int(NOW)))))) is None  # expired
    assert Slack(None).hook.command(sent(button(SIGNER.token(ACK)))) is None
