"""What is told without credentials, people and addresses: by the names of keys and the form of texts, as the briefing of an issue is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.privacy.classes.scanner import masked_text
from collector.shaping.patterns import MASK
from collector.shaping.sensitive import masked

LONGEST = 2000
"""Characters of a text."""
_MOST_MEMBERS, _MOST_DEPTH = 60, 6
_DIGITS = 10**8


def redacted(value: Any, most: int = LONGEST, depth: int = 0) -> Any:
    """A value ready for JSON: texts masked and then cut, so that no half of a secret stays; of maps and lists so many members."""
    match value:
        case str():
            return shortened(hidden(value[: 8 * most]), most)
        case dict() if depth < _MOST_DEPTH:
            return members(value, most, depth)
        case list() | tuple() if depth < _MOST_DEPTH:
            return [redacted(each, most, depth + 1) for each in value[:_MOST_MEMBERS]]
        case dict() | list() | tuple():
            return "…"
        case bytes():
            return value.hex()
        case int() if abs(value) > _DIGITS and masked_text(str(value)) != str(value):  # a card's, sent as a number
            return MASK
        case _:
            return value


def members(value: Mapping[Any, Any], most: int = LONGEST, depth: int = 0) -> dict[str, Any]:
    """The same of a map."""
    found = {_key(key): below(str(key), each, most, depth) for key, each in list(value.items())[:_MOST_MEMBERS]}
    return found | _more(len(value))


def below(key: str, value: Any, most: int = LONGEST, depth: int = 0) -> Any:
    """A value that stands below a name: whatever stands below a name that tells of a secret is one."""
    if value is not None and masked(f"{key[-LONGEST:]}=value").endswith(f"={MASK}"):
        return MASK
    return redacted(value, most, depth + 1)


def _key(key: object) -> str:
    return shortened(hidden(str(key)[:LONGEST]), 200)


def hidden(text: str) -> str:
    """Without what the classes of personal data find, and without what else nobody outside should read."""
    return masked(masked_text(text))


def _more(members: int) -> dict[str, str]:
    return {"…": f"{members - _MOST_MEMBERS} more"} if members > _MOST_MEMBERS else {}


def shortened(text: str, most: int) -> str:
    """Cut, with a sign of it."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
