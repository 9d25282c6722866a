"""A mail server: aiosmtpd on loopback with TLS and a login; and, for virtual time, its double in the place of the client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import aiosmtplib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from collector.testing.service import free_ports


@dataclass
class Mailbox:
    """What came, and for whom. `answers`: recipient → what the server says to it; `content`: what it says to the next mails as such."""

    answers: dict[str, str] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.content.pop(0) if self.content else "250 OK"
        if answer.startswith("250"):
            self.keep(envelope.rcpt_tos, envelope.content)
        return answer

    def keep(self, recipients: Sequence[str], content: bytes) -> None:
        """A mail came."""
        self.mails.append((list(recipients), message_from_bytes(content, policy=default)))

    @contextmanager
    def serving(
        self, context: ssl.SSLContext | None = None, *, at_once: bool = False, password: str = ""
    ) -> Iterator[str]:
        """Its address. `context`: TLS, from the first byte or by STARTTLS, which then is a must."""
        options: dict[str, Any] = (
            {"ssl_context": context} if at_once else {"tls_context": context, "require_starttls": context is not None}
        )
        if password:
            options |= {"auth_required": True, "authenticator": _asks(password)}
        [port] = free_ports(1)
        controller = Controller(self, hostname="127.0.0.1", port=port, **options)
        controller.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            controller.stop()


def _asks(password: str) -> Any:
    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=right, handled=right)

    return authenticator


@dataclass
class ScriptedMail:
    """In the place of the exporter's client: what befalls the next mails, as in `vendor.py`."""

    script: list[str] = field(default_factory=list)
    box: Mailbox = field(default_factory=Mailbox)
    busy: float = 0.0
    lost: int = 0

    async def start(self) -> None:
        """Nothing to read."""

    async def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> Mapping[str, int]:
        if asyncio.get_running_loop().time() < self.busy:
            return dict.fromkeys(recipients, 452)
        befalls = self.script.pop(0) if self.script else ""
        self.lost += befalls in ("lost", "hang")
        if befalls == "400":
            raise aiosmtplib.SMTPDataError(552, "too large")
        if befalls == "cut":
            raise aiosmtplib.SMTPServerDisconnected("gone")
        if befalls in ("429", "500", "503"):
            return dict.fromkeys(recipients, 452)
        if befalls == "401":
            raise aiosmtplib.SMTPAuthenticationError(535, "no")
        self.box.keep(recipients, content)
        if befalls == "lost":
            raise aiosmtplib.SMTPServerDisconnected("gone")
        if befalls == "hang":
            await asyncio.sleep(1e6)
        return dict.fromkeys(recipients, 250)
