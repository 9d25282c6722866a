"""Numbers of payment cards: 12 to 19 digits, in groups or not, of a network that issues such (ISO/IEC 7812), with Luhn's check digit."""

from __future__ import annotations

import re
from typing import Any

from collector.privacy.classes.detector import Detector, Span, by_pattern, is_named_id, stands_alone

_JOINT = "(?:[ .+-]|%20|\u00a0)"
_GROUPS = (
    rf"\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d{{4}}(?:{_JOINT}\d{{1,3}})?|\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d"
    rf"|\d{{4}}{_JOINT}\d{{6}}{_JOINT}\d{{4,5}}|\d{{4}}{_JOINT}\d{{3}}{_JOINT}\d{{3}}{_JOINT}\d{{3}}|\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d{{5}}"
)
_PATTERN = re.compile(rf"(?a)(?<![0-9A-Za-z])(?:[2-689]\d{{12,18}}|{_GROUPS})(?![0-9A-Za-z])")
_LIKELY = rf"\b[2-689]\d{{12}}|\b\d{{4}}{_JOINT}\d{{4}}{_JOINT}\d|\b\d{{4}}{_JOINT}\d{{3}}{_JOINT}\d|\b\d{{4}}{_JOINT}\d{{6}}{_JOINT}\d|_(?:[2-689]\d{{12}}|\d{{4}}{_JOINT}\d)"
_NETWORKS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("Visa", "4", (13, 16, 19)),
    ("Mastercard", r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    ("American Express", "3[47]", (15,)),
    ("Diners Club", r"30[0-5]|3095|3[689]", (14, 15, 16, 17, 18, 19)),
    ("Discover", r"6011|64[4-9]|65", (16, 17, 18, 19)),
    ("JCB", r"35(?:2[89]|[3-8])", (16, 17, 18, 19)),
    ("UnionPay", r"62|81", (16, 17, 18, 19)),
    ("Maestro", r"50|5[678]|6304|6759|676[1-3]", (16, 17, 18, 19)),
    ("Mir", r"220[0-4]", (16, 17, 18, 19)),
    ("RuPay, Elo, Hipercard", r"60|82|508|636368|637", (16,)),
    ("Troy", "9792", (16,)),
)
_BY_LENGTH = {
    length: re.compile("|".join(front for _, front, lengths in _NETWORKS if length in lengths))
    for length in range(13, 20)
}
_DIGITS = re.compile("[^0-9]+")
_LAST_GROUP = re.compile(rf"{_JOINT}\d{{1,3}}\Z")
_DOUBLED = "0246813579"


def luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's check digit of the others."""
    doubled = sum(int(_DOUBLED[ord(each) - 48]) for each in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether a network issues cards with such a number, and the check digit is right. No number of one digit alone is."""
    fronts = _BY_LENGTH.get(len(digits))
    return fronts is not None and fronts.match(digits) is not None and luhn(digits) and len(set(digits)) > 1


def _is_card(text: str) -> bool:
    return is_card(_DIGITS.sub("", text.replace("%20", " ")))


def _confirm(text: str, match: Any) -> Span | None:
    begin, end = match.span()
    if not _is_card(match.group()):
        last = _LAST_GROUP.search(match.group())
        if last is None or not _is_card(match.group()[: last.start()]):
            return None
        end = begin + last.start()  # a number behind it is none of its groups
    if not stands_alone(text, begin, end, joints="-.") or is_named_id(text, begin):
        return None
    return begin, end


CARD = Detector("card", "", by_pattern(_PATTERN, _confirm), numbers=_LIKELY)
