"""What nobody outside should read, told by its form: credentials, people, addresses. For texts that leave for a purpose of their own; what records
may hold when they leave is `redact`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2

from collector.shaping.patterns import MASK

_NAME = r"\b[\w.-]*(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|authorization|cookie|session|credential)s?[\w-]*"
_IS = r"\\*[\"']?\]?\s*(?:={1,3}>?|:=?)\s*"
"""What stands between a name and its value: also `=>`, behind a quote of JSON within JSON, behind `]` of a printed map."""
_WITHIN = r"\\\"(?:[^\"\\]|\\[^\"\\]|\\\\(?:\\[\"\\]|[^\"\\]))*\\\""
_QUOTED = rf"\"(?:[^\"\\]|\\(?s:.))*\"|'(?:[^'\\]|\\(?s:.))*'|{_WITHIN}|\\+\"[^\"]*\"|\\+'[^']*'"
_BARE = r"[^\s,;&}\])]+"
_NAMED = rf"(?i)({_NAME}{_IS})({_QUOTED}|(?:bearer |basic )?{_BARE})"
_OPTION = rf"(?i)(--{_NAME}(?:\\*[\"'],\s*|[ \t]+))({_QUOTED}|[^\s,;&}}\])-][^\s,;&}}\])]*)"
_ELEMENT = rf"(?i)(<(?:[\w-]+:)?{_NAME}(?:\s[^<>]*)?>)([^<>]+)(</)"
_HEADERS = (
    rf"(?i)(\b[\w.-]*authorization[\w-]*{_IS})((?:bearer|basic)[ \t]+{_BARE}|[\w-]+[ \t]+[^\r\n]+)",
    rf"(?i)(\b[\w.-]*cookies?[\w-]*{_IS})([^\s,;&}}\])\"'\\]*[=;][^\r\n]+)",
)
"""To the end of the line: they hold several values, whose names tell nothing."""
_FORMS = (
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?",
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
    r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/._~=-]{8,}",
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|whsec_|AIza|lb[ipra]_)[A-Za-z0-9_-]{16,}",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    r"\b(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f]{1,4}\b",
    r"\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*::(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*)?",
    r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    r"\+\d[\d ()/-]{7,}\d",
    r"\b[0-9A-Fa-f]{32,}\b",
)
_OPAQUE = r"[A-Za-z0-9+/_-]{40,}={0,2}"
_CARD = r"\b\d(?:[ -]?\d){12,18}\b"


def _value(found: Any) -> str:
    name, _, *behind = found.groups()
    return "".join((name, MASK, *behind))


def _opaque(found: Any) -> str:
    """A text of letters in both cases and digits is a key; a path or a long word is none."""
    text = found.group()
    kinds = (str.isdigit, str.isupper, str.islower)
    return MASK if all(any(kind(each) for each in text) for kind in kinds) else text


def _card(found: Any) -> str:
    digits = [int(each) for each in found.group() if each.isdigit()]
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits[::-1])]
    return MASK if sum(doubled) % 10 == 0 else found.group()


_STEPS: tuple[tuple[Any, str | Callable[[Any], str]], ...] = (
    (re2.compile(r"://[^/\s]*@"), f"://{MASK}@"),
    *((re2.compile(form), _value) for form in (*_HEADERS, _NAMED, _OPTION, _ELEMENT)),
    (re2.compile("|".join(f"(?:{form})" for form in _FORMS)), MASK),
    (re2.compile(_OPAQUE), _opaque),
    (re2.compile(_CARD), _card),
)


def masked(text: str) -> str:
    """The text with `****` for credentials (by their name or their form), mail and network addresses, card and account numbers, phone numbers
    and long keys. Linear in its length. It errs on the side of hiding."""
    for expression, instead in _STEPS:
        text = expression.sub(instead, text)
    return text
