"""A notice as Block Kit. What a sender wrote stands in `rich_text` and `plain_text` alone, where nothing is parsed: no mention, no link, no fence.

Beside it stand buttons for what can be done: links, or such that Slack hands back to the receiver `hooks`.

Limits: 50 blocks; header 150 characters; all blocks together some 13,200 (undocumented): we stay below 11,000. The top-level `text` is what
notifications show; it is parsed, so it is escaped.
Source: Slack, Block Kit reference; "Formatting text for app surfaces".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.notices.card import Card, Entry, card, mark
from collector.notices.inert import unlinked
from collector.notices.links import Link
from collector.notices.notice import Notice
from collector.notices.wording import plain, short, shortened

_HEADER, _SECTION, _ALL = 150, 3000, 9000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_STYLES = {"ack": "primary", "approve": "primary", "deny": "danger"}
ACTIONS = "logboom"
"""By which the receiver `hooks` knows its buttons."""

Said = dict[str, Any]


def words(notice: Notice, links: Sequence[Link] = (), *, hands_back: bool = False) -> Sequence[Said]:
    """The same ever simpler: blocks, plain text, a line. `hands_back`: what buttons hold comes back through Slack."""
    line = {"text": escaped(f"{mark(notice)} {short(notice)}"), "unfurl_links": False, "unfurl_media": False}
    return (
        {**line, "blocks": [*blocks(card(notice, _ALL)), *_buttons(links, hands_back)]},
        {**line, "blocks": [_plain(shortened(plain(notice), _SECTION))]},
        line,
    )


def line(notice: Notice) -> Said:
    """A line of it: for what need not be told at length."""
    return words(notice)[-1]


def blocks(shown: Card) -> list[Said]:
    """The layout."""
    title = shortened(f"{shown.mark} {shown.title}", _HEADER)
    elements = [_section([_text(f"{name}: ", bold=True), _text(value)]) for name, value in (*shown.facts, *shown.notes)]
    for entry in shown.entries:
        elements += _entry(entry)
    found: list[Said] = [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]
    if len(shown.title) + 2 > _HEADER:
        elements.insert(0, _section([_text(shown.title)]))
    if elements:
        found.append({"type": "rich_text", "elements": elements})
    return [*found, {"type": "context", "elements": [{"type": "plain_text", "text": shown.footer, "emoji": False}]}]


def escaped(text: str) -> str:
    """For places that Slack parses."""
    return unlinked(text).translate(_ESCAPES)


def _buttons(links: Sequence[Link], hands_back: bool) -> list[Said]:
    made = [_button(link, number, hands_back) for number, link in enumerate(links)]
    return [{"type": "actions", "block_id": ACTIONS, "elements": made}] if made else []


def _button(link: Link, number: int, hands_back: bool) -> Said:
    text = {"type": "plain_text", "text": link.label, "emoji": False}
    where = {"value": link.token} if hands_back else {"url": link.url}
    style = {"style": _STYLES[link.verb]} if link.verb in _STYLES else {}
    return {"type": "button", "action_id": f"logboom_{link.verb}_{number}", "text": text, **where, **style}


def _entry(entry: Entry) -> list[Said]:
    found = [_section([_text(f"\n{entry.heading}")])]
    if entry.lines:
        found.append({"type": "rich_text_preformatted", "elements": [_text("\n".join(entry.lines))]})
    return found


def _section(elements: list[Said]) -> Said:
    return {"type": "rich_text_section", "elements": [*elements, _text("\n")]}


def _text(text: str, *, bold: bool = False) -> Said:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _plain(text: str) -> Said:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}
