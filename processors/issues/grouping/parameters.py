"""Messages with what varies taken out: addresses, ids, numbers, paths, times. For what has no pattern: messages of exceptions, and bodies
where no processor `patterns` stands in front."""

from __future__ import annotations

import re

_LINES = 2
_LONGEST = 1000
_TOP_LEVEL = (
    "com|org|net|io|dev|app|edu|gov|int|mil|biz|info|cloud|ai|co|me|tv|de|fr|uk|it|es|nl|ch|at|be|pl|se|no|dk|fi|cz|pt|ru|cn|jp|kr|in|br|au|ca"
    "|us|eu|example|test|local|localdomain|internal|lan|corp|intra|svc|home|arpa"
)
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MASKS = (
    ("trace", r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b|\b1-[0-9a-f]{8}-[0-9a-f]{24}\b"),
    ("uuid", r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    ("email", r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b"),
    ("url", r"\b(?:https?|wss?|ftp|file|amqps?|redis|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|jdbc:\w+|s3|gs)://[^\s\"'<>)\]]+"),
    ("host", r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:.])|(?<![\w:])::1?(?=[\s:,\])]|$)"),
    ("host", rf"\b(?:[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?\.)+(?:{_TOP_LEVEL})\b(?!\.\w|\()"),
    ("date", r"\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?"),
    ("date", rf"\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:\d{{1,2}} (?:{_MONTH})|(?:{_MONTH}) +\d{{1,2}})(?:,? \d{{4}})?(?: \d{{2}}:\d{{2}}(?::\d{{2}})?)?\b"),
    ("time", r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b"),
    ("path", r"(?<![\w<>/])(?:\.{0,2}/)?(?:[\w.@+~-]+/)+[\w.@+~-]*|(?<![\w<>/])/[\w.@+~-]+|\b[A-Za-z]:\\[^\s\"'<>|:]*"),
    ("path", r"\b[\w@+~-][\w.@+~-]*\.(?:csv|tsv|json|xml|txt|log|tmp|bak|dat|bin|sql|pdf|png|jpe?g|gif|svg|webp|mp[34]|zip|gz|tar|tgz|xz|zst|parquet|xlsx?|docx?|toml|ya?ml|ini|conf|lock|pid|sock)\b"),
    ("hex", r"\b0[xX][0-9a-fA-F]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,128}\b|\b(?=[A-F]*\d)(?=\d*[A-F])[0-9A-F]{8,128}\b"),
    ("id", r"\b(?=\w*\d\w*\d)(?=\w*[A-Za-z])\w{8,}\b|(?<=#)-?\d+\b"),
    ("duration", r"\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|sec(?:ond)?s?|s|min(?:ute)?s?|m|h(?:ours?)?|d(?:ays?)?)\b"),
    ("size", r"\b\d+(?:\.\d+)? ?(?:[kKMGT]i?B|bytes|B)\b"),
    ("number", r"(?<![A-Za-z_\d.])[-+]?\d+(?:[.,]\d+)*(?![A-Za-z_\d])|(?<=[A-Za-z_-])\d+(?=\b|_)"),
)  # fmt: skip
_PORT = re.compile(r"(?P<host><host>|\blocalhost|\])(?::|>:)(?P<port>\d{1,5})\b")
_FIRST_EPHEMERAL = 32768
_ANY = re.compile("|".join(f"(?P<{name}_{number}>{mask})" for number, (name, mask) in enumerate(_MASKS)))
_ASSIGNED = re.compile(r"(?<==)(?:\"[^\"]*\"|'[^']*'|true\b|false\b|null\b|none\b)", re.IGNORECASE)
_LEAD = re.compile(r"^\s*(?:\w+ ?){1,3}:\s*$")
"""`Caused by:`, `Stack trace:`: what counts stands below."""
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'")
_RUNS = re.compile(r"(<\w+>)(?:[,;:/. -]*\1)+")


def parameterized(text: str) -> str:
    """The first two lines that say something, with each part that varies as `<kind>`; ports of services stay."""
    lines = [line.strip() for line in text[: 4 * _LONGEST].splitlines() if line.strip() and not _LEAD.match(line)]
    first = "\n".join(lines[:_LINES])[:_LONGEST]
    hosts = re.sub(_MASKS[4][1], "<host>", first)
    ports = _PORT.sub(_port, hosts)
    masked = _ANY.sub(lambda match: f"<{str(match.lastgroup).partition('_')[0]}>", ports)
    return _RUNS.sub(r"\1", _ASSIGNED.sub("<value>", masked)).replace("\0", ":p")


def without_quotations(text: str) -> str:
    """The same for a message that only tells faults of one place apart: what is quoted varies."""
    return parameterized(_QUOTED.sub("<quoted>", text))


def _port(match: re.Match[str]) -> str:
    """A port of a service says which one is meant; one that a client got does not."""
    port = int(match["port"])
    return f"{match['host']}\0{_letters(port)}" if port < _FIRST_EPHEMERAL else f"{match['host']} <port>"


def _letters(number: int) -> str:
    """Digits that no later mask takes for a number."""
    return str(number).translate(str.maketrans("0123456789", "abcdefghij"))
