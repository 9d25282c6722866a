"""Numbers that a state gives to a person, by country: a form, a check of python-stdnum (check digits, dates), and a word in front where form and
check are too weak to tell it from any other number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from collector.privacy.classes.cards import luhn
from collector.privacy.classes.detector import Detector, Span, by_pattern, is_named_id, stands_alone

_SEPARATORS = re.compile(r"[ ./-]")
_NINO = re.compile(r"(?!BG|GB|NK|KN|TN|NT|ZZ|QQ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]\Z")
_DIGITS_OF_PASSPORT = 5
_NRIC = {"S": (0, "JZIHGFEDCBA"), "T": (4, "JZIHGFEDCBA"), "F": (0, "XWUTRQPNMLK"), "G": (4, "XWUTRQPNMLK")}


def _is_ssn(number: str) -> bool:
    """Also those that were printed in advertisements, and are given to nobody since."""
    return number[:3] not in ("000", "666") and number[0] != "9" and number[3:5] != "00" and number[5:] != "0000"


def _is_sin(number: str) -> bool:
    return luhn(number)


def _is_passport(number: str) -> bool:
    return sum(map(str.isdigit, number)) >= _DIGITS_OF_PASSPORT


def _is_nino(number: str) -> bool:
    return _NINO.match(number) is not None


def _is_nric(number: str) -> bool:
    """Singapore: a sum of weighted digits chooses the last letter."""
    offset, letters = _NRIC[number[0]]
    total = sum(int(digit) * weight for digit, weight in zip(number[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    return letters[(total + offset) % 11] == number[8]


@dataclass(frozen=True)
class Kind:
    """The numbers of one country.

    Args:
        name: country and name.
        form: an expression of `re` without groups.
        check: a module of python-stdnum, or a function, that is asked of the number without separators.
        words: names by which people and programs call it, an expression; one of them stands in front where `needs_word`.
        bare: a form that needs such a word where `form` needs none.
        written: signs between digits are part of it (they say the century).
    """

    name: str
    form: str
    check: str | Callable[[str], bool]
    words: str = ""
    bare: str = ""
    written: bool = False

    def valid(self, number: str) -> bool:
        """Whether it can have been given out."""
        number = number if self.written else _SEPARATORS.sub("", number).upper()
        return self.check(number) if callable(self.check) else bool(_module(self.check).is_valid(number))


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


_D6 = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_DMY = r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d"
KINDS = (
    Kind("US social security number", r"\d{3}-\d\d-\d{4}", _is_ssn, "ssn|social[ _-]?security(?:[ _-]?(?:number|no))?|itin", r"\d{9}|\d{3} \d\d \d{4}"),
    Kind("GB national insurance number", r"[A-Z]{2}(?:\d{6}| \d\d \d\d \d\d )[A-D]", _is_nino, "nino|national[ _-]?insurance|ni[ _-]?(?:number|no)"),
    Kind("GB NHS number", "", "gb.nhs", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
    Kind("DE Steuer-ID", "", "de.idnr", r"steuer[ _-]?id\w*|idnr|identifikationsnummer|tax[ _-]?id(?:entification)?(?:[ _-]?number)?", r"\d{2} ?\d{3} ?\d{3} ?\d{3}"),
    Kind("FR NIR", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", "fr.nir"),
    Kind("ES DNI", r"\d{8}-?[A-HJ-NP-TV-Z]", "es.dni"),
    Kind("ES NIE", r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]", "es.nie"),
    Kind("IT codice fiscale", r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", "it.codicefiscale"),
    Kind("NL burgerservicenummer", "", "nl.bsn", "bsn|burgerservicenummer|sofinummer", r"\d{9}|\d{4}[ .]\d\d[ .]\d{3}"),
    Kind("BE national number", r"\d\d\.\d\d\.\d\d-\d{3}[.-]\d\d", "be.nn", r"rijksregister\w*|registre national|niss|insz", r"\d{11}"),
    Kind("PL PESEL", "", "pl.pesel", "pesel", r"\d{11}"),
    Kind("SE personnummer", rf"(?:19|20)?{_D6}[-+]\d{{4}}", "se.personnummer", "personnummer|samordningsnummer", r"\d{10}|\d{12}", written=True),
    Kind("FI HETU", rf"{_DMY}[-+A-FYXWVU]\d{{3}}[0-9A-FHJ-NPR-Y]", "fi.hetu", written=True),
    Kind("NO fødselsnummer", "", "no.fodselsnummer", r"f(?:ø|o|oe)dsels\w*|personnummer|fnr|d-nummer", r"\d{6} ?\d{5}"),
    Kind("DK CPR", "", "dk.cpr", r"cpr(?:[ _-]?(?:nummer|nr|no))?|personnummer", r"\d{6}-?\d{4}"),
    Kind("BR CPF", r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf", "cpf", r"\d{11}"),
    Kind("CN resident identity card", r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]", "cn.ric"),
    Kind("IN Aadhaar", "", "in_.aadhaar", "aadha?ar|uidai|uid", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}"),
    Kind("IN PAN", r"[A-Z]{3}[ABCFGHJLPTK][A-Z]\d{4}[A-Z]", "in_.pan"),
    Kind("KR resident registration", rf"{_D6}-\d{{7}}", "kr.rrn"),
    Kind("MX CURP", rf"[A-Z][AEIOUX][A-Z]{{2}}{_D6}[HMX][A-Z]{{5}}[0-9A-Z]\d", "mx.curp"),
    Kind("CL RUT", r"\d{1,2}\.\d{3}\.\d{3}-[0-9Kk]", "cl.rut", "rut", r"\d{7,8}-?[0-9Kk]"),
    Kind("CH AHV", r"756\.\d{4}\.\d{4}\.\d\d", "ch.ssn", "ahv|avs|ssn|sozialversicherungsnummer", r"756\d{10}"),
    Kind("CZ, SK rodné číslo", r"\d\d(?:[0257][1-9]|[1368][0-2])(?:0[1-9]|[12]\d|3[01])/\d{4}", "cz.rc", r"rodn(?:é|e|ého) ?(?:č|c)(?:í|i)sl[oa]", r"\d{10}"),
    Kind("TR kimlik", "", "tr.tckimlik", "t\\.?c\\.? ?kimlik|tckn|kimlik", r"[1-9]\d{10}"),
    Kind("AR CUIT", r"(?:20|2[3-7]|30|33|34)-\d{8}-\d", "ar.cuit", "cuit|cuil", r"\d{11}"),
    Kind("ZA identity number", "", "za.idnr", r"(?:south african|sa|za|rsa)[ _-]?id(?:entity)?(?:[ _-]?(?:number|no))?|id[ _-]?number|identity[ _-]?number", r"\d{13}|\d{6} \d{4} \d{3}"),
    Kind("CA SIN", "", _is_sin, r"sin|social[ _-]?insurance(?:[ _-]?(?:number|no))?", r"\d{3}[ -]?\d{3}[ -]?\d{3}"),
    Kind("AU TFN", "", "au.tfn", r"tfn|tax[ _-]?file(?:[ _-]?(?:number|no))?", r"\d{3} ?\d{3} ?\d{2,3}"),
    Kind("IE PPS", "", "ie.pps", r"ppsn?", r"\d{7}[A-W][A-IW]?"),
    Kind("EE, LT isikukood", "", "ee.ik", r"isikukood|asmens kodas", r"[1-8]\d{10}"),
    Kind("RO CNP", "", "ro.cnp", "cnp", r"[1-9]\d{12}"),
    Kind("BG EGN", "", "bg.egn", "egn|егн", r"\d{10}"),
    Kind("HR OIB", "", "hr.oib", "oib", r"\d{11}"),
    Kind("PT NIF", "", "pt.nif", r"nif|contribuinte", r"\d{9}"),
    Kind("GR AMKA", "", "gr.amka", "amka|αμκα", r"\d{11}"),
    Kind("IL teudat zehut", "", "il.idnr", r"teudat[ _-]?zehut|תעודת זהות", r"\d{8,9}"),
    Kind("JP my number", "", "jp.in_", r"my[ _-]?number|マイナンバー|個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}"),
    Kind("passport", "", _is_passport, r"passport(?:[ _-]?(?:number|no|nr))?|reisepass(?:nummer)?|passeport|pasaporte", r"[A-Z]{1,2}\d{6,8}|[0-9A-Z]{9}"),
    Kind("SG NRIC", r"[STFG]\d{7}[A-Z]", _is_nric),
    Kind("LV personas kods", r"\d{6}-\d{5}", "lv.pvn", "personas kods", r"\d{11}"),
    Kind("TH identity number", r"\d-\d{4}-\d{5}-\d\d-\d", "th.pin"),
    Kind("AT Sozialversicherungsnummer", "", "at.vnr", r"svnr|vsnr|sozialversicherungsnummer", r"\d{4} ?\d{6}"),
)  # fmt: skip
_SAID = r"(?:[ _-]?(?:number|nummer|no|nr|num|id|card|numéro|num(?:e|é)ro))?\.?[\"'\\]{0,3}\s{0,2}(?:[:=#]|is|n°|º)?\s{0,2}[\"'\\]{0,2}"
_FORMED = [(kind, re.compile(rf"(?a:{kind.form})")) for kind in KINDS if kind.form]
_NAMED = [
    (kind, re.compile(rf"(?i:{kind.words})"), re.compile(rf"(?a:{kind.bare or kind.form})(?![0-9A-Za-z])"))
    for kind in KINDS
    if kind.words
]
_FORMS = "|".join(kind.form for kind in KINDS if kind.form)
WORDS = "|".join(kind.words for kind in KINDS if kind.words)
_BY_FORM = re.compile(rf"(?a)(?<![0-9A-Za-z])(?:{_FORMS})(?![0-9A-Za-z])")
_BY_WORD = re.compile(rf"(?i)(?<![^\W_])({WORDS}){_SAID}(?=[0-9A-Z])")
_LIKELY = rf"(?i:(?:^|[^0-9A-Za-z])(?:{WORDS}){_SAID}[0-9A-Z][0-9A-Z ./-]{{4}})"
_LIKELY_FORMS = "|".join(rf"(?:\b|_)(?:{kind.form})" for kind in KINDS if kind.form)


def _formed(text: str, match: Any) -> Span | None:
    begin, end = match.span()
    if not stands_alone(text, begin, end, joints="-./") or is_named_id(text, begin):
        return None
    found = match.group()
    return (begin, end) if any(form.fullmatch(found) and kind.valid(found) for kind, form in _FORMED) else None


def _named(text: str, match: Any) -> Span | None:
    word, begin = match.group(1), match.end()
    for kind, words, form in _NAMED:
        number = form.match(text, begin) if words.fullmatch(word) else None
        if number is not None and kind.valid(number.group()):
            return number.span()
    return None


_by_form, _by_word = by_pattern(_BY_FORM, _formed), by_pattern(_BY_WORD, _named)
NATIONAL_ID = Detector("national_id", _LIKELY, lambda text: [*_by_word(text), *_by_form(text)], numbers=_LIKELY_FORMS)
