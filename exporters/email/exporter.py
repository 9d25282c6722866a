"""Notices by mail: one mail to all recipients. A recipient who was told is not told again while others are tried."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from collector.component import Context
from collector.notices.links import links
from collector.notices.messenger import Message, Messenger, Names
from collector.notices.pace import Pace
from collector.notices.templates import templates_of
from collector.outcomes import Ok, Reject, Retry, Verdict, Verdicts
from exporters.email.answers import unsent
from exporters.email.client import Code, SmtpClient
from exporters.email.config import EmailConfig
from exporters.email.mail import mails


class EmailExporter(Messenger):
    """Tells people by mail."""

    def __init__(self, config: EmailConfig, context: Context) -> None:
        super().__init__(Pace(config.pace.calls, config.pace.per), templates_of(config))
        self._config = config
        self._id, self._signer = context.id, context.links
        self._client = SmtpClient(config)

    async def start(self) -> None:
        """Read the TLS files; nothing is connected yet."""
        await self._client.start()

    async def shutdown(self) -> None:
        """Nothing stays open."""

    async def tell(self, message: Message) -> Names | Verdict:
        """One mail to those who were not told yet."""
        done = self.done(message)
        left = [one for one in self._config.recipients if one not in done]
        codes = await self._sent(message, left)
        if not isinstance(codes, Mapping):
            return codes
        done |= {one for one, code in codes.items() if code < 400 or code >= 500}
        again = [code for code in codes.values() if 400 <= code < 500]
        if again:
            return Retry(f"the server says {again[0]} of {len(again)} of {len(left)} recipients")
        refused = [code for code in codes.values() if code >= 500]
        if len(refused) == len(self._config.recipients):
            return Reject(f"the server refuses each recipient ({refused[0]})")
        return self._accepted(message, refused)

    def _accepted(self, message: Message, refused: list[Code]) -> Names | Verdict:
        names = {"thread": "1"}
        if not refused:
            return names
        taken = self.taken(message, names)
        return Ok(
            receipts=taken.receipts,
            concerned=1,
            warning=f"the server refuses {len(refused)} of the recipients ({refused[0]})",
        )

    async def _sent(self, message: Message, recipients: list[str]) -> Mapping[str, Code] | Verdict:
        sender = self._config.sender.rpartition("<")[2].rstrip(">")
        found: Verdict = Reject("no form of it is taken")
        found_links = links(message.notice, self._signer, self._id)
        for content in mails(message, self._config, recipients, datetime.now(UTC), found_links):
            try:
                async with asyncio.timeout(self._config.timeout or None):
                    return await self._client.deliver(sender, recipients, content)
            except Exception as error:  # noqa: BLE001  by the table of answers
                found = unsent(error)
            if not isinstance(found, Reject):
                break
        return found

    def classify(self, answer: Verdict | Exception) -> Verdicts:
        """What `send` found."""
        return [unsent(answer)] if isinstance(answer, Exception) else [answer]
