"""International bank account numbers (ISO 13616): so many characters by country, and two check digits, modulo 97."""

from __future__ import annotations

import re
from typing import Any

from collector.privacy.classes.detector import Detector, Span, by_pattern, stands_alone

_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL FK SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS", 23: "AE GI IL IQ TL OM SO", 24: "AD CZ ES MD PK RO SA SE SK TN VG DZ", 25: "LY PT ST",
    26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV NI HN", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
    31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
LENGTH = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}
"""Characters by country, of the registry of SWIFT."""
_LIKELY = r"\b[A-Z][A-Z]\d\d[ -]?[0-9A-Z]{4}|_[A-Z][A-Z]\d\d[ -]?[0-9A-Z]{4}|(?i:iban\W{1,4}[a-z][a-z]\d\d)"
_PATTERN = re.compile(
    r"(?a)(?<![0-9A-Za-z])(?:[A-Z]{2}\d\d(?:[ -]?[0-9A-Z]){11,31}|(?:(?<=(?i:iban)\W)|(?<=(?i:iban)\W\W)|(?<=(?i:iban)\W\W\W)|(?<=(?i:iban)\W\W\W\W))"
    r"[A-Za-z]{2}\d\d(?:[ -]?[0-9A-Za-z]){11,31})"
)


def is_iban(text: str) -> bool:
    """Whether it is one, without spaces and in capitals."""
    turned = text[4:] + text[:4]
    return len(text) == LENGTH.get(text[:2]) and int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def _confirm(text: str, match: Any) -> Span | None:
    begin, end = match.span()
    wanted, stop = LENGTH.get(text[begin : begin + 2].upper(), 0), begin
    kept: list[str] = []
    while len(kept) < wanted and stop < end:
        if text[stop].isalnum():
            kept.append(text[stop].upper())
        stop += 1
    found = "".join(kept)
    return (begin, stop) if found.isascii() and is_iban(found) and stands_alone(text, begin, stop) else None


IBAN = Detector("iban", "", by_pattern(_PATTERN, _confirm), numbers=_LIKELY)
