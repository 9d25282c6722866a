"""A notice laid out for readers: a heading, facts, what is known of the cause, alerts with some of their lines. Nothing of it is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.notices.notice import Alert, Notice
from collector.notices.wording import facts, lines, notes, one_line, shortened, title

_MARKS = {"critical": "\U0001f534", "warning": "\U0001f7e0", "info": "\U0001f535", "debug": "\u26aa"}
_OVER = "\u2705"
_MOST_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert: what it is, and some lines of it."""

    heading: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Card:
    """All of it in short texts on one line each.

    Args:
        mark: a coloured sign for the level, a tick when it is over.
        footer: why it was sent, and by which name the group goes.
    """

    mark: str
    title: str
    level: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[tuple[str, str]]
    entries: Sequence[Entry]
    footer: str


def card(notice: Notice, most_chars: int, most_lines: int = 3, most_line: int = 300) -> Card:
    """Within `most_chars` characters in all: entries that do not fit are counted."""
    head = Card(mark(notice), title(notice), notice.level, facts(notice), list(notes(notice)), (), "")
    used = len(head.title) + sum(len(name) + len(value) for name, value in (*head.facts, *head.notes)) + 200
    entries: list[Entry] = []
    for alert in notice.alerts:
        entry = _entry(alert, most_lines, most_line)
        used += len(entry.heading) + sum(map(len, entry.lines)) + 8
        if used > most_chars:
            break
        entries.append(entry)
    more = notice.truncated + len(notice.alerts) - len(entries)
    footer = " \u00b7 ".join([*([f"and {more} more"] if more else []), notice.reason, f"group {notice.group}"])
    return Card(head.mark, head.title, head.level, head.facts, head.notes, entries, footer)


def mark(notice: Notice) -> str:
    """A sign for people who glance."""
    return _OVER if notice.status == "resolved" else _MARKS.get(notice.level, _MARKS["info"])


def _entry(alert: Alert, most_lines: int, most_line: int) -> Entry:
    said = shortened(one_line(alert.annotations.get("summary", "")), _MOST_SUMMARY)
    shown = lines(alert, most_lines, most_line)
    counted = f"{alert.count:,} record{'' if alert.count == 1 else 's'}: " if alert.count else ""
    over = "over, " if alert.status == "resolved" else ""
    return Entry(f"{over}{counted}{said}", [] if list(shown) == [said] else shown)
