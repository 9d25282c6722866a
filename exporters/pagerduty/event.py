"""A notice as an event of PagerDuty's Events API v2. Every field is plain text there.

Source: PagerDuty, "Send an alert event": dedup_key ≤ 255 characters, summary ≤ 1,024, the whole ≤ 512 KB.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from collector.notices.card import card
from collector.notices.notice import Notice
from collector.notices.wording import short, shortened, title

_SUMMARY, _ALL = 1024, 100_000
_SEVERITY = {"critical": "critical", "warning": "warning"}


def events(notice: Notice, routing_key: str, client: str) -> Sequence[dict[str, Any]]:
    """The same ever simpler: with details, without, a line."""
    known = {"routing_key": routing_key, "dedup_key": notice.group}
    if notice.status == "resolved":
        return ({**known, "event_action": "resolve"},)
    event = {**known, "event_action": "trigger", "client": client}
    payload = {
        "summary": shortened(title(notice), _SUMMARY), "severity": _SEVERITY.get(notice.level, "info"), "source": _source(notice),
        "timestamp": datetime.fromtimestamp(notice.started / 1e9, UTC).isoformat(),
        "component": _label(notice, "component") or None, "group": _label(notice, "service") or None, "class": _label(notice, "error_type") or None,
    }  # fmt: skip
    plain = {key: value for key, value in payload.items() if value is not None}
    line = {"summary": short(notice), "severity": plain["severity"], "source": "logboom"}
    return (
        {**event, "payload": {**plain, "custom_details": details(notice)}}, {**event, "payload": plain}, {**event, "payload": line},
    )  # fmt: skip


def acknowledges(notice: Notice, routing_key: str) -> dict[str, Any]:
    """That somebody has taken it on."""
    return {"routing_key": routing_key, "dedup_key": notice.group, "event_action": "acknowledge"}


def details(notice: Notice) -> dict[str, Any]:
    """What there is to know."""
    shown = card(notice, _ALL)
    alerts = [{"what": entry.heading, "lines": list(entry.lines)} for entry in shown.entries]
    return {**dict(shown.facts), **dict(shown.notes), "alerts": alerts, "reason": shown.footer}


def _source(notice: Notice) -> str:
    return shortened(_label(notice, "service") or notice.domain or "logboom", 200)


def _label(notice: Notice, name: str) -> str:
    found = dict(card(notice, 0).facts)
    return found.get(name, "")
