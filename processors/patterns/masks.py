"""What surely varies in a text, taken out of it: numbers, ids, addresses, paths, dates, sizes, values.

Two steps, both pure functions of the text alone, so that a text has the same pattern on every machine and after every restart:

    key     each word with a digit becomes `0`: most texts that differ in what varies have the same key
    masked  masks in their order, run on keys; what varies becomes `<*>`

Expressions are Rust's: linear time whatever the text, no look-around, no recursion. A text counts with its first 500 characters.
"""

from __future__ import annotations

import polars as pl
import xxhash

WILDCARD = "<*>"
LONGEST = 500
"""Characters of a text that count."""

_NUMBERED = r"[A-Za-z_-]*[0-9][A-Za-z0-9_-]*"
_W = r"<\*>"
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_UNITS = "(?:[KMGTP]i?B|[kmgtp]b|bytes?|ns|us|µs|ms|msecs?|millis(?:econds)?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?|days?|%)"

MASKS = (
    # maps and objects that a program printed, the innermost first
    (r"[\w.$]*\{[^{}\[\]()]*[=:@0][^{}\[\]()]*\}", WILDCARD),
    (r"\b[A-Z]\w*[\[(][^{}\[\]()]*=[^{}\[\]()]*[\])]", WILDCARD),
    (r"[\w.$]*\{[^{}\[\]()]*[=:@0*][^{}\[\]()]*\}", WILDCARD),
    (r"\b[A-Z]\w*[\[(][^{}\[\]()]*=[^{}\[\]()]*[\])]", WILDCARD),
    (r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>\])},;]*", WILDCARD),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*", WILDCARD),
    (r"\b[A-Za-z]:\\[^\s\"',;]*", WILDCARD),
    (r"(^|[\s=:(\"'\[,<])(?:/[\w.+@%~$#*-]+)+/?", "${1}" + WILDCARD),
    (r"\b[\w.-]+(?:/[\w.-]+){2,}/?", WILDCARD),
    (rf"\b(?:{_DAYS},? )?{_MONTHS} 0(?:,? 0:0(?::0)?)?(?: [A-Z]{{3,4}}\b)?(?: 0)?", WILDCARD),
    (rf"\b(?:{_DAYS},? )?0 {_MONTHS}(?: 0)?(?: 0:0(?::0)?)?", WILDCARD),
    (rf" \(0(?:[.,]0)? ?{_UNITS}\)", ""),
    (r"\b0(?:[.:,/x*+ ]0)+", "0"),
    (rf"\b0 ?{_UNITS}([^\w]|$)", "0${1}"),
    (r"(?:[\w-]+\.){2,}[a-z][a-z0-9_-]*\b", WILDCARD),
    (r"([=:] ?)(?:true|false|null|None|nil|undefined)\b", "${1}" + WILDCARD),
    (r"([\w.-]+=)(?:\"[^\"]*\"|'[^']*'|[^\s,;)\]}\"'<>\[({]+)", "${1}" + WILDCARD),
    (r" \(\)", " (" + WILDCARD + ")"),
    (r"[\w.$@#%+/~*-]*0[\w.$@#%+/~*-]*", WILDCARD),
    (rf"[\w.$/@#-]+{_W}(?:[\w.$/@#-]|{_W})*|{_W}[\w.$/@#-]+(?:{_W}[\w.$/@#-]*)*", WILDCARD),
    (rf"{_W}(?:[ ,;:|/]*{_W})+", WILDCARD),
)
"""(expression, what stands in its place), in order."""


def keys(texts: pl.Series) -> pl.Series:
    """The key of each text."""
    return texts.str.head(LONGEST).str.replace_all(_NUMBERED, "0")


def masked(found: pl.Series) -> pl.Series:
    """The masked text of each key."""
    for expression, instead in MASKS:
        found = found.str.replace_all(expression, instead)
    return found.str.strip_chars()


def pattern_id(text: str) -> str:
    """The id of the pattern whose first masked text this is: 16 hex characters, the same everywhere."""
    return xxhash.xxh3_64_hexdigest(text.encode())
