"""What was in hand when the process died: a small file that has to survive the process, not the machine (pwrite, no fsync).

    before the work     the marker names what is in hand
    after it            it is cleared
    at start            a marker that is still set is a death with those in hand

    a death with                  is             the next attempt
    many in hand                  a suspicion    takes them one by one, or cuts them small
    the same again                a suspicion    each alone
    one, alone in the process     a strike       alone; after `STRIKES` it is set aside

Only a death that names one is held against it, so that workers which are killed for other reasons, even often, give nothing
up. A worker that the supervisor kills because it hangs dies the same way.

    file = u32 length │ u64 xxh3 of the text │ JSON {"read": token, "alone": …, "current": spans, "suspects": spans}
    span = [stream, part of the stream, first number, last number, care, strikes, record with which a piece begins (if not 0),
            owner of the stage that was under way, its component (if there are stages)]

Where work has stages that can be left out, each by itself, the marker names the one that was under way: a strike counts
against that stage, and what is set aside after `STRIKES` is what that stage was to get.

A torn or foreign file counts as empty: at worst something gets another attempt. Its blocks are taken in advance; while the
disk has none for it, nothing is begun (`NoRoom`). Forgetting is a matter of goodwill: a marker that stays too long names work
that was done, or costs some care.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import xxhash

from collector.errors import NoRoom, StorageError, storage_error

STRIKES = 3
ONE_BY_ONE, ALONE = 1, 2  # the degrees of care
_HEADER = struct.Struct("<IQ")
_BLOCK_BYTES = 16 << 10


class Name(NamedTuple):
    """A journal entry, an outbox entry, or a piece of one that begins with record `first`."""

    stream: str
    part: str
    number: int
    first: int = 0


class Span(NamedTuple):
    """Neighbours of one stream that were in hand together, and what is known against them."""

    stream: str
    part: str
    low: int
    high: int
    care: int
    strikes: int
    first: int = 0
    owner: str = ""
    component: str = ""

    def holds(self, name: Name) -> bool:
        """Whether it is about this one; a strike is about the very piece."""
        return _within(self, name) and not (self.strikes and self.first != name.first)

    def row(self) -> tuple[str | int, ...]:
        """As it was written before there were stages, and pieces, where there are none."""
        return tuple(self) if self.owner else self[: 7 if self.first else 6]


def _within(span: Span, name: Name) -> bool:
    return span[:2] == name[:2] and span.low <= name.number <= span.high


class Marker:
    """One file. Its user's thread calls it.

    Args:
        applied: the token of what is known to be done: a death after its end is nobody's fault.
    """

    def __init__(self, path: Path, applied: str | None = None) -> None:
        self._path = path
        self._file = -1
        self._reserved = 0
        with contextlib.suppress(NoRoom):  # `hold` tries again, and says so
            self._reserve(_BLOCK_BYTES)
        self._token, self._alone, self._current, self.suspects = self._load()
        died = self._current
        if self._token != applied:
            self.suspects += self._after_death()
        self._token, self._current = "", []
        if died:
            self._note()

    def hold(self, names: Iterable[Name], *, alone: bool, token: str = "") -> None:
        """These are in hand from now on, and no others; `alone`: nothing else is at work in this process.

        Raises:
            NoRoom: the disk is full: that can't be noted, so they must not be worked on.
        """
        held = list(names)
        care, strikes = self.known(held)
        spans: dict[tuple[str, str], tuple[int, int]] = {}
        for name in held:
            stream, number = name[:2], name.number
            low, high = spans.get(stream, (number, number))
            spans[stream] = (min(number, low), max(number, high))
        first = held[0].first if len(held) == 1 else 0
        self._current = [Span(*stream, *span, care, strikes, first) for stream, span in spans.items()]
        self._token, self._alone = token, alone
        self._store()

    def at(self, owner: str, component: str) -> None:
        """What is in hand has come to this stage. Raises `NoRoom` as `hold`."""
        if self._current and self._current[0][-2:] != (owner, component):
            self._current = [span._replace(owner=owner, component=component) for span in self._current]
            self._store()

    def struck(self, name: Name) -> dict[str, str]:
        """The stages that have had their strikes with this one: owner → component."""
        found = [span for span in self.suspects if span.owner and span.strikes >= STRIKES and span.holds(name)]
        return {span.owner: span.component for span in found}

    def release(self) -> None:
        """Nothing is in hand any more."""
        if self._current:
            self._current = []
            self._note()

    def single(self) -> Name | None:
        """What is in hand, when it is one alone in the process."""
        if self._alone and len(self._current) == 1 and self._current[0].low == self._current[0].high:
            span = self._current[0]
            return Name(span.stream, span.part, span.low, span.first)
        return None

    def failed(self) -> None:
        """What is in hand came to no end, by no fault that it is known to have: it counts as a death."""
        self.suspects += self._after_death()
        self._current = []
        self._note()

    def clear(self, passed: Callable[[Span], bool]) -> None:
        """Nothing is in hand, and what has passed is suspected no more."""
        self._current = []
        self.forget(passed)

    def forget(self, passed: Callable[[Span], bool]) -> None:
        """What has passed is suspected no more."""
        self.suspects = [span for span in self.suspects if not passed(span)]
        self._note()

    def acquit(self, name: Name) -> None:
        """This one has ended, all pieces of it; its neighbours stay under suspicion."""
        at = name.number
        rest = [
            span._replace(low=low, high=high)
            for span in self.suspects
            for low, high in (
                ((span.low, at - 1), (at + 1, span.high)) if _within(span, name) else ((span.low, span.high),)
            )
            if low <= high
        ]
        if rest != self.suspects:
            self.suspects = rest
            self._note()

    def known(self, names: Sequence[Name]) -> tuple[int, int]:
        """The highest care of these, and strikes that count against no stage in particular."""
        if not self.suspects:
            return 0, 0
        found = [span for name in names for span in self.suspects if span.holds(name)]
        return max((span.care for span in found), default=0), max(
            (span.strikes for span in found if not span.owner), default=0
        )

    def close(self) -> None:
        """An orderly stop; safe twice."""
        if self._file >= 0:
            self._current = []
            self._note()
            os.close(self._file)
            self._file = -1

    def _after_death(self) -> list[Span]:
        """What was in hand, held against it."""
        if (name := self.single()) is not None:
            owner = self._current[0].owner
            before = [span.strikes for span in self.suspects if span.owner == owner and span.holds(name)]
            return [self._current[0]._replace(care=ALONE, strikes=max(before, default=0) + 1)]
        return [
            span._replace(care=min(span.care + 1, ALONE), strikes=0, first=0, owner="", component="")
            for span in self._current
        ]

    def _note(self) -> None:
        with contextlib.suppress(StorageError):
            self._store()

    def _store(self) -> None:
        data = self._content()
        if len(data) > self._reserved:
            self._reserve(-(-len(data) // _BLOCK_BYTES) * _BLOCK_BYTES)
        try:
            os.pwrite(self._file, data, 0)
        except OSError as error:
            raise storage_error(self._path, error) from error

    def _reserve(self, size: int) -> None:
        """Open the file, and take blocks for so many bytes."""
        try:
            if self._file < 0:
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.posix_fallocate(self._file, 0, size)
        except OSError as error:
            raise storage_error(self._path, error) from error
        self._reserved = size

    def _content(self) -> bytes:
        if not self._current and not self.suspects:
            return _HEADER.pack(0, 0)
        rows = {"current": [span.row() for span in self._current], "suspects": [span.row() for span in self.suspects]}
        text = orjson.dumps({"read": self._token, "alone": self._alone, **rows})
        return _HEADER.pack(len(text), xxhash.xxh3_64_intdigest(text)) + text

    def _load(self) -> tuple[str, bool, list[Span], list[Span]]:
        if self._file < 0:
            return "", False, [], []
        data = os.pread(self._file, os.fstat(self._file).st_size, 0)
        if len(data) < _HEADER.size:
            return "", False, [], []
        length, digest = _HEADER.unpack_from(data)
        text = data[_HEADER.size : _HEADER.size + length]
        if not text or xxhash.xxh3_64_intdigest(text) != digest:
            return "", False, [], []
        held = orjson.loads(text)
        current, suspects = ([Span(*row) for row in held[name]] for name in ("current", "suspects"))
        return held["read"], held.get("alone", False), current, suspects
