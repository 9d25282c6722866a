"""`severity_number` when the sender left it out (0): from `severity_text`, the level that frameworks put into
attributes, or the body: a field of a JSON object, or the form of a line. What the words mean stands in
`collector.severity_words`, one table for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.dictionary import Coded, encode
from collector.columns.memo import each
from collector.severity_words import DEBUG, ERROR, FATAL, INFO, LONG_WORDS, NOTICE, PINO, SYSLOG, WARN, number_of
from processors.categorize import fields, status
from processors.categorize.forms import Form, Forms, Meaning
from processors.categorize.view import Clue, Decision, View

REDIS = {".": DEBUG, "-": INFO, "*": NOTICE, "#": WARN}
PHP = {"warning": WARN, "notice": NOTICE, "deprecated": WARN}
"""By the last word of the kind of error."""
ATTRIBUTES = ("level", "log.level", "severity", "loglevel", "levelname", "log_level", "lvl", "PRIORITY")


def of_text(value: str) -> str | None:
    """The severity number that a text names, as text."""
    number = number_of(value)
    return None if number is None else str(number)


def of_word(value: str) -> str | None:
    """The same of a level in a line or an attribute, where small numbers are no syslog: `level=1` may be a verbosity."""
    text = value.strip()
    if not text.isdecimal():
        return of_text(text)
    return str(PINO[int(text)]) if int(text) in PINO else None


def of_syslog(value: str) -> str | None:
    """A syslog priority: facility * 8 + severity."""
    number = int(value) if value.strip().isdecimal() else 192
    return str(SYSLOG[number % 8]) if number <= 191 else None


def of_php(value: str) -> str | None:
    """PHP's names for errors: `Warning`, `Core warning`, `User deprecated`, …"""
    kind = value.lower()
    return str(FATAL if kind == "fatal error" else PHP.get(kind.rpartition(" ")[2], ERROR))


def of_status(value: str) -> str | None:
    """An HTTP status of an access log."""
    number = fields.of_status(value)
    return None if number is None else str(number)


_LEVELS = (
    "TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|ALERT|EMERG|EMERGENCY|PANIC|FINE|FINER|"
    "FINEST|CONFIG|VERBOSE|ERR|CRIT|DBG|INF|WRN|FTL|TRC|VRB|LOG|"
    "FEHLER|WARNUNG|SCHWERWIEGEND|KRITISCH|NOTFALL|ERREUR|AVERTISSEMENT|CRITIQUE|GRAVE|ADVERTENCIA|AVISO|ERRO|ERRORE|FOUT|"
    + "|".join(word.upper() for word in LONG_WORDS if not word.isascii())
)
_LEVELS_LOWER = "trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal|panic|dbug|fail|trce"
_SHORT_DATE = r"\d\d?/\d\d?/\d\d(?:\d\d)?"  # of rich, of Spark
_TIME = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*"

