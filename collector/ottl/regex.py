r"""Regular expressions of OTTL (RE2 syntax) for the linear-time engine behind polars (Rust's `regex`).

In RE2 `\w`, `\d`, `\s` and `\b` are ASCII; in Rust they are Unicode, which makes programs of hundreds of kilobytes that
take up to 2 ms to compile. So an expression runs with Unicode off, and back on for the parts that must be able to step
over a whole character: `.`, negated classes, `\S`, `\W`, `\D`. One difference to RE2 remains: ignoring case is ASCII, too.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl
import re2

_TOKEN = re.compile(r"\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]")
_SHORT = {"\\S": r"(?u:[^\t\n\v\f\r ])", "\\W": "(?u:[^0-9A-Za-z_])", "\\D": "(?u:[^0-9])", ".": "(?u:.)"}
_IN_CLASS = {"\\w": "0-9A-Za-z_", "\\d": "0-9", "\\s": r"\t\n\f\r "}


@cache
def problem_of(pattern: str) -> str | None:
    """Why the engine behind polars, or RE2, refuses a pattern; or None."""
    return _refused(pattern) or _refused_by_re2(pattern)


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


@cache
def translated(pattern: str) -> str:
    """The pattern as the engine runs it; as it is when there is no safe translation."""
    if not pattern.isascii() or re.search(r"\\[QEC]|\\[pP]|\(\?[a-zA-Z]*[ux]", pattern):
        return pattern
    found = "(?-u)" + "".join(_token(token) for token in _TOKEN.findall(pattern))
    return pattern if _refused(found) is not None else found


def _token(token: str) -> str:
    if token.startswith("[^"):
        inner = re.sub(r"\\[wds]", lambda match: _IN_CLASS[match.group(0)], token)
        return f"(?u:{inner})"
    return _SHORT.get(token, token)
