"""Telephone numbers: international ones (E.164) with their `+`, of a country code that is given out and of so many digits; national ones only beside a
word that says what they are (`phone`, `tel`, `mobile`, `fax` …, in some languages).
"""

from __future__ import annotations

import re
from typing import Any

from collector.privacy.classes.detector import Detector, Span, by_pattern

_CODES = re.compile(
    "1|7|20|21[1-368]|22\\d|23\\d|24\\d|25\\d|26\\d|27|290|291|297|298|299|30|31|32|33|34|35\\d|36|37\\d|38[0-35-79]|39|40|41|42[013]|43|44|45|46|47|48|49"
    "|50\\d|51|52|53|54|55|56|57|58|59\\d|60|61|62|63|64|65|66|67\\d|68\\d|69[0-2]|80[08]|81|82|84|85[0-35-6]|86|87[0-4]|88[0-36]|90|91|92|93|94|95"
    "|96[0-8]|97[0-7]|98|99[2-68]"
)
WORDS = (
    "phone|tel|telephone|telefon|telefono|tel(?:e|é)fono|t(?:e|é)l(?:e|é)phone|telefone|mobile|mobil|m(?:o|ó)vil|portable|cell|cellphone|handy|handynummer|fax|msisdn"
    "|whatsapp|sms|rufnummer|telefonnummer|telefoonnummer|caller|callee|dialed|contact[_ .-]?(?:number|no)"
)
_NUMBER = r"\(?\d[\d ().\-/]{5,18}\d"
_LIKELY = rf"(?:\+|%2[Bb])\(?[1-9][\d ().\-/]{{6}}|(?i:{WORDS})[\w .-]{{0,12}}[\\\"']{{0,2}}\s?[=:#]?\s?[\\\"']{{0,2}}\(?\d[\d ().\-/]{{5}}|\([2-9]\d\d\) ?[2-9]\d\d[-. ]\d"
_INTERNATIONAL = re.compile(r"(?<![\w+.])(?:\+|%2[Bb])\(?[1-9][\d ().\-/]{6,22}\d(?![\w%])")
_NATIONAL = re.compile(
    rf"(?i)(?<![^\W_])(?:{WORDS})(?:[_ .-]?(?:no|nr|num|number|phone|call))?[\\\"']{{0,2}}\.?\s{{0,2}}[=:#]?\s{{0,2}}[\\\"']{{0,2}}({_NUMBER})(?!\w)"
)
_NANP = re.compile(r"1[2-9]\d\d[2-9]\d{6}\Z")
_LEAST, _MOST = 8, 15
_LEAST_NATIONAL = 7
_NOT_DIGITS = re.compile(r"\D+")


def _international(text: str, match: Any) -> Span | None:
    digits = _NOT_DIGITS.sub("", match.group().removeprefix("%2B").removeprefix("%2b"))
    if not _LEAST <= len(digits) <= _MOST or _CODES.match(digits) is None:
        return None
    if digits[0] == "1" and _NANP.match(digits) is None:
        return None
    return match.start(), _without_open_bracket(text, *match.span())


def _national(_text: str, match: Any) -> Span | None:
    begin, end = match.span(1)
    digits = _NOT_DIGITS.sub("", match.group(1))
    if not _LEAST_NATIONAL <= len(digits) <= _MOST or len(set(digits)) == 1:
        return None
    return begin, end


def _without_open_bracket(text: str, begin: int, end: int) -> int:
    return end - 1 if text[end - 1] == ")" and "(" not in text[begin:end] else end


_BRACKETS = re.compile(r"(?<![\w.])\(([2-9]\d\d)\) ?[2-9]\d\d[-. ]\d{4}(?!\d)")
_by_brackets = by_pattern(_BRACKETS, lambda _text, match: match.span())
_by_plus, _by_word = by_pattern(_INTERNATIONAL, _international), by_pattern(_NATIONAL, _national)
PHONE = Detector("phone", _LIKELY, lambda text: [*_by_plus(text), *_by_word(text), *_by_brackets(text)])
