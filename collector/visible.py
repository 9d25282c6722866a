"""Text of senders in front of people: what steers a terminal or hides is shown, never obeyed.

A log line may carry escape sequences that retitle a window, line ends that forge another line, direction overrides that
turn a path round, and characters that no font shows. Every view (command, console, CSV, JSON) asks here.
"""

from __future__ import annotations

import re
from typing import Any

_C0, _C1 = r"\x00-\x08\x0b-\x1f", r"\x7f-\x9f"
_FORMAT = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Unicode's category Cf: direction marks, joiners, invisible operators, tags."""
_SEPARATORS = "\u2028\u2029"
_SURROGATES = "\ud800-\udfff"
_HIDDEN = _C1 + _FORMAT + _SEPARATORS + _SURROGATES
_IN_TEXT = re.compile(f"[{_C0}{_HIDDEN}]")
_IN_LINE = re.compile(f"[{_C0}\t\n{_HIDDEN}]")
_IN_JSON = re.compile(f"[{_HIDDEN}]")
_PILED = re.compile("([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip
"""Marks piled on one letter, which would cover the lines above and below."""


def visible(text: str) -> str:
    """`text` on one line: control and format characters as `\\n`, `\\x1b`, `\\u202e`; of piled marks the first four."""
    return _shown(_IN_LINE, text)


def visible_lines(text: str) -> str:
    """As `visible`, but line ends and tabs stay: for places that indent what follows a line end."""
    return _shown(_IN_TEXT, text)


def visible_json(value: Any) -> str:
    """`value` as JSON on one line, in which characters that hide or steer stand as `\\u202e`: the same value to a reader.

    Bytes become hex.
    """
    import orjson

    return escaped_json(orjson.dumps(value, default=bytes.hex).decode())


def escaped_json(document: str) -> str:
    """A JSON text with the same characters as `\\uXXXX`: between its tokens there are none."""
    return document if document.isascii() and "\x7f" not in document else _IN_JSON.sub(_json_escape, document)


def _shown(pattern: re.Pattern[str], text: str) -> str:
    if text.isascii():
        return text if text.isprintable() else pattern.sub(_escape, text)
    return _PILED.sub(r"\1…", pattern.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
