"""`severity_number` when the sender left it out (0): from `severity_text`, the level that frameworks put into
attributes, or the body.

Each pattern takes the level's own word out of a whole column; the few distinct words are then looked up. A pattern is
tried only on the bodies that no earlier one answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from collector.ottl.regex import translated
from processors.categorize.view import Clue, View, per_distinct

TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, CRITICAL, ALERT, FATAL = 1, 5, 9, 10, 13, 17, 18, 19, 21

WORDS: Mapping[str, int] = {
    **dict.fromkeys(("trace", "trc", "finest", "trac", "verbose", "vrb", "silly", "t", "v", "trce"), TRACE),
    **dict.fromkeys(
        ("debug", "dbg", "debg", "debu", "fine", "d", "debug1", "debug2", "debug3", "debug4", "debug5", "dbug"), DEBUG
    ),
    "finer": 3,
    "config": 8,
    **dict.fromkeys(
        ("info", "inf", "information", "informational", "i", "log", "note", "default", "http", "system"), INFO
    ),
    **dict.fromkeys(("notice", "ntc", "n", "success", "statement", "detail", "hint", "context"), NOTICE),
    **dict.fromkeys(("warn", "warning", "wrn", "w", "wng", "deprecated"), WARN),
    **dict.fromkeys(("error", "err", "erro", "e", "eror", "failure", "fail", "severe", "exception", "errr"), ERROR),
    **dict.fromkeys(("critical", "crit", "crt", "c", "dpanic"), CRITICAL),
    **dict.fromkeys(("alert", "a"), ALERT),
    **dict.fromkeys(("fatal", "ftl", "fata", "pani", "f", "panic", "emerg", "emergency", "off", "p"), FATAL),
}
PINO: Mapping[int, int] = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}
SYSLOG = (FATAL, ALERT, CRITICAL, ERROR, WARN, NOTICE, INFO, DEBUG)
REDIS = {".": DEBUG, "-": INFO, "*": NOTICE, "#": WARN}
ATTRIBUTES = ("level", "log.level", "severity", "loglevel", "levelname", "log_level", "lvl")

_NUMBERED = re.compile(r"^([a-z]+)[1-4]$")


def of_word(value: str) -> str | None:
    """The severity number of a level's name, as text; `WARN2` counts as a step of WARN."""
    word = value.strip().strip("[]<>():").lower()
    if word.isdigit():
        number = int(word)
        return str(PINO[number]) if number in PINO else None
    if word in WORDS:
        return str(WORDS[word])
    numbered = _NUMBERED.match(word)
    return str(WORDS[numbered[1]] + int(word[-1]) - 1) if numbered and numbered[1] in WORDS else None


def of_pino(value: str) -> str | None:
    """Levels of pino and bunyan in a JSON body."""
    return of_word(value)


def of_syslog(value: str) -> str | None:
    """A syslog priority: facility * 8 + severity."""
    number = int(value)
    return str(SYSLOG[number % 8]) if number <= 191 else None


