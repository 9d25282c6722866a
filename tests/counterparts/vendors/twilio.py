"""Twilio's messages: sent, and listed.

Source: Twilio, "Messages resource"; error dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from collector.transport.http_client import HttpAnswer
from counterparts.vendors.vendor import Asked, Vendor, said

SID = "AC" + "0" * 32
PATH = f"/2010-04-01/Accounts/{SID}/Messages.json"


@dataclass
class Twilio(Vendor):
    """`messages`: (to, body) in their order. `codes`: number → the error that it gets. `made`: when all of them were, if not
    just now."""

    messages: list[tuple[str, str]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    made: str = ""

    def act(self, asked: Asked) -> HttpAnswer:
        if not asked.headers.get("Authorization", "").startswith("Basic ") or asked.path != PATH:
            return said({"code": 20003, "message": "Authenticate"}, 401)
        if asked.method == "GET":
            assert asked.query.keys() == {"To", "DateSent>", "PageSize"}
            mine = [
                {"to": to, "body": body, "date_created": self.made or format_datetime(datetime.now(UTC))}
                for to, body in self.messages
                if to == asked.query["To"]
            ]
            return said({"messages": mine[::-1], "page_size": 50})
        form = asked.form
        if form["To"] in self.codes:
            return said({"code": self.codes[form["To"]], "message": "no"}, 400)
        if not 1 <= len(form["Body"]) <= 1600 or ("From" in form) == ("MessagingServiceSid" in form):
            return said({"code": 21602, "message": "no body"}, 400)
        self.messages.append((form["To"], form["Body"]))
        return said({"sid": "SM1", "status": "queued"}, 201)
