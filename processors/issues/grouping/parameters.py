"""Messages with what varies taken out: addresses, ids, numbers, paths, times. For what has no pattern: messages of exceptions, and bodies
where no processor `patterns` stands in front. One pass of RE2, whose time grows with the text alone; what needs a look around is decided
for each token.
"""

from __future__ import annotations

import re
from typing import Any

import re2

_LINES = 2
_LONGEST = 1000
_TOP_LEVEL = (
    "com|org|net|io|dev|app|edu|gov|int|mil|biz|info|cloud|ai|co|me|tv|de|fr|uk|it|es|nl|ch|at|be|pl|se|no|dk|fi|cz|pt|ru|cn|jp|kr|in|br|au|ca"
    "|us|eu|example|test|local|localdomain|internal|lan|corp|intra|svc|home|arpa"
)
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAY = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_FILES = (
    "csv|tsv|json|xml|txt|log|tmp|bak|dat|bin|sql|pdf|png|jpe?g|gif|svg|webp|mp[34]|zip|gz|tar|tgz|xz|zst|parquet|xlsx?|docx?|toml|ya?ml|ini"
    "|conf|lock|pid|sock"
)
_MASKS = (
    ("id", r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b|\b1-[0-9a-f]{8}-[0-9a-f]{24}\b"),
    ("id", r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    ("email", r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b"),
    ("url", r"\b(?:https?|wss?|ftp|file|amqps?|redis|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|s3|gs)://[^\s\"'<>)\]]+"),
    ("address", r"(?:\b(?:\d{1,3}\.){3}\d{1,3}|\blocalhost|\[[0-9a-fA-F:]+\]):\d{1,5}\b"),
    ("host", r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b"),
    ("v6", r"(?:[0-9a-fA-F]{1,4}:){2,7}(?::?[0-9a-fA-F]{1,4})?(?::\d{1,5}\b)?|::1(?::\d{1,5})?\b"),
    ("name", rf"\b(?:[A-Za-z0-9_][\w-]*\.)+(?:{_TOP_LEVEL})(?::\d{{1,5}})?\b"),
    ("date", r"\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?"),
    ("date", rf"\b(?:(?:{_DAY}),? )?(?:\d{{1,2}} (?:{_MONTH})|(?:{_MONTH}) +\d{{1,2}})(?:,? \d{{4}})?(?: \d{{2}}:\d{{2}}(?::\d{{2}})?)?\b"),
    ("time", r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b"),
    ("path", r"(?:\.{0,2}/)?(?:[\w.@+~-]+/)+[\w.@+~-]*(?:\?[^\s\"'<>]*)?|/[\w.@+~-]+(?:\?[^\s\"'<>]*)?|\b[A-Za-z]:\\[^\s\"'<>|:]*"),
    ("file", rf"\b[\w@+~][\w.@+~-]*\.(?:{_FILES})\b"),
    ("id", r"\b0[xX][0-9a-fA-F]+\b"),
    ("duration", r"\b(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d)){2,5}\b"),
    ("duration", r"\b\d+(?:\.\d+)? ?(?:ns|us|ms|sec(?:ond)?s?|s|min(?:ute)?s?|m|h(?:ours?)?|d(?:ays?)?)\b"),
    ("size", r"\b\d+(?:\.\d+)? ?(?:[kKMGT]i?B|bytes|B)\b"),
    ("number", r"[-+]?\b\d+(?:[.,]\d+)*\b"),
    ("word", r"\w+"),
)  # fmt: skip
_ANY = re2.compile("|".join(f"(?P<{name}_{number}>{mask})" for number, (name, mask) in enumerate(_MASKS)))
_FIRST_EPHEMERAL = 32768
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_NUMBERED = re.compile(r"[A-Za-z_]+\d{1,4}")
_LAST_DIGITS = re.compile(r"\d+$")
_ASSIGNED = re.compile(r"(?<==)(?:\"[^\"]*\"|'[^']*'|true\b|false\b|null\b|none\b)", re.IGNORECASE)
_LEAD = re.compile(r"^\s*(?:\w+ ?){1,3}:\s*$")
"""`Caused by:`, `Stack trace:`: what counts stands below."""
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'")
_RUNS = re.compile(r"(<\w+>)(?:[,;:/. -]{0,3}\1)+")
_BEFORE_PATH = re.compile(r"[\w<>/]")


def parameterized(text: str) -> str:
    """The first two lines that say something, with each part that varies as `<kind>`; ports of services stay."""
    lines = [line.strip() for line in text[: 4 * _LONGEST].splitlines() if line.strip() and not _is_lead(line)]
    first = "\n".join(lines[:_LINES])[:_LONGEST]
    return _RUNS.sub(r"\1", _ASSIGNED.sub("<value>", _ANY.sub(_masked, first)))


def without_quotations(text: str) -> str:
    """The same for a message that only tells faults of one place apart: what is quoted varies."""
    return parameterized(_QUOTED.sub("<quoted>", text[: 2 * _LONGEST]))


def _is_lead(line: str) -> bool:
    return len(line) < 80 and _LEAD.match(line) is not None


def _masked(match: Any) -> str:
    """What stands for a token."""
    kind, text = str(match.lastgroup).partition("_")[0], match[0]
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 2]
    match kind:
        case "word":
            return _word(text)
        case "address":
            return _port(text)
        case "v6":
            outside = bool(before) and (before.isalnum() or before == ":")
            return _port_of_v6(text) if _is_v6(text) and not outside else ":".join(map(_word, text.split(":")))
        case "name":
            outside = after[:1] == "(" or (after[:1] == "." and after[1:].isalnum())
            return text if outside else _port(text) if ":" in text else "<host>"
        case "path":
            return text if _BEFORE_PATH.match(before) else "<path>"
        case "file":
            return "<path>"
        case "id":
            return "<number>"  # an id may happen to have no letters
        case _:
            return f"<{kind}>"


def _word(word: str) -> str:
    """An id has letters and at least two digits among eight characters; of other words only numbers at the end vary."""
    digits = sum(character.isdigit() for character in word)
    if not digits:
        return word
    numbered = _NUMBERED.fullmatch(word)
    if len(word) >= 8 and numbered is None and digits < len(word) and (digits >= 2 or _HEX.fullmatch(word)):
        return "<number>"
    return _LAST_DIGITS.sub("<number>", word)


def _is_v6(text: str) -> bool:
    return "::" in text or text.count(":") >= 4


def _port_of_v6(text: str) -> str:
    last = text.rpartition(":")[2]
    return _port(f"x:{last}") if text.startswith("::1:") or (len(last) > 4 and last.isdigit()) else "<host>"


def _port(address: str) -> str:
    """A port of a service says which one is meant; one that a client got does not."""
    port = int(address.rpartition(":")[2])
    return f"<host>:{port}" if port < _FIRST_EPHEMERAL else "<host> <port>"
