"""A notice as a document of Atlassian (ADF): nodes of text, in which nothing is read as wiki markup, mention or link.

Source: Atlassian Document Format; a text node is never empty; a document has 32,767 characters at most.
"""

from __future__ import annotations

from typing import Any

from collector.notices.card import card
from collector.notices.inert import unlinked
from collector.notices.notice import Notice
from collector.notices.tickets import label
from collector.notices.wording import facts, plain, short, shortened

_ALL, _PLAIN = 12_000, 8000

Node = dict[str, Any]


def described(notice: Notice, before: str = "") -> Node:
    """All of it."""
    shown = card(notice, _ALL)
    content = [_paragraph(_text(f"Earlier: {before}"))] if before else []
    content += [
        _paragraph(_text(f"{name}: ", strong=True), _text(value)) for name, value in (*shown.facts, *shown.notes)
    ]
    for entry in shown.entries:
        content.append(_paragraph(_text(entry.heading)))
        if entry.lines:
            content.append({"type": "codeBlock", "content": [_text("\n".join(entry.lines))]})
    return _document(*content, _paragraph(_text(f"{shown.footer} \u00b7 {label(notice)}")))


def plainly(notice: Notice) -> Node:
    """The same in a paragraph a line."""
    lines = [line for line in shortened(plain(notice), _PLAIN).split("\n") if line.strip()]
    return _document(*[_paragraph(_text(line)) for line in (*lines, label(notice))])


def remark(notice: Notice) -> Node:
    """What changed."""
    counted = ", ".join(f"{name}: {value}" for name, value in facts(notice) if name in ("records", "came back"))
    return _document(_paragraph(_text(short(notice))), _paragraph(_text(f"{counted} ({notice.reason})")))


def _document(*content: Node) -> Node:
    return {"type": "doc", "version": 1, "content": list(content)}


def _paragraph(*content: Node) -> Node:
    return {"type": "paragraph", "content": list(content)}


def _text(text: str, *, strong: bool = False) -> Node:
    return {"type": "text", "text": unlinked(text) or " ", **({"marks": [{"type": "strong"}]} if strong else {})}
