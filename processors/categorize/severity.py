"""`severity_number` when the sender left it out (0): from `severity_text`, the level that frameworks put into
attributes, or the body.

All patterns are looked for in one pass of RE2 over each distinct body's head; the first of them that matches takes the
level's own word out, which is then looked up. Answers are remembered: what a service says, it says again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import re2

from collector.coded import Coded, encode
from collector.memo import each
from processors.categorize.view import Clue, Decision, View

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

HEAD = 512
"""Characters of a body in which a level is looked for."""
_KEPT = 8192
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 32 << 20

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
MEANINGS: Mapping[str, Callable[[str], str | None]] = {
    "word": of_word,
    "syslog": of_syslog,
    "status": of_status,
    "redis": lambda mark: str(REDIS[mark]),
    "panic": lambda _word: str(FATAL),
    "error": lambda _word: str(ERROR),
}


class _Body:
    """All forms, looked for in one pass over a body's head."""

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._all = re2.Set.SearchSet(_OPTIONS)
        self._each = [re2.compile(form.pattern) for form in forms]
        for form in forms:
            self._all.Add(form.pattern)
        self._all.Compile()
        self._memo = each(self._read, _KEPT)

    def __call__(self, texts: list[str]) -> list[str | None]:
        """The severity number of each body, as text."""
        return self._memo([text[:HEAD] for text in texts])

    def _read(self, head: str) -> str | None:
        for position in sorted(self._all.Match(head.encode()) or ()):
            match = self._each[position].search(head)
            answer = MEANINGS[self._forms[position].meaning](match[1]) if match else None
            if answer is not None:
                return answer
        return None


_of_word, _of_body = each(of_word), _Body(FORMS)
_apart = [(form.name, _Body([form])) for form in FORMS]


def clues(view: View, *, apart: bool = False) -> Iterator[Clue]:
    """Answers for the records whose number is 0, as text of the number. `apart`: a clue for each form of a body."""
    missing = view.severity == 0
    yield Clue("severity_text", _only(encode(view.batch.column("severity_text")), missing), _of_word)
    for key in ATTRIBUTES:
        column = view.attribute(key)
        if column is not None:
            yield Clue(f"attribute {key}", _only(column, missing), _of_word)
    for name, answer in _apart if apart else [("body", _of_body)]:
        yield Clue(name, _only(view.text, missing), answer)


def _only(column: Coded, where: npt.NDArray[np.bool_]) -> Coded:
    return Coded(np.where(where, column.codes, np.int32(-1)), column.values)


def fill(decided: Decision, numbers: npt.NDArray[np.int32]) -> pl.Series:
    """The column of severity numbers, with the missing ones filled."""
    answers = np.array([*map(int, decided.labels), 0], dtype=np.int32)
    return pl.Series(np.where(numbers == 0, answers[decided.codes], numbers))
