"""A notice as GitHub's Markdown. What a sender wrote stands in spans and blocks of code, whose fences it cannot end: nothing in them pings, refers,
closes or links."""

from __future__ import annotations

from collector.notices.card import card
from collector.notices.inert import code, fenced
from collector.notices.notice import Notice
from collector.notices.tickets import labels
from collector.notices.wording import facts, short

_ALL = 30_000
TITLE = 250


def body(notice: Notice, before: str = "") -> str:
    """Of an issue: all of it, with its key, by which it is found again."""
    shown = card(notice, _ALL)
    parts = [f"- **{name}** {code(value)}" for name, value in (*shown.facts, *shown.notes)]
    for entry in shown.entries:
        parts += ["", code(entry.heading)]
        parts += [fenced(list(entry.lines))] if entry.lines else []
    earlier = [f"Earlier: #{before}", ""] if before else []
    return "\n".join([*earlier, *parts, "", "---", code(" \u00b7 ".join([shown.footer, *labels(notice)]))])


def remark(notice: Notice) -> str:
    """Of a comment: what changed."""
    counted = " ".join(f"**{name}** {code(value)}" for name, value in facts(notice) if name in ("records", "came back"))
    return f"{code(short(notice))}\n\n{counted}\n\n{code(notice.reason)}"
