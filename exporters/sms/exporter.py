"""Notices as text messages. Twilio knows no key: a call without an answer may have been carried out, so the list of messages is looked at before it is
made once more."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from collector.component import Context
from collector.notices.http_messenger import HttpMessenger, fields
from collector.notices.messenger import Message, Names
from collector.notices.pace import Pace
from collector.notices.wording import short
from collector.outcomes import Blocked, Ok, Reject, Retry, Verdict
from collector.transport.acceptance import Acceptance, json_without_error
from collector.transport.http_answers import unanswered, verdict
from collector.transport.http_client import HttpAnswer
from exporters.sms.config import SmsConfig
from exporters.sms.gsm import segment

TAKEN = Acceptance("Twilio", frozenset({200, 201}), empty=False, says_so=json_without_error)
_STRANGER = frozenset({21211, 21217, 21401, 21610, 21612, 21614, 21635})
"""The number is none, no mobile, or its owner opted out."""
_OURS = frozenset({20003, 21212, 21408, 21606, 21659, 21660, 21703})
"""The credential, the sender, or a country that the account may not send to."""
_BUSY = 20429
_MOST_UNANSWERED = 20
"""Calls without an answer, in front of each of which but the first the list was looked at: a text message costs money."""
_CLOCKS_SECS = 60
"""By so much may Twilio's clock and ours differ."""


class SmsExporter(HttpMessenger):
    """Tells people by text message."""

    def __init__(self, config: SmsConfig, context: Context) -> None:
        super().__init__(config, context, Pace(config.pace.calls, config.pace.per), config.timeout)
        self._config = config
        user = f"{config.key_sid or config.account_sid}:{config.auth_token.get_secret_value()}"
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(user.encode()).decode()}", "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip

    async def tell(self, message: Message) -> Names | Verdict:
        """A message to each who was not told yet; the worst that came of it."""
        quiet = message.notice.status == "resolved" or bool(message.notice.acknowledged)
        if quiet and not self._config.resolved:
            return message.names
        done, body, refused = self.done(message), segment(short(message.notice)), list[Verdict]()
        if self.tried(message):
            self.done(message, "unclear").update(self._config.to)
        for number in [one for one in self._config.to if one not in done]:
            found = await self._sent(message, number, body)
            if isinstance(found, Retry | Blocked):
                return found
            done.add(number)
            refused += [found] if isinstance(found, Reject) else []
        if refused and len(refused) == len(self._config.to):
            return refused[0]
        taken = self.taken(message, {"told": "1"})
        return (
            Ok(receipts=taken.receipts, concerned=len(refused), warning="a number takes no messages")
            if refused
            else taken
        )

    async def _sent(self, message: Message, number: str, body: str) -> Verdict:
        unclear = self.done(message, "unclear")
        if number in unclear:
            there = await self._there(number, body, message.notice.at)
            if there is not None:
                return there
        source = (
            {"From": self._config.sender}
            if self._config.sender
            else {"MessagingServiceSid": self._config.messaging_service_sid}
        )
        form = urlencode({"To": number, **source, "Body": body}).encode()
        try:
            answer = await self.call("POST", self._config.address, form, self._headers)
        except Exception as error:  # noqa: BLE001  the transport's own, by its table
            unclear.add(number)
            return unanswered(error, at_most=_MOST_UNANSWERED)
        return said(answer)

    async def _there(self, number: str, body: str, since_unix_nano: int) -> Verdict | None:
        """Whether a message without an answer is in the list, since it was decided; None = it is not."""
        since = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")
        query = urlencode({"To": number, "DateSent>": since, "PageSize": "50"})
        try:
            answer = await self.call("GET", f"{self._config.address}?{query}", None, self._headers)
        except Exception as error:  # noqa: BLE001  nothing was sent by it
            return unanswered(error)
        found = verdict(answer, taken=TAKEN)
        if not isinstance(found, Ok):
            return found
        listed = [one for one in fields(answer).get("messages", ()) if one.get("body") == body]
        return Ok() if any(_made(one) >= since_unix_nano // 10**9 - _CLOCKS_SECS for one in listed) else None


def _made(listed: Mapping[str, object]) -> float:
    """When a message of the list was made, Unix seconds; one that does not say may have been made just now."""
    try:
        return parsedate_to_datetime(str(listed["date_created"])).timestamp()
    except (KeyError, ValueError):
        return math.inf


def said(answer: HttpAnswer) -> Verdict:
    """What came of a message to one number: Twilio's code says more than the status."""
    code = fields(answer).get("code")
    if code == _BUSY or answer.status == 429:
        return verdict(HttpAnswer(429, answer.headers, b""))
    if code in _OURS:
        return Blocked(f"Twilio refuses us ({code})")
    if code in _STRANGER or answer.status == 400:
        return Reject(f"Twilio refuses the number or the message ({code if isinstance(code, int) else answer.status})")
    return verdict(answer, str(code) if isinstance(code, int) else "", TAKEN)
