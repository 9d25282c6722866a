"""Text of senders on a terminal: control characters are shown, never obeyed.

A log line may carry escape sequences that retitle a window, move the cursor or hide other lines.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with control characters (but newline and tab) and direction overrides as `\\x1b`, `\\u202e`."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
