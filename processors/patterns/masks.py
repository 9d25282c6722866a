"""What surely varies in a text, taken out of it: numbers, ids, addresses, paths, dates, sizes, values.

Two steps, both pure functions of the text alone, so that a text has the same pattern on every machine and after every restart:

    key     each word with a digit becomes `0`: most texts that differ in what varies have the same key
    masked  masks in their order, run on keys; what varies becomes `<*>`

Expressions take linear time whatever the text: no look-around, no recursion. Words, their borders and spaces are those of ASCII, so that
both engines agree: Rust's (polars), for many texts at once, and RE2 for a few, where a call of polars for each expression costs more than
the text. A text counts with its first 500 characters, numbers as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import re2
import xxhash

from processors.patterns.tokens import WILDCARD

LONGEST = 500
"""Characters of a text that count."""
FEW = 24
"""Up to so many texts RE2 is the faster one."""
_CUT = "…"
"""Ends a text that is longer than what counts; closes what is open there."""

_A = "0-9A-Za-z_"
_S = r"\t\n\v\f\r "
_W = r"<\*>"
_IN = r"(?:[^{}\[\]()…]|\[<\*>\])*"
"""What stands in brackets, and has no brackets in it."""
_NAME = rf"(?:\b[A-Z][{_A}.$]*|{_W})"
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_UNITS = "(?:[KMGTP]?i?B|[kmgtp]b|bytes?|ns|us|µs|ms|msecs?|millis(?:econds)?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?|days?|%)"
_LIST = "[" + WILDCARD + "]"
_NUMBERED = r"[A-Za-z_-]*[0-9][A-Za-z0-9_-]*"
_RUN, _DIGIT = re.compile(r"[A-Za-z0-9_-]+"), re.compile("[0-9]")
"""What `_NUMBERED` finds, for one text: a run of these that has a digit."""
_LAST_WORD = rf"[{_A}.$/-]*$"
_NESTED = 4
"""How deep objects in each other are looked into."""

DUMPS = (
    (rf"\[{_IN},{_IN}\]", _LIST),
    (rf"([:=] ?)\[{_IN}\]", "${1}" + _LIST),
    (rf"\[{_IN},{_IN}…", WILDCARD + _CUT),
    (rf"[{_A}.$]*\{{{_IN}[=:@0*]{_IN}\}}", WILDCARD),
    (rf"[{_A}.$]*\{{{_IN}…", WILDCARD + _CUT),
    (rf"{_NAME}[\[(]{_IN}={_IN}[\])]", WILDCARD),
    (rf"{_NAME}[\[(]{_IN}…", WILDCARD + _CUT),
)
"""Lists, maps and objects that a program printed, the innermost; (expression, what stands in its place)."""

MASKS = (
    ("://", rf"\b[A-Za-z][A-Za-z0-9+.-]*://[^{_S}\"'<>\])}},;]*", WILDCARD),
    ("@", rf"[{_A}.+-]+@[{_A}-]+(?:\.[{_A}-]+)*", WILDCARD),
    (":\\", rf"\b[A-Za-z]:\\[^{_S}\"',;]*", WILDCARD),
    ("/", rf"(^|[{_S}=:(\"'\[,<])(?:/[{_A}.+@%~$#*-]+)+/?", "${1}" + WILDCARD),
    ("/", rf"\b[{_A}.-]+(?:/[{_A}.-]+){{2,}}/?", WILDCARD),
    ("0:0", rf"\b(?:{_DAYS},? +)?{_MONTHS} +0(?:,? 0:0(?::0)?)?(?: [A-Z]{{3,4}}\b)?(?: 0)?", WILDCARD),
    (" 0", rf"\b(?:{_DAYS},? +)?{_MONTHS} +0\b(?: 0\b)?", WILDCARD),
    ("0 ", rf"\b(?:{_DAYS},? +)?0 {_MONTHS}(?: 0)?(?: 0:0(?::0)?)?", WILDCARD),
    (":", r"\b(?:[0-9a-fA-F]{1,4}::?){2,}[0-9a-fA-F]{1,4}\b", "0"),
    (" (0", rf" \(0(?:[.,]0)? ?{_UNITS}\)", ""),
    ("0", r"\b0(?:(?:[.:,/x*+ #]|##|, |; )0)+", "0"),
    ("0", rf"(^|[{_S}(=:,])[<>~≈]=? ?0", "${1}0"),
    ("0", rf"\b0 ?{_UNITS}([^{_A}]|$)", "0${1}"),
    (".", rf"(?:[{_A}-]+\.){{2,}}[a-z][a-z0-9_-]*([^{_A}.-]|\.?$)", WILDCARD + "${1}"),
    ("", r"([=:] ?)(?:true|false|null|None|nil|undefined)\b", "${1}" + WILDCARD),
    ("=", rf"([{_A}.-]+=)(?:\"[^\"]*\"|'[^']*'|[^{_S},;)\]}}\"'<>\[({{]+)", "${1}" + WILDCARD),
    (" ()", r" \(\)", " (" + WILDCARD + ")"),
    ("0", rf"[{_A}.$@#%+/~*-]*0[{_A}.$@#%+/~*-]*", WILDCARD),
    (WILDCARD, rf"[{_A}.$/@#-]+{_W}(?:[{_A}.$/@#-]|{_W})*|{_W}[{_A}.$/@#-]+(?:{_W}[{_A}.$/@#-]*)*", WILDCARD),
    (WILDCARD, rf"{_W}(?:[ ,;:|/]*{_W})+", WILDCARD),
)
"""(what a text must hold, expression, what stands in its place), in order."""


def keys(texts: Sequence[str]) -> list[str]:
    """The key of each text."""
    if len(texts) <= FEW:
        return [_key(text) for text in texts]
    column = pl.Series(texts, dtype=pl.String)
    numbered = column.str.head(2 * LONGEST).str.replace_all(_NUMBERED, "0")
    if (column.str.len_bytes() > LONGEST).any():
        long = (column.str.len_chars() > 2 * LONGEST) | (numbered.str.len_chars() > LONGEST)
        numbered = numbered.zip_with(~long, numbered.str.head(LONGEST).str.replace(_LAST_WORD, _CUT))
    return numbered.to_list()


def _key(text: str) -> str:
    numbered = _RUN.sub(_number, text[: 2 * LONGEST])
    if len(text) > 2 * LONGEST or len(numbered) > LONGEST:
        return str(_LAST_WORD_RE2.sub(lambda _: _CUT, numbered[:LONGEST], count=1))
    return numbered


def _number(run: re.Match[str]) -> str:
    word = run[0]
    return word if word.isalpha() or _DIGIT.search(word) is None else "0"


def masked(found: Sequence[str]) -> list[str]:
    """The masked text of each key."""
    if len(found) <= FEW:
        return [_masked(key) for key in found]
    texts = pl.Series(found, dtype=pl.String)
    texts = _where(texts, texts.str.contains_any(["[", "{", "("]), _without_dumps)
    for literal, expression, instead in MASKS:
        needed = texts.str.contains(literal, literal=True) if literal else None
        texts = _where(texts, needed, lambda some, e=expression, i=instead: some.str.replace_all(_rust(e), i))  # type: ignore[misc]
    return texts.str.strip_chars(" …").to_list()


def _without_dumps(texts: pl.Series) -> pl.Series:
    for _ in range(_NESTED):
        before = texts
        for expression, instead in DUMPS:
            texts = texts.str.replace_all(_rust(expression), instead)
        if not (texts != before).any():
            break
    return texts


def _where(texts: pl.Series, which: pl.Series | None, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts with some of them changed: those that are concerned, or all where most are."""
    concerned = len(texts) if which is None else int(which.sum())
    if not concerned:
        return texts
    if which is None or 2 * concerned > len(texts):
        return change(texts)
    places = which.arg_true()
    return texts.scatter(places, change(texts.gather(places)))


def _rust(expression: str) -> str:
    return expression.replace(r"\b", r"(?-u:\b)")


def _masked(text: str) -> str:
    if "[" in text or "{" in text or "(" in text:
        for _ in range(_NESTED):
            before = text
            for form, instead in _DUMPS_RE2:
                text = form.sub(instead, text)
            if text == before:
                break
    for literal, form, instead in _MASKS_RE2:
        if literal in text:
            text = form.sub(instead, text)
    return text.strip(" …")


def _of_re2(instead: str) -> Callable[[Any], str]:
    before, group, after = instead.partition("${1}")
    return (lambda match: f"{before}{match.group(1)}{after}") if group else (lambda _: before)


_LAST_WORD_RE2 = re2.compile(_LAST_WORD)
_DUMPS_RE2 = [(re2.compile(expression), _of_re2(instead)) for expression, instead in DUMPS]
_MASKS_RE2 = [(literal, re2.compile(expression), _of_re2(instead)) for literal, expression, instead in MASKS]


def pattern_id(text: str) -> str:
    """The id of the pattern whose first masked text this is: 16 hex characters, the same everywhere."""
    return xxhash.xxh3_64_hexdigest(text.encode())
