"""Rows of the store as lines of a list: days apart, equal neighbours folded, what was searched for marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from collector.console.times import zone_of
from collector.console.views.records import Row
from collector.query.syntax import And, Node, Or, Text
from collector.visible import visible, visible_lines

MOST_SHOWN = 2048
"""Characters of a body in a list."""
_SAME = ("domain", "level", "service_name", "component", "endpoint", "body")
_LIBRARIES = re.compile(
    r"site-packages|dist-packages|/usr/lib/|node_modules|node:internal|\bjava\.|\bsun\.|/rustc/|\bjdk\."
)
_BETWEEN = re.compile(r"([._/])(?=[^._/])")
_FRAME = re.compile(r'^\s*(File "|at )')
_ERROR = re.compile(r"^(?:Caused by: )?[A-Za-z_][\w.$]*(?:Error|Exception|Timeout|Failure|Warning|Interrupt)\b")


@dataclass(slots=True)
class Line:
    """One of a list. `ids`: of equal ones, of which the newest is shown. `day`: the first of a day; its name."""

    row: Row
    message: Markup
    ids: list[str]
    day: str = ""

    @property
    def times(self) -> int:
        """So many equal ones."""
        return len(self.ids)

    @property
    def who(self) -> list[str]:
        """Service, component, endpoint: those that are known."""
        return [str(self.row[name]) for name in ("service_name", "component", "endpoint") if self.row[name]]


def lines(rows: Sequence[Row], zone: str, query: Node) -> list[Line]:
    """In the order of the rows."""
    found: list[Line] = []
    words, day = needles(query), ""
    for row in rows:
        if found and all(found[-1].row[name] == row[name] for name in _SAME):
            found[-1].ids.append(row["record_id"])
            continue
        at = datetime.fromtimestamp(row["time_unix_nano"] // 10**9, zone_of(zone))
        now = f"{at:%A}, {at.day} {at:%B %Y}"
        message = marked(str(row["body"] or "")[:MOST_SHOWN], words)
        found.append(Line(row, message, [row["record_id"]], now if now != day else ""))
        day = now
    return found


def needles(node: Node) -> list[str]:
    """Texts that the body of what is found holds."""
    match node:
        case Text(needle, _):
            return [needle] if needle else []
        case And(terms, _) | Or(terms, _):
            return [each for term in terms for each in needles(term)]
        case _:
            return []


def marked(text: str, words: Sequence[str]) -> Markup:
    """Made safe to show: markup is text, what steers or hides is a chip; hits are `<mark>`."""
    if not words:
        return _chips(text)
    hit = re.compile("|".join(re.escape(each) for each in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    made, at = Markup(), 0
    for match in hit.finditer(text):
        made += _chips(text[at : match.start()]) + Markup("<mark>{}</mark>").format(_chips(match.group()))
        at = match.end()
    return made + _chips(text[at:])


def _chips(text: str) -> Markup:
    return Markup().join(
        escape(each) if visible(each) == each else Markup('<span class="esc">{}</span>').format(visible(each))
        for each in _runs(text)
    )


def _runs(text: str) -> Iterator[str]:
    """Runs of characters that show themselves, and each other character alone."""
    if visible(text) == text:
        yield text
        return
    run = ""
    for each in text:
        if each.isprintable() and visible(each) == each:
            run += each
            continue
        if run:
            yield run
        run = ""
        yield each
    if run:
        yield run


def breakable(key: str) -> Markup:
    """A key that may go on in the next line behind its points, underscores and slashes."""
    return Markup(_BETWEEN.sub(r"\1<wbr>", str(escape(visible(key)))))  # noqa: S704 - escaped


@dataclass(frozen=True, slots=True)
class TraceLine:
    """Of a stack trace. `kind`: `err`, `ours`, `lib`, or nothing of these."""

    text: str
    kind: str


def trace_lines(text: str) -> list[TraceLine]:
    """Frames of libraries apart from own ones; what stands below a frame belongs to it."""
    kind, found = "", list[TraceLine]()
    for line in visible_lines(text).splitlines():
        if _FRAME.match(line):
            kind = "lib" if _LIBRARIES.search(line) else "ours"
        elif _ERROR.match(line):
            kind = "err"
        elif not line.startswith((" ", "\t")):
            kind = ""
        found.append(TraceLine(line, kind))
    return found