def of_status(value: str) -> str | None:
    """An HTTP status of an access log: 5xx ERROR, 4xx WARN, else INFO."""
    return str({"5": ERROR, "4": WARN}.get(value[0], INFO))


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a level into a line: `pattern` captures the word, `mark` must occur (literally) in the body."""

    name: str
    pattern: str
    meaning: str = "word"
    mark: str | None = None


_LEVELS = (
    "TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|ALERT|EMERG|EMERGENCY|PANIC|FINE|FINER|"
    "FINEST|CONFIG|VERBOSE|ERR|CRIT|DBG|INF|WRN|FTL|TRC|VRB|LOG"
)
_LEVELS_LOWER = "trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal|panic|dbug|fail|trce"
_TIME = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*"

FORMS: tuple[Form, ...] = (
    Form(
        "level in a JSON body",
        r'(?i)"(?:level|severity|lvl|log\.level|loglevel|level_?name|severity_?text|@l)"\s*:\s*"?([A-Za-z]+[1-4]?|\d{1,2})\b',
        mark='"',
    ),
    Form("level in a logfmt body", r'(?i)(?:^|[\s{,])(?:level|lvl|severity|loglevel)="?([A-Za-z]+)', mark="="),
    Form("syslog priority", r"^<(\d{1,3})>", "syslog", mark="<"),
    Form("klog header", r"^([IWEF])\d{4} \d\d:\d\d:\d\d", mark=":"),
    Form("redis mark", r"^\d+:[MSCX] \d\d \w{3} \d{4} \S+ ([.\-*#]) ", "redis", mark=":"),
    Form("mongodb severity", r'"s":\s*"([FEWID])[1-5]?"', mark='"s"'),
    Form("ruby logger", r"^([DIWEFA]), \[\d{4}-", mark=", ["),
    Form("logrus text", r"^(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d", mark="["),
    Form("nest level", r"^\[Nest\] \d+ .{0,60}? (LOG|ERROR|WARN|DEBUG|VERBOSE|FATAL) ", mark="[Nest]"),
    Form("monolog channel", r"^\[[^\]]{10,40}\] [\w-]+\.([A-Z]+): ", mark="]"),
    Form(
        "level in brackets",
        rf"(?i)^[^\[\]]{{0,80}}(?:\[[^\]]{{0,80}}\][^\[\]]{{0,40}}){{0,3}}?\[\s*(?:[a-z0-9_]+:)?({_LEVELS})\s*\]",
        mark="[",
    ),
    Form(
        "postgres level",
        rf"^{_TIME}(?: \w+)? \[\d+\].*? (LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|STATEMENT|DETAIL|HINT|CONTEXT):  ",
        mark=":  ",
    ),
    Form("level at the start", rf"^\W{{0,3}}({_LEVELS})\b[\s:|\]\-()]"),
    Form("level at the start", rf"^({_LEVELS_LOWER}): "),
    Form(
        "level after the time",
        rf"^[\[(]?(?:{_TIME}|\d\d:\d\d:\d\d\S*|\w{{3}} +\d+,? (?:\d{{4}} )?\d\d?:\d\d:\d\d(?: [AP]M)?)(?: [A-Z]{{2,4}})?[\])]?[\s\-|:]+(?:\S+[\s\-|:]+){{0,3}}?({_LEVELS})\b",
    ),
    Form("level after the time", rf"^(?:{_TIME})\s+({_LEVELS_LOWER})\b"),
    Form("mysql level", r"^\d{4}-\d\d-\d\d\S* \d+ \[(Note|Warning|ERROR|System)\]", mark="["),
    Form("go panic", r"^(panic|fatal error): ", "panic"),
    Form("status of an access log", r'" ([1-5]\d\d) (?:\d+|-)(?: |$)', "status", mark="HTTP/"),
    Form("word of a traceback", r"^(Traceback \(most recent|Exception in thread )", "error"),
    Form("exception at the start", r"^(?:[\w.$]+\.)?[A-Z]\w*(Exception|Error)(?:: |\n|$)", "error"),
)
MEANINGS = {
    "word": of_word,
    "syslog": of_syslog,
    "status": of_status,
    "redis": lambda mark: str(REDIS[mark]),
    "panic": lambda _word: str(FATAL),
    "error": lambda _word: str(ERROR),
}


def clues(view: View) -> Iterator[Clue]:
    """Answers for the records whose number is 0, as text of the number."""
    missing = view.batch.column("severity_number") == 0
    nothing = pl.repeat(None, len(view), dtype=pl.String, eager=True)
    yield Clue("severity_text", per_distinct(view.batch.column("severity_text").zip_with(missing, nothing), of_word))
    yield from view.attribute_clues(ATTRIBUTES, of_word)
    body = view.text.zip_with(missing, nothing).str.head(512)
    for form in FORMS:
        left = body if form.mark is None else body.zip_with(body.str.contains(form.mark, literal=True), nothing)
        if left.null_count() == len(left):
            continue
        answers = per_distinct(left.str.extract(translated(form.pattern)), MEANINGS[form.meaning])
        yield Clue(form.name, answers)
        body = body.zip_with(answers.is_null(), nothing)


def fill(decided: pl.Series, numbers: pl.Series) -> pl.Series:
    """The column of severity numbers, with the missing ones filled."""
    filled = decided.cast(numbers.dtype, strict=False).fill_null(0)
    return numbers.zip_with(numbers != 0, filled)
