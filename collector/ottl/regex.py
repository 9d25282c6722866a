r"""Regular expressions of OTTL (RE2 syntax) for the linear-time engine behind polars (Rust's `regex`).

In RE2 `\w`, `\d`, `\s` and `\b` are ASCII; in Rust they are Unicode, which makes programs of hundreds of kilobytes that
take up to 2 ms to compile. So an expression runs with Unicode off, and back on for the parts that must be able to step
over a whole character: `.`, negated classes, `\S`, `\W`, `\D`. Ignoring case is ASCII then, too; in RE2 it is Unicode (`s` is
the long s, too, `k` the Kelvin sign). So texts that are not ASCII are left to RE2 itself where case is ignored, and so is every text
where a pattern has no safe translation: `contains` means the same as triage, which runs RE2 alone.
"""

from __future__ import annotations

import re
from functools import cache, partial

import polars as pl
import re2

_TOKEN = re.compile(r"\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]")
_SHORT = {"\\S": r"(?u:[^\t\n\v\f\r ])", "\\W": "(?u:[^0-9A-Za-z_])", "\\D": "(?u:[^0-9])", ".": "(?u:.)"}
_UNTRANSLATED = re.compile(r"\\[QEC]|\\[pP]|\(\?[a-zA-Z]*[ux]")
_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")
_IN_CLASS = {"\\w": "0-9A-Za-z_", "\\d": "0-9", "\\s": r"\t\n\f\r "}


@cache
def problem_of(pattern: str) -> str | None:
    """Why the engine behind polars, or RE2, refuses a pattern; or None. One with a translation runs as that alone, and is not compiled
    as it is: with Unicode that takes milliseconds."""
    refused = _refused(pattern) if _translation(pattern) is None else None
    return refused or _refused_by_re2(pattern)


def _refused(pattern: str) -> str | None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[0])
    return None


def _refused_by_re2(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return None


def translated(pattern: str) -> str:
    """The pattern as the engine runs it; as it is when there is no safe translation."""
    return _translation(pattern) or pattern


@cache
def _translation(pattern: str) -> str | None:
    if not pattern.isascii() or _UNTRANSLATED.search(pattern):
        return None
    found = "(?-u)" + "".join(_token(token) for token in _TOKEN.findall(pattern))
    return None if _refused(found) is not None else found


def _token(token: str) -> str:
    if token.startswith("[^"):
        inner = re.sub(r"\\[wds]", lambda match: _IN_CLASS[match.group(0)], token)
        return f"(?u:{inner})"
    return _SHORT.get(token, token)


def contains(text: pl.Expr, pattern: str) -> pl.Expr:
    """Whether the pattern matches somewhere in the text, as RE2 means it; null for null."""
    fast = _translation(pattern)
    if fast is None:
        return text.map_batches(partial(_by_re2, pattern=pattern), pl.Boolean)
    if not _IGNORES_CASE.search(pattern):
        return text.str.contains(fast)
    return text.map_batches(partial(_by_both, pattern=pattern, fast=fast), pl.Boolean)


def _by_both(texts: pl.Series, *, pattern: str, fast: str) -> pl.Series:
    """The fast engine, and RE2 for the texts in which the two may differ."""
    found = texts.str.contains(fast)
    other = texts.str.len_bytes() != texts.str.len_chars()
    return found.zip_with(~other, _by_re2(texts.set(~other, None), pattern=pattern)) if other.any() else found


def _by_re2(texts: pl.Series, *, pattern: str) -> pl.Series:
    search = _compiled(pattern).search
    distinct = texts.drop_nulls().unique()
    found = pl.Series([search(value) is not None for value in distinct.to_list()], dtype=pl.Boolean)
    return texts.replace_strict(distinct, found, default=None, return_dtype=pl.Boolean)


@cache
def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
