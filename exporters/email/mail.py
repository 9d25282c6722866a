"""A notice as a mail: headers that make a thread of a group and keep robots quiet, a plain part, an HTML part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from collector.notices.inert import unlinked
from collector.notices.links import Link
from collector.notices.messenger import Message
from collector.notices.wording import plain, short, title
from exporters.email.config import EmailConfig
from exporters.email.page import page

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


def mails(
    message: Message, config: EmailConfig, recipients: Sequence[str], at: datetime, links: Sequence[Link] = ()
) -> list[bytes]:
    """The same ever simpler: with HTML, plain, a line. What is over and was never told is a line."""
    notice = message.notice
    line = _mail(message, config, recipients, at, short(notice))
    if message.unknown_end:
        return [line]
    text = plain(notice)
    whole = _mail(message, config, recipients, at, text, links)
    html = [_mail(message, config, recipients, at, text, links, page(notice, links))] if config.format == "html" else []
    return [*html, whole, line]


def _mail(
    message: Message,
    config: EmailConfig,
    recipients: Sequence[str],
    at: datetime,
    text: str,
    links: Sequence[Link] = (),
    html: str = "",
) -> bytes:
    notice, host = message.notice, parseaddr(config.sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = config.sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = f"{config.subject_prefix}{title(notice)}"
    mail["Date"] = format_datetime(at.astimezone(UTC))
    root = f"<{notice.group}.0@{host}>"
    if message.before is None and notice.status != "digest":
        mail["Message-ID"] = root
    else:
        mail["Message-ID"] = f"<{notice.group}.{notice.sequence}@{host}>"
        mail["In-Reply-To"] = mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if notice.firing and notice.level == "critical":
        mail["Importance"], mail["X-Priority"] = "high", "1"
    ways = "".join(f"\n\n{link.label}:\n{link.url}" for link in links)
    mail.set_content(unlinked(text) + ways, cte="quoted-printable")
    if html:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()
