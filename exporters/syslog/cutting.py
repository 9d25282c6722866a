"""Texts that are too long: what may be cut off each format so that the rest can still be read.

text        the end, at a character
CEF, LEEF   the end of the message (`msg`, always the last pair), never inside an escape; what is longer in front of it
            loses whole `key=value` pairs, for the half of an address is another address
JSON        as text: half an object is none, and receivers take it for text
"""

from __future__ import annotations

import re

_CEF_PAIR = re.compile(r"[ |]([A-Za-z0-9]+)=")
"""Where a pair begins: `=` inside a value has a backslash before it."""
_MESSAGE = "msg"


def cut_text(text: str, most: int, form: str, delimiter: str) -> str:
    """At most `most` bytes of UTF-8 from the start of a text that has more.

    Args:
        form: the model of the text.
        delimiter: between LEEF's attributes.
    """
    kept = text.encode()[: max(most, 0)].decode(errors="ignore")
    if form == "cef":
        return _cut_cef(kept)
    return _cut_leef(kept, delimiter) if form == "leef" else kept


def _cut_cef(kept: str) -> str:
    *_, last = (None, *_CEF_PAIR.finditer(kept))
    if last is None:
        return kept
    if last[1] != _MESSAGE:
        return kept[: last.start()] if kept[last.start()] == " " else kept[: last.start() + 1]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]
    kept = kept.rstrip(" ")
    return kept[: last.start()] if len(kept) <= last.end() else kept


def _cut_leef(kept: str, delimiter: str) -> str:
    before, _, last = kept.rpartition(delimiter)
    message = last.rstrip(" ")
    return kept.rstrip(" ") if message.startswith(f"{_MESSAGE}=") and message != f"{_MESSAGE}=" else before or kept
