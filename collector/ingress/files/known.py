"""The files that are followed, and those that were: which of them a file is that is found at a path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Generic, TypeVar

from collector.ingress.files.content import Content
from collector.ingress.files.identity import TAIL_BYTES, Mark, Place
from collector.ingress.files.source import TailedFile, key_of

_REMEMBERED_SECS = 86_400.0
_MOST_REMEMBERED = 20_000
_MOST_COMPARED = 32


class Known:
    """Sources by what they are. Places of files that are not there (any more) are remembered for a day: what was renamed out of sight,
    packed or copied is known when it comes back, and goes on where it was."""

    def __init__(self, positions: Mapping[bytes, bytes], now: float) -> None:
        self._sources: dict[tuple[int, int], TailedFile] = {}
        self._absent: dict[bytes, tuple[Place, float]] = {}
        self._by_inode: dict[tuple[int, int], bytes] = {}
        self._alike = Alike[TailedFile]()
        self._absent_alike = Alike[bytes]()
        self.forgotten: list[bytes] = []
        """Ids whose places the journal need not keep."""
        for source, packed in positions.items():
            place = Place.unpacked(packed)
            if place is not None:
                self.remember(source, place, now)

    def __len__(self) -> int:
        return len(self._sources)

    def __iter__(self) -> Iterator[TailedFile]:
        return iter(list(self._sources.values()))

    def at(self, key: tuple[int, int]) -> TailedFile | None:
        """The source of an inode."""
        return self._sources.get(key)

    def add(self, source: TailedFile) -> None:
        """Follow it."""
        self._sources[source.place.device, source.place.inode] = source
        self.indexed(source)

    def indexed(self, source: TailedFile) -> None:
        """Its first bytes may be others now, or more."""
        if source.unsure:
            self._alike.take(source)
        else:
            self._alike.put(source, (source.place.mark, *source.heads))

    def drop(self, source: TailedFile) -> None:
        """Follow it no more."""
        source.close()
        key = (source.place.device, source.place.inode)
        if self._sources.get(key) is source:
            del self._sources[key]
            self._alike.take(source)

    def remember(self, source: bytes, place: Place, now: float) -> None:
        """Its file is not there; it may come back."""
        self._absent[source] = (place, now)
        self._by_inode[place.device, place.inode] = source
        if place.offset:
            self._absent_alike.put(source, (place.mark,))
        while len(self._absent) > _MOST_REMEMBERED:
            self._forget(next(iter(self._absent)))

    def expire(self, now: float) -> None:
        """Forget what has been gone for a day."""
        for source in [source for source, (_, since) in self._absent.items() if now - since > _REMEMBERED_SECS]:
            self._forget(source)

    def _forget(self, source: bytes) -> None:
        place, _ = self._absent.pop(source)
        self._absent_alike.take(source)
        if self._by_inode.get((place.device, place.inode)) == source:
            del self._by_inode[place.device, place.inode]
        self.forgotten.append(source)

    def recalled(self, content: Content) -> tuple[bytes, Place] | None:
        """Which remembered file it is: by its inode if it begins like that, else by what was read of it. It is taken out."""
        if not self._absent:
            return None
        key = key_of(content.stat())
        own = self._by_inode.get(key)
        if own is not None and self._absent[own][0].fits(content.read):
            return self._taken(own, key)
        for source in self._absent_alike.of(content):
            if self._absent[source][0].fits(content.read):
                return self._taken(source, key)
        return None

    def inherited(self, copy: TailedFile) -> Place | None:
        """Of what was a copy of a source that was written anew since: that one's place."""
        if copy.twin is None or copy.twin_id not in self._absent:
            return None
        _, place = self._taken(copy.twin_id, (copy.place.device, copy.place.inode))
        if copy.content is not None and copy.content.packed:
            return place  # what is missing of it was read, and is passed over if it comes
        return place if copy.size >= place.offset else place.at(copy.size, copy.read)

    def _taken(self, source: bytes, key: tuple[int, int]) -> tuple[bytes, Place]:
        place, _ = self._absent.pop(source)
        self._absent_alike.take(source)
        if self._by_inode.get((place.device, place.inode)) == source:
            del self._by_inode[place.device, place.inode]
        return source, replace(place, device=key[0], inode=key[1])

    def awaits(self, content: Content) -> bool:
        """Whether it begins like a remembered file of which more was read than there is of it."""
        return any(self._absent[source][0].offset > content.length() for source in self._absent_alike.of(content))

    def original_of(self, content: Content) -> TailedFile | None:
        """A followed file that this one may be a copy of: it holds all that was read of that one, or all of it stands at its
        beginning."""
        alike = islice(self._alike.of(content), _MOST_COMPARED)
        return next((source for source in alike if is_copy(content, source)), None)


S = TypeVar("S")


class Alike(Generic[S]):
    """What begins with the same bytes. To ask takes one hash for each length that there is, not one for each of them."""

    def __init__(self) -> None:
        self._marks: dict[S, Sequence[Mark]] = {}
        self._by_mark: dict[Mark, dict[S, None]] = {}
        self._lengths: Counter[int] = Counter()

    def put(self, each: S, marks: Sequence[Mark]) -> None:
        """It begins like that now."""
        if self._marks.get(each) == marks:
            return
        self.take(each)
        self._marks[each] = marks
        for mark in marks:
            if mark.length:
                self._by_mark.setdefault(mark, {})[each] = None
                self._lengths[mark.length] += 1

    def take(self, each: S) -> None:
        """It is none of them any more."""
        for mark in self._marks.pop(each, ()):
            if not mark.length:
                continue
            self._by_mark[mark].pop(each)
            if not self._by_mark[mark]:
                del self._by_mark[mark]
            self._lengths[mark.length] -= 1
            if not self._lengths[mark.length]:
                del self._lengths[mark.length]

    def of(self, content: Content) -> Iterator[S]:
        """Those whose first bytes stand at the beginning of the content."""
        first = content.read(0, max(self._lengths, default=0))
        seen: set[S] = set()
        for length in sorted(self._lengths, reverse=True):
            if length <= len(first):
                found = [each for each in self._by_mark.get(Mark.of(first[:length]), ()) if each not in seen]
                seen.update(found)
                yield from found


def is_copy(content: Content, source: TailedFile) -> bool:
    """Whether a file may be a copy of the source, or the beginning of one, packed or not: compared is what it is unpacked.
    Raises `OSError`."""
    place = source.place
    if len(content.read(0, place.mark.length)) == place.mark.length and not place.mark.fits(content.read):
        return False  # what begins otherwise need not be unpacked
    if place.offset and place.fits(content.read) and content.read(place.offset - 1, 1):
        return True
    size = content.length()
    if source.content is None or size > source.content.length():
        return False
    begins = max(0, size - TAIL_BYTES)
    return content.read(begins, size - begins) == source.read(begins, size - begins)
