"""What an error is grouped by: an explicit fingerprint, else the type of the exception and the program's own frames, else what the record
says with its variable parts taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import xxhash

from collector.lines.bare import unwrapped
from processors.issues.grouping.frames import Frame, Trace, collapsed
from processors.issues.grouping.parameters import parameterized, without_quotations
from processors.issues.grouping.reading import trace_in, trace_of

DEFAULT = "{{ default }}"
_TITLE = 200


class Facts(NamedTuple):
    """What of a record grouping looks at; empty where it says nothing.

    Args:
        template: of the text, as a logger that has one sends it.
        pattern: id of the text's pattern (`logboom.pattern.id`).
        source: who says it: component, logger or service.
        logger: logger or service.
        explicit: fingerprint that the record brings.
    """

    type: str = ""
    message: str = ""
    stack: str = ""
    body: str = ""
    template: str = ""
    pattern: str = ""
    source: str = ""
    logger: str = ""
    explicit: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Why records belong together.

    Args:
        variant: `fingerprint`, `rule`, `stack`, `exception`, `template`, `pattern` or `message`.
        parts: what the id is made of.
        title: for people.
        type: of the exception, where there is one.
        frames: those that count, innermost first.
    """

    variant: str
    parts: Sequence[str]
    title: str
    type: str = ""
    frames: Sequence[str] = ()

    @property
    def issue_id(self) -> str:
        """64 bits as 16 hex digits; the same on every machine."""
        return xxhash.xxh3_64_hexdigest("\0".join((self.variant, *self.parts)).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Read:
    """Facts with the trace in them."""

    facts: Facts
    trace: Trace | None

    @property
    def type(self) -> str:
        """Of the exception."""
        return (self.trace.type if self.trace else "") or self.facts.type

    @property
    def message(self) -> str:
        """Of the exception."""
        return (self.trace.message if self.trace else "") or self.facts.message


def read(facts: Facts) -> Read:
    """Look for the trace: in the attribute for it, else in the body."""
    if facts.stack:
        return Read(facts, trace_of(facts.stack, facts.type, facts.message))
    return Read(facts, trace_in(facts.body) if facts.body and not facts.type else None)


def grouping(read_: Read, frames: int) -> Grouping:
    """By default rules. `frames`: how many of the program's own frames count, from the innermost on."""
    facts, trace = read_.facts, read_.trace
    default = (trace and _by_stack(trace, read_, frames)) or _by_exception(read_) or _by_text(facts)
    return explicit(facts.explicit.split("\x1f"), default, "fingerprint") if facts.explicit else default


def explicit(parts: Sequence[str], default: Grouping, variant: str) -> Grouping:
    """With parts that somebody wrote; `{{ default }}` among them stands for what would have been."""
    full = [
        part for given in parts for part in (default.parts if given.replace(" ", "") == "{{default}}" else (given,))
    ]
    return Grouping(variant, full, default.title, default.type, default.frames)


def _by_stack(trace: Trace, read_: Read, most: int) -> Grouping | None:
    own = [frame for frame in trace.frames if frame.in_app and not frame.mangled]
    used = collapsed(own)[:most]
    if not used:
        return None
    more = [without_quotations(trace.message)] if trace.says_more else []
    kind = trace.type or read_.facts.type
    return Grouping("stack", [kind, *more, *map(_key, used)], _title(read_), kind, [frame.shown for frame in used])


def _key(frame: Frame) -> str:
    return f"{frame.place}|{frame.function}"


def _by_exception(read_: Read) -> Grouping | None:
    if not read_.type:
        return None
    parts = [read_.type, parameterized(read_.message or read_.facts.body), read_.facts.logger]
    return Grouping("exception", parts, _title(read_), read_.type)


def _by_text(facts: Facts) -> Grouping:
    title = _first_line(facts.body)
    if facts.template:
        return Grouping("template", [facts.template, facts.source], _first_line(facts.template))
    if facts.pattern:
        return Grouping("pattern", [facts.pattern, facts.source], title)
    said = unwrapped(facts.body)
    words = said.message or said.line
    return Grouping("message", [parameterized(words), facts.source], _first_line(words))


def _title(read_: Read) -> str:
    message = _first_line(read_.message)
    return (
        f"{read_.type}: {message}"[:_TITLE] if read_.type and message else read_.type or _first_line(read_.facts.body)
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:_TITLE]
