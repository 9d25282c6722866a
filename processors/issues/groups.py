"""The records of a batch in groups: grouping runs once for each distinct stack, pattern or text, and is remembered over batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xxhash

from collector.columns.dictionary import Codes, Rows, distinct_rows
from collector.explanation import Explanation
from processors.issues.column import Column, collapsed
from processors.issues.grouping.fingerprint import Facts, Grouping, Read
from processors.issues.material import EXPLICIT, PATTERN, TEMPLATES, Columns

_REMEMBERED = 8192


@dataclass(frozen=True, slots=True)
class Groups:
    """`codes`: for each record the position of its grouping; `first`: of each grouping the first record."""

    codes: Codes
    groupings: list[Grouping]
    first: Rows


class Grouper:
    """`group`: facts, and what rules ask for → grouping. What was asked lately is not asked again."""

    def __init__(
        self, group: Callable[[Facts, dict[str, str]], Grouping], tags: frozenset[str], *, reads_all: bool = False
    ) -> None:
        self._group = group
        self._reads_all = reads_all
        self._tags = sorted(tags)
        self._young: dict[bytes, Grouping] = {}
        self._old: dict[bytes, Grouping] = {}

    def groups(self, columns: Columns) -> Groups:
        """Of all records of a batch."""
        said = _columns(columns, everything=self._reads_all)
        tags = self._asked(columns)
        keys = [*said.values(), *tags.values()]
        keys[_BODY] = collapsed(keys[_BODY])
        codes, first = distinct_rows(keys)
        asked = list(zip(*(column.texts(first) for column in keys), strict=True))
        facts = list(zip(*(column.texts(first) for column in said.values()), strict=True))
        given = list(zip(*(column.texts(first) for column in tags.values()), strict=True)) or [()] * len(first)
        found = [
            self._known(key, Facts(*fact), dict(zip(tags, values, strict=True)))
            for key, fact, values in zip(asked, facts, given, strict=True)
        ]
        return _merged(codes, first, found)

    def _asked(self, columns: Columns) -> dict[str, Column]:
        return {name: columns.either(name) for name in self._tags}

    def explanations(self, columns: Columns, explained: Explained, subject: str) -> list[Explanation]:
        """Of a batch of one record."""
        facts = Facts(*(column.of(0) for column in _columns(columns, everything=self._reads_all).values()))
        tags = {name: column.of(0) for name, column in self._asked(columns).items()}
        said, grouping = explained(facts, tags)
        details = {"title": grouping.title, "parts": "\n".join(grouping.parts), "frames": "\n".join(grouping.frames)}
        if said.trace is not None:
            own = [frame.shown for frame in said.trace.frames if frame.in_app]
            details |= {"language": said.trace.language, "of its own": "\n".join(own[:10])}
        shown = {name: text for name, text in details.items() if text}
        return [Explanation(subject, grouping.issue_id, _BECAUSE[grouping.variant], decides=True, details=shown)]

    def _known(self, key: tuple[str, ...], facts: Facts, tags: dict[str, str]) -> Grouping:
        digest = xxhash.xxh3_128_digest("\0".join(key).encode("utf-8", "surrogatepass"))
        known = self._young.get(digest) or self._old.get(digest) or self._group(facts, tags)
        if digest not in self._young:
            if len(self._young) >= _REMEMBERED:
                self._old, self._young = self._young, {}
            self._young[digest] = known
        return known


Explained = Callable[[Facts, dict[str, str]], tuple[Read, Grouping]]
_BECAUSE = {
    "fingerprint": "a fingerprint of the record", "rule": "a rule of `fingerprints`", "stack": "type and frames of the exception",
    "exception": "type and message of the exception", "template": "the template of its text", "pattern": "the pattern of its text",
    "message": "its text without what varies",
}  # fmt: skip
_BODY = Facts._fields.index("body")


def _columns(columns: Columns, *, everything: bool = False) -> dict[str, Column]:
    """What grouping looks at, in the order of `Facts`; null where it would not look, unless `everything` may be looked at."""
    type_, message, stack = (columns.attribute(f"exception.{part}") for part in ("type", "message", "stacktrace"))
    pattern, template = columns.attribute(PATTERN), columns.attribute(*TEMPLATES)
    no_stack, no_type = stack.codes < 0, type_.codes < 0
    patterned = (pattern.codes >= 0) | (template.codes >= 0)
    read = no_stack & ((no_type & (~patterned | columns.has_lines())) | (~no_type & (message.codes < 0)))
    if everything:
        read = no_stack = no_type = np.ones(len(columns), dtype=np.bool_)
    return {
        "type": type_,
        "message": message.where(no_stack),
        "stack": stack,
        "body": columns.body.where(read),
        "template": template.where(no_stack & no_type),
        "pattern": pattern.where(no_stack & no_type),
        "source": columns.source.where(no_stack & no_type),
        "logger": columns.logger.where(no_stack),
        "explicit": columns.attribute(*EXPLICIT),
    }


def _merged(codes: Codes, first: Rows, found: list[Grouping]) -> Groups:
    """Different facts may have the same grouping."""
    places: dict[str, int] = {}
    firsts: list[int] = []
    groupings: list[Grouping] = []
    position = np.empty(len(found), dtype=np.int32)
    for at, grouping in enumerate(found):
        place = places.setdefault(grouping.issue_id, len(places))
        position[at] = place
        if place == len(groupings):
            groupings.append(grouping)
            firsts.append(int(first[at]))
    return Groups(position[codes], groupings, np.array(firsts, dtype=np.intp))
