"""What a store did after its copy was made: numbered objects, each with the pages of some commits.

    tails/<stream>/<number>    digest of what follows; zstd: page size u32, pages of the file u32, n u32, n page numbers, n pages

A stream is what one process saw of one store, without a gap. A snapshot says from which object on its copy is to be brought
forward, and up to which at least: the copy was made while the stream went on, so that it has some of those pages already.
Putting them there again changes nothing, and behind the last of these objects the file is what it was after one commit.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

import zstandard

from collector.backup.errors import BackupError
from collector.backup.manifest import FilePart
from collector.backup.repository import Repository
from collector.object_storage import TargetError
from collector.store.log_follower import LogFollower, joined
from collector.store.wal import Changes, Place

_HEAD = Struct("<3I")
_DIGEST_BYTES = 32
MOST_WAITING_BYTES = 64 << 20
"""What is kept in memory while the target can't be reached; then the stream ends, and the log may shrink."""


class Overrun(BackupError):
    """The target was away for too long: a new stream begins with a new snapshot."""


class Tail:
    """Follows one store into a target. Any thread.

    Args:
        stream: its name in the target, new each time.
    """

    def __init__(self, repository: Repository, store: Path, stream: str) -> None:
        self.store = store
        self.stream = stream
        self.next = 1
        self._repository = repository
        self._follower = LogFollower(store)
        self._waiting: Changes | None = None
        self._lock = threading.Lock()

    def ship(self) -> int:
        """Send on what was committed; how many bytes that took.

        Raises:
            TargetError: the target refused; what is waiting goes with the next call.
            Overrun, StorageError: this stream is at its end.
        """
        with self._lock:
            self._waiting = joined(self._waiting, self._follower.take())
            return self._send() if self._waiting is not None else 0

    def settle(self) -> int:
        """The number of the last object, when all that is committed now is in one. Raises as `ship`."""
        self.ship()
        return self.next - 1

    def _send(self) -> int:
        assert self._waiting is not None
        packed = pack(self._waiting)
        try:
            self._repository.write(tail_name(self.stream, self.next), packed)
        except TargetError:
            if len(self._waiting.pages) * self._waiting.page_size > MOST_WAITING_BYTES:
                raise Overrun(f"{self.store}: more was written than can wait until the target takes it") from None
            raise
        self._waiting = None
        self.next += 1
        return len(packed)

    def close(self) -> None:
        """Follow no longer; safe twice."""
        with self._lock:
            self._follower.close()


def tail_name(stream: str, number: int) -> str:
    """Of an object."""
    return f"tails/{stream}/{number:010d}"


def numbers(repository: Repository, stream: str) -> list[int]:
    """Of the objects of a stream, ascending."""
    return sorted(int(Path(stored.name).name) for stored in repository.target.list(f"tails/{stream}/"))


def of_part(repository: Repository, part: FilePart) -> Iterator[Changes]:
    """What brings a copy forward, in order.

    Raises:
        BackupError: one is missing or damaged.
    """
    if part.tail is None:
        return
    there = [number for number in numbers(repository, part.tail) if number >= part.tail_from]
    expected = list(range(part.tail_from, part.tail_from + len(there)))
    if there != expected or len(there) < part.tail_least - part.tail_from + 1:
        raise BackupError(
            f"tails/{part.tail}: an object is missing between {part.tail_from} and the last, {there[-1:]}"
        )
    for number in there:
        yield unpack(name := tail_name(part.tail, number), repository.read(name))


def bring_forward(file: Path, changes: Iterator[Changes]) -> int:
    """Put pages where they belong; how many objects that were."""
    objects = 0
    with file.open("r+b") as opened:
        for each in changes:
            objects += 1
            for number, page in each.pages.items():
                opened.seek((number - 1) * each.page_size)
                opened.write(page)
            opened.truncate(each.count * each.page_size)
    return objects


def pack(changes: Changes) -> bytes:
    """As an object."""
    page_numbers = sorted(changes.pages)
    head = _HEAD.pack(changes.page_size, changes.count, len(page_numbers))
    body = b"".join(
        [
            head,
            Struct(f"<{len(page_numbers)}I").pack(*page_numbers),
            *(changes.pages[number] for number in page_numbers),
        ]
    )
    compressed = zstandard.ZstdCompressor(level=3).compress(body)
    return _digest(compressed) + compressed


def unpack(name: str, content: bytes) -> Changes:
    """Raises `BackupError`: it is not what was written."""
    digest, compressed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if _digest(compressed) != digest:
        raise BackupError(f"{name} is damaged: its bytes are not those that were written")
    body = memoryview(zstandard.ZstdDecompressor().decompress(compressed))
    page_size, count, pages = _HEAD.unpack_from(body)
    page_numbers = Struct(f"<{pages}I").unpack_from(body, _HEAD.size)
    start = _HEAD.size + 4 * pages
    found = {
        number: bytes(body[start + at * page_size : start + (at + 1) * page_size])
        for at, number in enumerate(page_numbers)
    }
    return Changes(page_size, count, found, pages, Place())


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
