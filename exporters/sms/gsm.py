"""Text in the alphabet of text messages (GSM 03.38), in one segment of 160 signs. One sign outside of it would make each segment 70 signs.

Phones make links of what looks like one: such text gets a space inside.
"""

from __future__ import annotations

import re
import unicodedata

SEGMENT = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€")
_LIKE_A_LINK = re.compile(r"(?<=:)(?=//)|(?<=[\w-]\.)(?=[^\W\d_])|(?<=@)(?=\w)")
_OTHERS = {
    "\u2026": "...",
    "\u2013": "-",
    "\u2014": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u00b7": "-",
    "\t": " ",
}


def segment(text: str) -> str:
    """As much as fits into one."""
    signs = transliterated(_LIKE_A_LINK.sub(" ", text))
    if septets(signs) <= SEGMENT:
        return signs
    while septets(signs) > SEGMENT - 3:
        signs = signs[:-1]
    return f"{signs}..."


def septets(text: str) -> int:
    """What it takes."""
    return sum(2 if sign in _DOUBLE else 1 for sign in text)


def transliterated(text: str) -> str:
    """Signs of the alphabet alone: others without their accents, else `?`."""
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    if sign in _BASIC or sign in _DOUBLE:
        return sign
    if sign in _OTHERS:
        return _OTHERS[sign]
    bare = "".join(each for each in unicodedata.normalize("NFKD", sign) if each in _BASIC or each in _DOUBLE)
    return bare or "?"
