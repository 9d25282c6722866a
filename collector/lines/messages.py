"""The message in what a logger wrote as JSON or logfmt: there its quotes and line breaks are escaped, and it does not begin the text."""

from __future__ import annotations

import re

import orjson

from collector.lines.envelopes import Document, at

_KEYS = (
    "message",
    "msg",
    "@m",
    "RenderedMessage",
    "Message",
    "log",
    "event",
    "body",
    "textPayload",
    "jsonPayload.message",
)
_PAIR = 'msg="'
MARKS = tuple(f'"{key.partition(".")[0]}"' for key in _KEYS)
"""Words of which each object with a message has one."""
PAIRS = (_PAIR,)
"""Words that logfmt with a quoted message has."""
_QUOTED = re.compile(r'(?:^|\s)msg=("(?:[^"\\]|\\.)*")')


def message_of(document: Document) -> str | None:
    """What the object says in words."""
    return next((text for text in (at(document, key) for key in _KEYS) if isinstance(text, str) and text), None)


def message_in(line: str) -> str | None:
    """What a line of logfmt says in words."""
    found = _QUOTED.search(line) if _PAIR in line else None
    if found is None:
        return None
    try:
        message = orjson.loads(found[1])
    except orjson.JSONDecodeError:  # an escape that JSON has not
        return found[1][1:-1]
    return message if isinstance(message, str) else None
