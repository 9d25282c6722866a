"""Control characters made visible, so that no text can begin another message, another line or another colour.

`\\n` becomes `#012`: number sign and three octal digits for each byte of its UTF-8, as rsyslog writes them. Escaped are C0
but the tab (no receiver ends a message there, and LEEF needs it), DEL, C1 and the line and paragraph separators, which
terminals, browsers and JSON readers of SIEM systems take for line ends.
"""

from __future__ import annotations

import polars as pl

_CONTROLS = [chr(code) for code in (*range(9), *range(10, 32), *range(127, 160), 0x2028, 0x2029)]
_VISIBLE = ["".join(f"#{byte:03o}" for byte in control.encode()) for control in _CONTROLS]
_IN_JSON = [f"\\u{ord(control):04x}" for control in _CONTROLS]
IN_TEXT = dict(zip(_CONTROLS, _VISIBLE, strict=True))
"""Control character → what is shown, for single strings."""
_ANY = r"[\x00-\x08\x0a-\x1f\x7f-\x{9f}\x{2028}\x{2029}]"


def visible(text: pl.Series) -> pl.Series:
    """Each control character as `#ooo`."""
    return _replaced(text, _VISIBLE)


def visible_in_json(text: pl.Series) -> pl.Series:
    """JSON texts with control characters as `\\uxxxx`: between tokens there are none, so they stand in strings."""
    return _replaced(text, _IN_JSON)


def _replaced(text: pl.Series, replacements: list[str]) -> pl.Series:
    rows = text.str.contains(_ANY).arg_true()
    if not len(rows):
        return text
    return text.scatter(rows, text.gather(rows).str.replace_many(_CONTROLS, replacements))