FORMS: tuple[Form, ...] = (
    Form(
        "level in a JSON body",
        r'(?i)"(?:level|severity|lvl|log\.level|loglevel|level_?name|severity_?text|@l)"\s*:\s*"?([A-Za-z]+[1-4]?|\d{1,2})\b',
    ),
    Form("level in a logfmt body", r'(?i)(?:^|[\s{,])(?:level|lvl|severity|loglevel)="?([A-Za-z]+)'),
    Form("syslog priority", r"^<(\d{1,3})>", "syslog"),
    Form("status of an AWS load balancer", rf"^(?:\w+ )?{_TIME} \S+ \S+ \S+(?: [\d.-]+){{3}} ([1-5]\d\d) ", "status"),
    Form("status of HAProxy", r"\S+:\d+ \[\d\d/\w{3}/\d{4}:[\d:.]+\] \S+ \S+ [\d/+-]+ ([1-5]\d\d) \d+ ", "status"),
    Form(
        "level of PHP",
        r"(?:^|\] )PHP ((?:[A-Z]\w+ )?(?:[Ee]rror|[Ww]arning|[Nn]otice|[Dd]eprecated)|Recoverable fatal error|Parse error):",
        "php",
    ),
    Form("level of php-fpm", r"^\[\d\d-\w{3}-\d{4} [^\]]*\] ([A-Z]{4,8}): "),
    Form("level of loguru", rf"^{_TIME}\.\d{{3}} \| ([A-Z]{{4,8}}) +\| "),
    Form("level of Sidekiq", rf"^{_TIME} pid=\d+ tid=\w+ (?:\w+=\S+ )*({_LEVELS}): "),
    Form("warning of Node", r"^\(node:\d+\) (?:\[\w+\] )?\w*(Warning): "),
    Form("level of java.util.logging", rf"^[^\n]{{10,120}}\n({_LEVELS}): "),
    Form("level of JULI", rf"^\d\d-\w{{3}}-\d{{4}} [\d:.]+ ({_LEVELS}) "),
    Form("level of Hadoop", rf"^\d{{6}} \d{{6}} \d+ ({_LEVELS}) "),
    Form("klog header", r"^([IWEF])\d{4} \d\d:\d\d:\d\d"),
    Form(
        "stall told by the kernel",
        r"\bINFO: (task \S+ blocked for more than \d|rcu_\w+ (?:self-)?detected (?:expedited )?stall)",
        "error",
    ),
    Form("redis mark", r"^\d+:[MSCX] \d\d \w{3} \d{4} \S+ ([.\-*#]) ", "redis"),
    Form("mongodb severity", r'"s":\s*"([FEWID])[1-5]?"'),
    Form("ruby logger", r"^([DIWEFA]), \[\d{4}-"),
    Form("logrus text", r"^(TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d"),
    Form("nest level", r"^\[Nest\] \d+ .{0,60}? (LOG|ERROR|WARN|DEBUG|VERBOSE|FATAL) "),
    Form("monolog channel", r"^\[[^\]]{10,40}\] [\w-]+\.([A-Z]+): "),
    Form(
        "level in brackets",
        rf"(?i)^[^\[\]]{{0,80}}(?:\[[^\]]{{0,80}}\][^\[\]]{{0,40}}){{0,3}}?\[\s*(?:[a-z0-9_]+:)?({_LEVELS})\s*\]",
    ),
    Form(
        "postgres level",
        rf"^{_TIME}(?: \w+)? \[\d+\].*? (LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|STATEMENT|DETAIL|HINT|CONTEXT):  ",
    ),
    Form("level at the start", rf"^\W{{0,3}}({_LEVELS})[\s:|\]\-()]"),
    Form("level at the start", rf"^({_LEVELS_LOWER}): "),
    Form("level at the start", rf"^ {{0,3}}({_LEVELS_LOWER}) +- "),
    Form("level at the start", r"^(Error|Warning|Fatal): "),
    Form("level of ClickHouse", rf"(?i)^\d{{4}}\.\d\d\.\d\d [\d:.]+ \[ *\d+ \] \{{[^}}]*\}} <({_LEVELS})> "),
    Form(
        "level after the time",
        rf"^[\[(]?(?:{_TIME}|(?:{_SHORT_DATE},? )?\d\d?:\d\d:\d\d\S*|\d\d?:\d\d[AP]M|\w{{3}} +\d+,? (?:\d{{4}} )?\d\d?:\d\d:\d\d(?: [AP]M)?)(?: [A-Z]{{2,4}})?[\])]?[\s\-|:]+(?:\S+[\s\-|:]+){{0,3}}?({_LEVELS})(?:\W|$)",
    ),
    Form("level after the time", rf"^\[?{_TIME}\]?(?: \[[^\]]{{1,40}}\])?\s+({_LEVELS_LOWER})\b"),
    Form("mysql level", r"^\d{4}-\d\d-\d\d\S* \d+ \[(Note|Warning|ERROR|System)\]"),
    Form("go panic", r"^(panic|fatal error): ", "panic"),
    Form("rust panic", r"^thread '[^']*'(?: \(\d+\))? (panicked) at ", "panic"),
    Form("status of an access log", r'" ([1-5]\d\d) (?:\d+|-)(?: |$)', "status"),
    Form(
        "status of a request",
        r"^(?:\[GIN\] .{10,40}\| +|(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S* )([1-5]\d\d) ",
        "status",
    ),
    Form("status of a request in logfmt", status.IN_LOGFMT + r"([1-5]\d\d)(?:\W|$)", "status"),
    Form("word of a traceback", r"^(Traceback \(most recent|Exception in thread )", "error"),
    Form("exception at the start", r"^(?:[\w.$]+\.)?[A-Z]\w*(Exception|Error)(?:: |\n|$)", "error"),
)
MEANINGS: Mapping[str, Meaning] = {
    "word": of_word,
    "syslog": of_syslog,
    "status": of_status,
    "php": of_php,
    "redis": lambda mark: str(REDIS[mark]),
    "panic": lambda _word: str(FATAL),
    "error": lambda _word: str(ERROR),
}

_of_text, _of_word, _of_syslog = each(of_text), each(of_word), each(of_syslog)
_of_body = Forms(FORMS, MEANINGS)
_apart = [(form.name, Forms([form], MEANINGS)) for form in FORMS]


def clues(view: View, *, apart: bool = False) -> Iterator[Clue]:
    """Answers for the records whose number is 0, as text of the number. `apart`: a clue for each form of a body."""
    missing = view.severity < 1  # -1 is how some senders spell 0
    yield Clue("severity_text", _only(encode(view.batch.column("severity_text")), missing), _of_text)
    for key in ATTRIBUTES:
        column = view.attribute(key)
        if column is not None:
            named = _of_syslog if key == "PRIORITY" else _of_word
            yield Clue(f"attribute {key}", _only(column, missing), named)
    said = view.said("severity")
    if said is not None:
        yield Clue("field of a JSON body", _only(said, missing))
    for name, answer in _apart if apart else [("body", _of_body)]:
        yield Clue(name, _only(view.text, missing), answer)


def _only(column: Coded, where: npt.NDArray[np.bool_]) -> Coded:
    return Coded(np.where(where, column.codes, np.int32(-1)), column.values)


def fill(decided: Decision, numbers: npt.NDArray[np.int32]) -> pl.Series:
    """The column of severity numbers, with the missing ones filled."""
    answers = np.array([*map(int, decided.labels), 0], dtype=np.int32)
    return pl.Series(np.where(numbers < 1, answers[decided.codes], numbers))
