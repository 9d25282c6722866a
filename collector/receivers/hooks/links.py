"""`/act/<token>`: GET shows what would be done, for mail scanners and previews follow links; POST does it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from urllib.parse import parse_qs

from collector.alert_commands import GROUP
from collector.control.asking import Told
from collector.ingress.http_response import Response
from collector.receivers.hooks.acts import asked
from collector.receivers.hooks.carrying_out import CarryingOut, NotTaken
from collector.receivers.hooks.page import form, page
from collector.signed_links import VERBS, Act, BadToken, Expired, Signer

MOST_BYTES = 4096
_LONGEST_ATTEMPT = 64


class Links:
    """Of one listener.

    Args:
        signer: knows the tokens.
    """

    def __init__(self, signer: Signer, carrying_out: CarryingOut) -> None:
        self._signer = signer
        self._carrying_out = carrying_out

    def shown(self, token: str) -> Response:
        """What it would do, and a button."""
        act = self._act(token)
        if isinstance(act, Response):
            return act
        until = datetime.fromtimestamp(act.expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return page(200, f"{act.label}?", *_about(act), f"This link can be followed until {until}.",
                    form=form(act.label, secrets.token_hex(8)))  # fmt: skip

    async def done(self, token: str, body: bytes, peer: str) -> Response:
        """It is done, or why it is not. Raises `Unavailable`."""
        act = self._act(token)
        if isinstance(act, Response):
            return act
        attempt = parse_qs(body.decode("latin-1")).get("attempt", [""])[0][:_LONGEST_ATTEMPT]
        try:
            told = await self._carrying_out.carry_out(asked(act, token, attempt, f"a link, from {peer or 'here'}"))
        except NotTaken as reason:
            return page(422, "It was not done", str(reason))
        return _result(act, told)

    def _act(self, token: str) -> Act | Response:
        try:
            return self._signer.act(token)
        except Expired as expired:
            return page(410, "This link has expired", *_about(expired.act))
        except BadToken:
            return page(404, "This link does nothing", "It is incomplete, or was made by another logboom.")


def _result(act: Act, told: Told) -> Response:
    refused = next((each.reason for each in told.settled if not each.applied), "")
    if refused:
        return page(409, "It was not done", refused)
    if not told.settled:
        return page(202, "On its way", f"{told.before} before it.", *_about(act))
    return page(200, f"Done: {VERBS[act.verb].done}", *_about(act))


def _about(act: Act) -> tuple[str, ...]:
    what = "Group" if VERBS[act.verb].subject == GROUP else "Response"
    return (act.about, f"Domain {act.domain}", f"{what} {act.subject}")
