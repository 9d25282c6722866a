"""A notice as an adaptive card. What a sender wrote stands in text runs alone, in which Teams reads no Markdown; what looks like a link has a
break inside that takes no room.

A message of more than 28 KB is refused, and some above 21 KB fail unseen: we stay below 20,000 bytes.
Source: Adaptive Cards 1.4, `RichTextBlock`, `TextRun`; Microsoft, "Post a message to a channel when a webhook request is received".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from collector.notices.card import Card, card
from collector.notices.inert import unlinked
from collector.notices.links import Link
from collector.notices.notice import Notice
from collector.notices.wording import plain, short, shortened

_MOST_BYTES, _PLAIN = 20_000, 3000
_SIZES = (9000, 5000, 2500, 1200, 0)
_COLOUR = {"critical": "Attention", "warning": "Warning"}

Element = dict[str, Any]


def messages(notice: Notice, links: Sequence[Link] = ()) -> Sequence[Element]:
    """The same ever simpler: a card with what can be done, plain text in a card, a line in a card."""
    whole = (_message(_body(card(notice, size), notice), links) for size in _SIZES)
    fitting = next((each for each in whole if len(orjson.dumps(each)) <= _MOST_BYTES), None)
    rest = (_message([_block(_run(shortened(plain(notice), _PLAIN)))]), line(notice))
    return rest if fitting is None else (fitting, *rest)


def line(notice: Notice) -> Element:
    """A line of it."""
    return _message([_block(_run(short(notice), weight="Bolder"))])


def _message(body: list[Element], links: Sequence[Link] = ()) -> Element:
    content: Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "msteams": {"width": "Full"},
        "body": body,
    }  # fmt: skip
    if links:
        content["actions"] = [{"type": "Action.OpenUrl", "title": link.label, "url": link.url} for link in links]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _body(shown: Card, notice: Notice) -> list[Element]:
    colour = "Good" if notice.status == "resolved" else _COLOUR.get(shown.level, "Accent")
    heading = _block(_run(f"{shown.mark} {shown.title}", weight="Bolder", size="Medium", color=colour))
    return [heading, *_facts(shown), *_entries(shown), _block(_run(shown.footer, isSubtle=True, size="Small"))]


def _facts(shown: Card) -> Iterator[Element]:
    for name, value in (*shown.facts, *shown.notes):
        yield {**_block(_run(f"{name}: ", weight="Bolder"), _run(value)), "spacing": "Small"}


def _entries(shown: Card) -> Iterator[Element]:
    for entry in shown.entries:
        yield {**_block(_run(entry.heading)), "separator": True}
        if entry.lines:
            runs = [_run(f"{text}\n", fontType="Monospace", size="Small") for text in entry.lines]
            yield {**_block(*runs), "spacing": "Small"}


def _block(*runs: Element) -> Element:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **style: Any) -> Element:
    return {"type": "TextRun", "text": unlinked(text) or " ", **style}
