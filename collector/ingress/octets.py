"""Records of a stream that say where they end otherwise than by line ends: octet counting (RFC 6587, 3.4.1), NUL, the end itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from collector.ingress.cutting import NOTHING, Cut, Cutter, Range, whole_characters
from collector.ingress.cutting_options import codec_of
from collector.journal.text import WHITE

NO_LENGTH, UNFINISHED, TOO_LONG = "no length", "unfinished", "too long"
_LENGTH = re.compile(rb"([1-9]\d{0,9}) ")
_BEGINS = re.compile(rb"\d{0,10}\Z")
_AGAIN = re.compile(rb"[1-9]\d{0,9} <\d{1,3}>|\n")
_COUNTED = re.compile(rb"[1-9]\d{0,9} <")
_MAYBE = re.compile(rb"[1-9]\d{0,9} ?\Z|\Z")
_BETWEEN = b"\r\n\0"


class Octets:
    """`LENGTH SP MESSAGE`. After what is none it goes on at the next that looks like one, or behind a line end.

    Args:
        longest: bytes of a message; a longer one is several records.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        del skipping
        ranges: list[Range] = []
        faults: dict[str, list[bytes]] = {}
        at, size = 0, len(chunk)
        while at < size:
            found = _LENGTH.match(chunk, at)
            begins, ends = (found.end(), found.end() + int(found[1])) if found is not None else (at, size + 1)
            if ends <= size and ends - begins <= self._longest:
                if chunk[begins:ends].strip(WHITE):
                    ranges.append((begins, ends - begins))
                at = ends
                continue
            after = self._odd(chunk, at, begins if found is not None else None, ends, faults, last=last)
            if after == at:
                break
            at = after
        if not at:
            return NOTHING
        return Cut(at, chunk[:at], ranges, len(ranges), faults=faults)

    def _odd(
        self, chunk: bytes, at: int, begins: int | None, ends: int, faults: dict[str, list[bytes]], *, last: bool
    ) -> int:
        """Where it goes on behind what is no whole message; where it stands: that is not known yet."""
        size = len(chunk)
        if begins is None:
            return self._without_length(chunk, at, faults, last=last)
        if ends - begins > self._longest and size - begins >= self._longest:
            taken = whole_characters(chunk[begins : begins + self._longest + 1], self._longest)
            _note(faults, TOO_LONG, chunk[begins : begins + taken])
            return begins + taken
        if last:
            _note(faults, UNFINISHED, chunk[begins:])
            return size
        return at

    def _without_length(self, chunk: bytes, at: int, faults: dict[str, list[bytes]], *, last: bool) -> int:
        size = len(chunk)
        if chunk[at] in _BETWEEN:  # senders end what they count with a line end all the same
            return at + 1
        if not last and _BEGINS.match(chunk, at):
            return at
        found = _AGAIN.search(chunk, at + 1)
        if found is None and not last and size - at < self._longest:
            return at
        ends = found.start() if found is not None else at + whole_characters(chunk[at:], self._longest)
        _note(faults, NO_LENGTH, chunk[at:ends])
        return ends


def _note(faults: dict[str, list[bytes]], reason: str, piece: bytes) -> None:
    if piece.strip(WHITE):
        faults.setdefault(reason, []).append(piece)


class Told:
    """Octet counting if a connection begins so, else what `lines` says; of one connection."""

    def __init__(self, counted: Cutter, lines: Cutter) -> None:
        self._counted, self._lines = counted, lines
        self._chosen: Cutter | None = None

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        if self._chosen is None:
            if not last and len(chunk) < 13 and _MAYBE.match(chunk):
                return NOTHING
            self._chosen = self._counted if _COUNTED.match(chunk) else self._lines
        return self._chosen.cut(chunk, last=last, skipping=skipping)


class Ended:
    """Records that end with a byte that stands in none of them.

    Args:
        by: that byte.
        longest: bytes of a record; a longer one is several.
    """

    def __init__(self, by: bytes, longest: int) -> None:
        self._by, self._longest = by, longest

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        del skipping
        pieces = chunk.split(self._by)
        rest = 0 if last else len(pieces.pop())
        if not pieces:
            pieces, rest = ([chunk], 0) if len(chunk) >= self._longest else ([], rest)
        ranges: list[Range] = []
        at = 0
        for piece in pieces:
            start, begins = at, 0
            while begins < len(piece):
                size = whole_characters(piece[begins : begins + self._longest + 4], self._longest)
                if piece[begins : begins + size].strip(WHITE):
                    ranges.append((start + begins, size))
                begins += size
            at += len(piece) + len(self._by)
        consumed = len(chunk) - rest
        return Cut(consumed, chunk[:consumed], ranges, len(ranges)) if consumed else NOTHING


class Whole:
    """All of a connection is one record, of `longest` bytes at most."""

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        if skipping or not chunk:
            return Cut(len(chunk), skipping=skipping)
        if not last and len(chunk) < self._longest:
            return NOTHING
        size = whole_characters(chunk, self._longest)
        ranges = [(0, size)] if chunk[:size].strip(WHITE) else []
        return Cut(len(chunk), chunk[:size], ranges, len(ranges), skipping=True)


class Recoded:
    """A cutter that counts bytes, over another encoding than UTF-8: what it cut is written anew."""

    def __init__(self, encoding: str, cutter: Cutter) -> None:
        self._encoding, self._cutter = encoding, cutter

    def cut(self, chunk: bytes, *, last: bool, skipping: bool) -> Cut:
        cut = self._cutter.cut(chunk, last=last, skipping=skipping)
        pieces = [self._utf8(cut.text[start : start + size]) for start, size in cut.ranges or ()]
        text, ranges = joined(pieces)
        faults = {reason: [self._utf8(piece) for piece in found] for reason, found in cut.faults.items()}
        return replace(cut, text=text, ranges=ranges, faults=faults)

    def _utf8(self, piece: bytes) -> bytes:
        return piece.decode(self._encoding, "replace").encode("utf-8", "replace")


def recoded(cutter: Cutter, encoding: str) -> Cutter:
    """A cutter that counts bytes, for text in `encoding`."""
    codec = codec_of(encoding)
    return cutter if codec in ("", "utf-8") else Recoded(codec, cutter)


def joined(pieces: Sequence[bytes]) -> tuple[bytes, list[Range]]:
    """One text of them all, and where each stands."""
    ranges, at = [], 0
    for piece in pieces:
        ranges.append((at, len(piece)))
        at += len(piece)
    return b"".join(pieces), ranges
