"""One mail over SMTP: a connection, TLS, a login, and an answer for each recipient."""

from __future__ import annotations

import math
import ssl
from collections.abc import Mapping, Sequence

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponseException

from collector.transport.tls import Renewed, client_context
from exporters.email.config import EmailConfig

Code = int
_TAKEN = range(200, 300)


class Unencrypted(Exception):
    """The server has no STARTTLS, and nothing may go in the clear."""


class SmtpClient:
    """Makes a connection for each mail: mails are few, and servers close idle ones."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self._tls: Renewed[ssl.SSLContext] | None = None

    async def start(self) -> None:
        """Read the TLS files. Raises OSError or ssl.SSLError."""
        tls = self._config.tls
        self._tls = Renewed(tls, lambda: client_context(tls), tls.reload_interval or math.inf)

    async def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> Mapping[str, Code]:
        """Recipient → the code of the server's answer about it; 250 = it took the mail for them. Raises what `aiosmtplib` raises for the
        connection, the login, the sender and the content, and `Unencrypted`."""
        client = await self._connected()
        try:
            await client.mail(sender)
            codes = {recipient: await _rcpt(client, recipient) for recipient in recipients}
            if any(code in _TAKEN for code in codes.values()):
                await client.data(content)
            return codes
        finally:
            await _leave(client)

    async def _connected(self) -> SMTP:
        config, server = self._config, self._config.server
        assert self._tls is not None, "not started"
        context = self._tls.current()
        client = SMTP(
            hostname=server.host, port=server.port, use_tls=config.tls_at_once, start_tls=False, tls_context=context,
            local_hostname=config.hello or None, timeout=config.timeout or None,
        )  # fmt: skip
        await client.connect()
        try:
            if not config.tls_at_once:
                await self._start_tls(client, context)
            if config.username:
                await client.login(config.username, config.password.get_secret_value())
        except BaseException:
            client.close()
            raise
        return client

    async def _start_tls(self, client: SMTP, context: ssl.SSLContext) -> None:
        await client.ehlo()
        if client.supports_extension("starttls"):
            await client.starttls(tls_context=context, server_hostname=self._config.tls.server_name_override or None)
        elif self._config.require_tls:
            raise Unencrypted


async def _rcpt(client: SMTP, recipient: str) -> Code:
    try:
        return (await client.rcpt(recipient)).code
    except SMTPResponseException as refused:
        return refused.code


async def _leave(client: SMTP) -> None:
    try:
        await client.quit()
    except aiosmtplib.SMTPException:
        client.close()
