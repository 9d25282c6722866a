"""Where records end in what was read: line ends, patterns, sizes. One piece at a time: what follows the last end stays in the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Protocol

import re2

from collector.journal.text import WHITE, records_in

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """What is taken of a chunk.

    Args:
        consumed: bytes of the chunk, in its own encoding.
        text: UTF-8.
        ranges: records in it, (start, length); None: its lines.
        records: how many there are.
        lines: line ends that were passed.
        skipping: the rest of a line follows that is not wanted.
        faults: by reason what is no record as it should be, and is one all the same.
    """

    consumed: int
    text: bytes = b""
    ranges: Sequence[Range] | None = None
    records: int = 0
    lines: int = 0
    skipping: bool = False
    faults: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


NOTHING = Cut(0)
_REPLACED, _NO_UTF8 = "\ufffd".encode(), b"\xff"
"""What could not be read is left as something that is no UTF-8 either: records are marked for it where they are decoded."""


class Cutter(Protocol):
    """`last`: nothing follows now, and what has no end is a record as it stands. `skipping`: as in the cut before."""

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut: ...


@dataclass(frozen=True, slots=True)
class Lines:
    """A record a line.

    Args:
        longest: bytes of a record.
        behaviour: what is longer is split, or its rest is left out.
    """

    longest: int
    behaviour: Literal["split", "truncate"] = "split"

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        if skipping:
            return self._skip(chunk)
        end = chunk.rfind(b"\n") + 1
        if not end and len(chunk) >= self.longest:
            return self._one_long(chunk)
        text = chunk if last else chunk[:end]
        if len(text) <= self.longest or _longest_line(text) <= self.longest:
            return Cut(len(text), text, None, records_in(text), text.count(b"\n"))
        ends = _ends(text)
        ranges = _sized(text, ends, self.longest, self.behaviour)
        return Cut(len(text), text, ranges, len(ranges), text.count(b"\n"))

    def _skip(self, chunk: bytes) -> Cut:
        end = chunk.find(b"\n") + 1
        return Cut(end or len(chunk), lines=int(end > 0), skipping=not end)

    def _one_long(self, chunk: bytes) -> Cut:
        size = whole_characters(chunk, self.longest)
        skipping = self.behaviour == "truncate"
        ranges = [(0, size)] if chunk[:size].strip(WHITE) else []
        return Cut(size, chunk[:size], ranges, len(ranges), 0, skipping)


def _longest_line(text: bytes) -> int:
    return max(map(len, text.split(b"\n")))


def _ends(text: bytes) -> list[int]:
    ends, at = [], 0
    for line in text.split(b"\n"):
        at += len(line) + 1
        ends.append(min(at, len(text)))
    return ends


def _sized(text: bytes, ends: Sequence[int], longest: int, behaviour: str) -> list[Range]:
    """Each piece as a range, what is longer than that as several or as its beginning; without blank ones."""
    found: list[Range] = []
    start = 0
    for end in ends:
        stripped = text[start:end].rstrip(b"\r\n")
        at = start
        while at < start + len(stripped):
            size = whole_characters(text[at : start + len(stripped)], longest)
            if text[at : at + size].strip(WHITE):
                found.append((at, size))
            at += size
            if behaviour == "truncate":
                break
        start = end
    return found


def whole_characters(data: bytes, most: int) -> int:
    """How many bytes, `most` at most, so that no character of UTF-8 is cut."""
    if len(data) <= most:
        return len(data)
    at = most
    while at > max(0, most - 4) and data[at] & 0xC0 == 0x80:
        at -= 1
    return at if at > max(0, most - 4) else most


@dataclass(frozen=True, slots=True)
class Patterns:
    """A record from one match to the next, or to the end of one.

    Args:
        pattern: RE2 syntax; `^` and `$` match at lines.
        at: whether it matches where a record begins, or where it ends.
        omit: the match is no part of the record.
    """

    pattern: str
    at: Literal["start", "end"]
    longest: int
    behaviour: Literal["split", "truncate"] = "split"
    omit: bool = False

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:  # noqa: ARG002  what is too long is cut at once
        pieces = list(self._pieces(chunk))
        end = pieces[-1][2] if pieces else 0
        if last and end < len(chunk):
            pieces.append((end + self._omitted(chunk, end), len(chunk), len(chunk)))
            end = len(chunk)
        elif not pieces and len(chunk) >= self.longest:
            end = whole_characters(chunk, self.longest)
            pieces = [(0, end, end)]
        if not pieces:
            return NOTHING
        ranges = [
            (start + at, size)
            for start, stop, _ in pieces
            for at, size in _sized(chunk[start:stop], [stop - start], self.longest, self.behaviour)
        ]
        return Cut(end, chunk[:end], ranges, len(ranges), chunk.count(b"\n", 0, end))

    def _pieces(self, chunk: bytes) -> Iterator[tuple[int, int, int]]:
        """(start, end, where the next begins) of each record that is complete."""
        matches = [match.span() for match in _compiled(self.pattern).finditer(chunk) if match.end() > match.start()]
        if self.at == "end":
            start = 0
            for begins, ends in matches:
                yield start, begins if self.omit else ends, ends
                start = ends
            return
        if matches and matches[0][0] > 0:
            yield 0, matches[0][0], matches[0][0]
        for (begins, ends), (following, _) in pairwise(matches):
            yield ends if self.omit else begins, following, following

    def _omitted(self, chunk: bytes, start: int) -> int:
        if not self.omit or self.at == "end":
            return 0
        match = _compiled(self.pattern).match(chunk[start:])
        return int(match.end()) if match else 0


_patterns: dict[str, re2._Regexp] = {}


def _compiled(pattern: str) -> re2._Regexp:
    if pattern not in _patterns:
        options = re2.Options()
        options.log_errors = False
        _patterns[pattern] = re2.compile(f"(?m){pattern}".encode(), options)
    return _patterns[pattern]


@dataclass(frozen=True, slots=True)
class Decoding:
    """A cutter of UTF-8 over another encoding: the chunk is cut in its own bytes."""

    encoding: str
    cutter: Cutter

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        text = decoder.decode(chunk)
        torn = len(decoder.getstate()[0])
        if last and torn:
            text += decoder.decode(b"", final=True)
            torn = 0
        written = text.encode("utf-8", "replace").replace(_REPLACED, _NO_UTF8)
        cut = self.cutter.cut(written, last=last, skipping=skipping)
        whole = cut.consumed == len(written)
        consumed = len(chunk) - torn if whole else self._place(chunk, written, cut.consumed)
        return Cut(consumed, cut.text, cut.ranges, cut.records, cut.lines, cut.skipping)

    def _place(self, chunk: bytes, written: bytes, end: int) -> int:
        """Where in the chunk a place of the text is: behind as many line ends, where it stands behind one."""
        newline, unit = newline_of(self.encoding)
        if written[:end].endswith(b"\n"):
            return _nth(chunk, newline, unit, written.count(b"\n", 0, end))
        return len(written[:end].decode("utf-8", "replace").encode(self.encoding, "replace"))


def newline_of(encoding: str) -> tuple[bytes, int]:
    """A line end, and the size of its unit."""
    newline = "\n".encode(encoding)
    return newline, len(newline)


def _nth(chunk: bytes, newline: bytes, unit: int, number: int) -> int:
    at = 0
    while number:
        at = chunk.find(newline, at)
        if at < 0:
            return len(chunk)
        if at % unit:
            at += 1
            continue
        at += unit
        number -= 1
    return at
