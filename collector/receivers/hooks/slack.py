"""`/hooks/slack`: buttons of messages, which Slack hands over itself. What they do is signed by us as well: it stands in the button.

Source: Slack, "Verifying requests from Slack", "Handling user interaction": `block_actions`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from collector.control.asking import Told
from collector.receivers.hooks.acts import asked
from collector.receivers.hooks.hook import BadHook, Hook, HookOrder
from collector.receivers.hooks.signatures import check_slack
from collector.receivers.hooks.state_hook import items, part, text
from collector.signed_links import VERBS, Act, BadToken, Expired, Signer

log = logging.getLogger("logboom.hooks")

Post = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Posts a document to an address of Slack's."""
_PATIENCE_SECS = 2.0  # Slack waits for 3
_HOST = "hooks.slack.com"


class SlackHook:
    """Takes what a button holds, of people in a workspace whose app is ours.

    Args:
        secrets: signing secrets of the app.
        signer: who signed what buttons hold; None: there are none.
        post: tells the one who pressed it, and nobody else in the channel.
        now: Unix seconds.
    """

    max_bytes = 256 << 10
    knows_domain = True

    def __init__(
        self, secrets: Sequence[str], signer: Signer | None, post: Post, now: Callable[[], float] = time.time
    ) -> None:
        self._secrets, self._signer, self._post, self._now = secrets, signer, post, now

    def command(self, hook: Hook) -> HookOrder | None:
        """See `Handler.command`; None for what no button of ours tells."""
        check_slack(self._secrets, hook.header, hook.body, self._now())
        said = _payload(hook.body)
        pressed = next(
            (each for each in items(said, "actions") if text(each, "action_id").startswith("logboom_")), None
        )
        if (
            self._signer is None
            or text(said, "type") != "block_actions"
            or pressed is None
            or not text(pressed, "value")
        ):
            return None
        token = text(pressed, "value")
        reply = text(said, "response_url")
        try:
            act = self._signer.act(token)
        except Expired:
            return None
        except BadToken as problem:
            raise BadHook("actions", f"actions: {problem}") from None
        user = part(said, "user")
        who = text(user, "username") or text(user, "name") or text(user, "id") or "somebody"
        made = asked(act, token, text(pressed, "action_ts"), f"{who} (slack)")
        return HookOrder(made.record, made.then, _PATIENCE_SECS, reply=partial(self._reply, reply, act, who))

    async def _reply(self, url: str, act: Act, who: str, told: Told) -> None:
        """The one who pressed it sees what became of it. Nothing depends on it."""
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname != _HOST:
            return
        refused = next((each.reason for each in told.settled if not each.applied), "")
        done = f"{VERBS[act.verb].done} by {who}" if told.settled else "on its way"
        said = {"response_type": "ephemeral", "replace_original": False, "text": _escaped(refused or done)}
        try:
            await self._post(url, said)
        except Exception as error:  # noqa: BLE001  it is done, whether they hear of it or not
            log.info("Slack was not told what became of a button: %s", type(error).__name__)


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(parse_qs(body.decode())["payload"][0])
    except (ValueError, KeyError, UnicodeDecodeError):
        raise BadHook("payload", "payload: a JSON object is needed") from None
    if not isinstance(found, dict):
        raise BadHook("payload", "payload: a JSON object is needed")
    return found


def _escaped(said: str) -> str:
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
