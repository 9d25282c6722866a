"""One file that is followed: what was read of it, and the next piece."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from collector.ingress.cutting import Cut, Cutter
from collector.ingress.files.content import Content
from collector.ingress.files.identity import TAIL_BYTES, Mark, Place
from collector.journal.text import Scalar, Text

READ_BYTES = 1 << 20
"""How much is read at a time, unless a record is longer."""
HEADS = (4, 16, 64, 256)
_ZEROS = bytes(4096)
_BOMS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


@dataclass(frozen=True, slots=True)
class Piece:
    """What goes to the journal at once; `place` is true when it is there. `hole`: so many bytes of it were never written."""

    source: TailedFile
    text: Text
    records: int
    place: Place
    hole: int = 0


class TailedFile:
    """A file. `id` names it in the journal; one that is written anew is another source.

    `place` is what the journal holds of it (or will, before anything else is read); a piece that is refused leaves it as it is.
    """

    def __init__(self, id: bytes, path: str, place: Place, *, saved: bool) -> None:  # noqa: A002
        self.id = id
        self.path = path
        self.place = place
        self.saved = saved
        """The journal has its place."""
        self.content: Content | None = None
        self.pending: Piece | None = None
        """The piece under way that carries its place."""
        self.size = 0
        self.changed_ns = 0
        self.grown_at = 0.0
        """When it was seen to grow, or to have been read to where it ends."""
        self.ended = False
        """All that is complete was read, up to `size`."""
        self.gone_at: float | None = None
        """Since when no path leads to it."""
        self.seen = 0
        self.unsure = False
        """It may be a copy of a file that is followed: it waits until that is known."""
        self.ask_at = 0.0
        """Before that it is not asked again: it may be long, and has to be unpacked."""
        self.twin: TailedFile | None = None
        """That file."""
        self.twin_id = b""
        """What it was when they were compared."""
        self.first = b""
        """As many of them as `marked` has read."""
        self.heads: tuple[Mark, ...] = ()
        """Its first bytes, fewer and fewer: what is copied is shorter at first."""
        self.told: Mapping[str, Scalar] = {}
        """What is set on its records."""

    def read(self, offset: int, size: int) -> bytes:
        """Raises `OSError`."""
        assert self.content is not None
        return self.content.read(offset, size)

    def has_rest(self) -> bool:
        """Whether there is something behind what was read. Raises `OSError`."""
        if self.content is not None and self.content.packed:
            return bool(self.read(self.place.offset, 1))
        return self.size > self.place.offset

    def begin(self, codec: str) -> None:
        """Skip a byte order mark."""
        bom = _BOMS.get(codec)
        if bom and self.place.offset == 0 and self.read(0, len(bom)) == bom:
            self.place = replace(self.place, offset=len(bom))

    def marked(self, fingerprint: int) -> None:
        """Know it by more of its first bytes, as long as there are more."""
        if self.place.mark.length != fingerprint:
            self.first = first = self.read(0, fingerprint).rstrip(b"\0")  # zeros may be what nobody has written yet
            if len(first) != self.place.mark.length:
                self.place = replace(self.place, mark=Mark.of(first))
                self.heads = tuple(Mark.of(first[:length]) for length in HEADS if length < len(first))
        elif not self.heads and fingerprint > HEADS[0]:
            first = self.read(0, HEADS[-1])
            self.heads = tuple(Mark.of(first[:length]) for length in HEADS if length < fingerprint)

    def begins_as_before(self) -> bool:
        """Also where less is left than it is known by: as far as that is remembered. Raises `OSError`."""
        if self.size >= self.place.mark.length:
            return self.place.mark.fits(self.read)
        return bool(self.size) and self.first.startswith(self.read(0, self.size))

    def piece(self, cutter: Cutter, frame: Frame, *, last: bool) -> Piece | None:
        """The next one; None: nothing is complete. `last`: what has no end is a record. Raises `OSError`."""
        want = READ_BYTES
        while True:
            chunk = self.read(self.place.offset, want)
            if chunk.startswith(_ZEROS) and frame.unit and (hole := self._hole(frame.unit)):
                self.ended = hole.place.offset == self.size  # nobody has written behind it yet, or into it
                return None if self.ended else hole
            whole = len(chunk) < want
            cut = cutter.cut(chunk, last=last and whole, skipping=self.place.skipping)
            if cut.consumed or whole or want > frame.longest:
                break
            want = min(4 * want, frame.longest + READ_BYTES)
        self.ended = whole and (cut.consumed == 0 or cut.consumed == len(chunk))
        return self._made(cut, chunk, frame) if cut.consumed else None

    def _hole(self, unit: int) -> Piece | None:
        """What was never written (a program that goes on at its old place in a file that was emptied) is passed over, with the zeros
        up to where the next line begins. `unit`: bytes of a character at least."""
        assert self.content is not None
        begins = self.place.offset
        block = -(-begins // len(_ZEROS)) * len(_ZEROS)  # the rest of the one in which writing ended is zeros
        ends = self.content.written_from(block)
        if ends == block:
            return None
        zeros = self.read(ends, len(_ZEROS))
        ends += len(zeros) - len(zeros.lstrip(b"\0"))
        ends -= (ends - begins) % unit
        place = replace(self.place.at(ends, self.read), path=self.path)
        return Piece(self, Text(b""), 0, place, hole=ends - begins)

    def _made(self, cut: Cut, chunk: bytes, frame: Frame) -> Piece:
        before, offset = self.place, self.place.offset + cut.consumed
        tail = chunk[max(0, cut.consumed - TAIL_BYTES) : cut.consumed]
        place = before.at(offset, self.read) if len(tail) < min(TAIL_BYTES, offset) else before.behind(offset, tail)
        passed = cut.lines if cut.ranges is None else cut.records
        place = replace(place, number=before.number + passed, skipping=cut.skipping, path=self.path)
        text = Text(
            cut.text, cut.ranges, self.told, frame.resource,
            before.number + 1 if frame.numbered else None, before.offset if frame.offset else None,
            frame.keep_leading, frame.keep_trailing, frame.binary, frame.now_unix_nano,
        )  # fmt: skip
        return Piece(self, text if cut.records else replace(text, text=b"", ranges=None), cut.records, place)

    def close(self) -> None:
        """Let go of the handle; it is opened again when it is needed."""
        if self.content is not None:
            self.content.close()
            self.content = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is set on each record, and on its resource, whatever file it is of."""

    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    resource: Mapping[str, Scalar] = field(default_factory=dict)


NOTHING = Fixed()


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same of all pieces. `unit`: bytes of a line end; 0: bytes are no text."""

    resource: Mapping[str, Scalar]
    longest: int
    numbered: bool
    offset: bool
    keep_leading: bool
    keep_trailing: bool
    binary: bool
    unit: int
    now_unix_nano: int = 0


def key_of(stat: os.stat_result) -> tuple[int, int]:
    """Device and inode."""
    return stat.st_dev, stat.st_ino
