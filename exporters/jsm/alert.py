"""A notice as an alert of Jira Service Management or Opsgenie. Every field is plain text there.

Source: Opsgenie, "Create alert": message ≤ 130 characters, alias ≤ 512, description ≤ 15,000, a tag ≤ 50, details ≤ 8,000 in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.notices.notice import Notice
from collector.notices.wording import facts, plain, short, shortened

_MESSAGE, _DESCRIPTION, _TAG = 130, 15_000, 50
_PRIORITY = {"critical": "P1", "warning": "P3", "info": "P4"}


def alerts(notice: Notice, tags: Sequence[str]) -> Sequence[dict[str, Any]]:
    """The same ever simpler: with all of it, with a description, a line."""
    line = {
        "message": shortened(short(notice), _MESSAGE), "alias": notice.group, "source": "logboom",
        "priority": _PRIORITY.get(notice.level, "P5"),
    }  # fmt: skip
    described = {**line, "description": shortened(plain(notice), _DESCRIPTION)}
    found = dict(facts(notice))
    more = {
        "tags": [shortened(tag, _TAG) for tag in (*tags, notice.level) if tag], "details": found,
        "entity": shortened(found.get("service", notice.domain), 500),
    }  # fmt: skip
    return ({**described, **more}, described, line)
