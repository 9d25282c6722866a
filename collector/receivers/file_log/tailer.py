"""Follows files, as a loop without a thread of its own: `turn` looks, reads and hands over; answers come by `answered`.

    find ──► which file is it? ──► read a piece ──► hand over ──► on disk: go on behind it
                                                        └─ refused: wait, and read it again

Of each file one piece is under way, so no refusal is passed over. Nothing is kept but in the journal: a piece and the place behind
it are one commit, and what is not there is read again.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import queue
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import xxhash

from collector.journal.positions import Position
from collector.journal.text import Scalar, Text
from collector.receivers.file_log.attributes import attributes_of
from collector.receivers.file_log.config import FileLogConfig, codec_of
from collector.receivers.file_log.content import Content, Gzip, Plain, may_become_gzip, opened
from collector.receivers.file_log.globs import Globs
from collector.receivers.file_log.identity import Place
from collector.receivers.file_log.known import Known
from collector.receivers.file_log.ordering import Order
from collector.receivers.file_log.source import Frame, Piece, TailedFile, key_of

_log = logging.getLogger(__name__)
UNDER_WAY_BYTES = 16 << 20
GRACE_SECS = 5.0
"""How long a file is read on to which no path leads any more."""
SAVE_SECS = 1.0
"""Places of which nothing was read are kept after so long."""
ACTIVE_SECS = 60.0
_BESIDES = 32
_SHARE = 100
_ASKS = 10
"""What to compare a file costs is a tenth of the time at most."""
_SAY_AGAIN_SECS = 60.0
_RETRY_SECS = 1.0
_SHORT = 1000


class Handed(NamedTuple):
    """What becomes durable at once: a piece and its place, and places of others."""

    piece: Piece
    besides: Sequence[tuple[TailedFile, Position]]

    def position(self) -> Position:
        return Position(self.piece.source.id, self.piece.place.packed())

    def digest(self, receiver: str) -> bytes:
        """By which it is the same piece when it comes twice: whose it is and where it ends."""
        return xxhash.xxh3_128_digest(b"%s%d %s" % (self.piece.source.id, self.piece.place.offset, receiver.encode()))


Hand = Callable[[Handed], None]
Heading = Callable[[Callable[[int, int], bytes]], tuple[int, Mapping[str, Scalar]] | None]
"""Reads a file's header: its bytes, and what it says of all records; None: it may go on. Raises `OSError`."""


class Tailer:
    """The files of one receiver.

    Args:
        positions: source → place, as the journal has them.
        hand: takes what is to become durable; its end is told by `answered`.
        heading: reads headers, where files have them.
        now: monotonic seconds; `now_unix_nano` the time of day.
    """

    def __init__(
        self,
        config: FileLogConfig,
        positions: Mapping[bytes, bytes],
        hand: Hand,
        heading: Heading | None = None,
        now: Callable[[], float] = time.monotonic,
        now_unix_nano: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._hand = hand
        self._heading = heading
        self._now = now
        self._now_unix_nano = now_unix_nano
        self._globs = Globs(config.include, config.exclude)
        self._order = Order(config.ordering_criteria)
        self._cutter = config.cutter()
        self._codec = codec_of(config.encoding)
        self.known = Known(positions, now())
        self._first = not positions
        self._answers: queue.SimpleQueue[tuple[Handed, float | None]] = queue.SimpleQueue()
        self._look_at = 0.0
        self._save_at = 0.0
        self._rest_until = 0.0
        self._scans = 0
        self._under_way = 0
        self._said: dict[str, float] = {}
        self._turned: list[TailedFile] = []
        self._active: dict[TailedFile, None] = {}
        self._unsaved: dict[TailedFile, None] = {}
        self._handles: dict[TailedFile, None] = {}
        self._held: dict[TailedFile, None] = {}
        self._frame = Frame(
            dict(config.resource), max(config.max_log_size, 1), config.include_file_record_number, config.include_file_record_offset,
            config.preserve_leading_whitespaces, config.preserve_trailing_whitespaces, not self._codec,
        )  # fmt: skip
        self.counts = {"files": 0, "held": 0, "waits": 0, "truncated": 0, "unreadable": 0}

    def answered(self, handed: Handed, retry_after_secs: float | None) -> None:
        """It is on disk (None), or nothing of it is: it is tried again after so long. From any thread."""
        self._answers.put((handed, retry_after_secs))

    def turn(self) -> float:
        """Look, read and hand over what there is; seconds until there may be more to do."""
        now = self._now()
        self._take_answers(now)
        if now >= self._look_at:
            self._look(now)
        if now < self._rest_until:
            return min(self._rest_until - now, self._config.poll_interval)
        busy = self._read_round(now)
        self._save(now)
        return 0.0 if busy else self._config.poll_interval

    @property
    def waits(self) -> bool:
        """Whether pieces are under way."""
        return self._under_way > 0

    def close(self) -> None:
        """Let go of all files."""
        for source in self.known:
            source.close()

    # answers

    def _take_answers(self, now: float) -> None:
        while True:
            try:
                handed, retry_after = self._answers.get_nowait()
            except queue.Empty:
                return
            self._settle(handed, retry_after, now)

    def _settle(self, handed: Handed, retry_after: float | None, now: float) -> None:
        source, place = handed.piece.source, handed.piece.place
        if source.pending is not handed.piece:
            return  # handing it over failed, and it was answered all the same
        self._under_way -= len(handed.piece.text.text)
        source.pending = None
        for other, _ in handed.besides:
            other.pending = None
        if retry_after is not None:
            source.ended = False
            self.known.forgotten[:0] = [position.source for _, position in handed.besides if not position.position]
            self._rest_until = max(self._rest_until, now + retry_after)
            self.counts["waits"] += 1
            return
        if place.offset != source.place.offset:
            source.grown_at = now
        source.place = replace(place, mark=source.place.mark)
        for each in (source, *(other for other, _ in handed.besides)):
            each.saved = True
            self._unsaved.pop(each, None)
        if self._config.file_cache_advise and isinstance(source.content, Plain):
            source.content.forget(place.offset)

    # finding

    def _look(self, now: float) -> None:
        began = self._now()
        self._scans += 1
        paths = self._order.chosen(self._globs.paths(self._unreadable))
        fresh = [(path, status) for path in paths if (status := self._met(path, now)) is not None]
        for path, status in fresh:
            self._meet(path, status, now)
        for source in self.known:
            if source.seen != self._scans and source.gone_at is None:
                source.gone_at = now
                self._active[source] = None
        self.known.expire(now)
        self.counts["files"] = len(self.known)
        cost = self._now() - began
        self._look_at = now + max(self._config.poll_interval, _SHARE * cost)

    def _met(self, path: str, now: float) -> os.stat_result | None:
        """Of a file that is not followed yet, what it is; of one that is, whether it has changed."""
        try:
            status = os.stat(path)  # noqa: PTH116 - of ten thousand files a Path each costs as much as the call
        except FileNotFoundError:
            return None
        except OSError as error:
            self._unreadable(path, error)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        source = self.known.at(key_of(status))
        if source is None:
            return status
        if source.seen != self._scans:  # else another path led to it
            source.seen, source.gone_at = self._scans, None
            if path != source.path:
                source.path, source.told = path, {}
            self._changed(source, status, now)
        return None

    def _meet(self, path: str, status: os.stat_result, now: float) -> None:
        if self.known.at(key_of(status)) is not None:  # by another path, in this round
            return
        older = self._config.exclude_older_than
        if older and self._now_unix_nano() / 1e9 - status.st_mtime > older:
            return
        try:
            content = opened(path, self._config.compression, lock=self._config.acquire_fs_lock)
        except OSError as error:
            self._unreadable(path, error)
            return
        try:
            self._follow(path, content, now)
        except OSError as error:
            content.close()
            self._unreadable(path, error)

    def _follow(self, path: str, content: Content, now: float) -> None:
        status = content.stat()
        recalled = self.known.recalled(content)
        if recalled is not None:
            source = TailedFile(recalled[0], path, replace(recalled[1], path=path), saved=False)
        else:
            source = TailedFile(os.urandom(16), path, Place(*key_of(status), path=path), saved=False)
        source.content, source.seen, source.grown_at = content, self._scans, now
        source.size, source.changed_ns = status.st_size, status.st_mtime_ns
        source.ended = False
        if recalled is None and self._first and self._scans == 1 and self._config.start_at == "end":
            source.place = source.place.at(content.length(), source.read)
        elif recalled is None:
            source.unsure = True
        source.marked(self._config.fingerprint_size)
        self.known.add(source)
        self._active[source] = None
        if not source.unsure:
            self._unsaved[source] = None
        self._used(source)

    def _changed(self, source: TailedFile, status: os.stat_result, now: float) -> None:
        """A followed file was looked at."""
        if source.size == status.st_size and source.changed_ns == status.st_mtime_ns:
            return
        if source.pending:
            return  # it is looked at again when that is answered
        self._active[source] = None
        source.size, source.changed_ns, source.ended = status.st_size, status.st_mtime_ns, False
        source.grown_at = now
        try:
            self._open(source)
            self._compare(source, now)
        except OSError as error:
            self._unreadable(source.path, error)

    def _compare(self, source: TailedFile, now: float) -> None:
        """Is it still the same?"""
        assert source.content is not None
        place = source.place
        if source.content.packed:
            return
        if source.size < place.offset:
            if source.size and place.mark.fits(source.read):
                self._truncated(source)
            else:
                self._anew(source, now)
        elif not place.fits(source.read):
            self._anew(source, now)
        source.marked(self._config.fingerprint_size)
        self.known.indexed(source)

    def _truncated(self, source: TailedFile) -> None:
        """Its end was cut off, and it begins as before."""
        self.counts["truncated"] += 1
        self._say(
            f"truncated {source.path}",
            f"{source.path} is shorter than what was read of it (on_truncate: {self._config.on_truncate})",
        )
        if self._config.on_truncate == "read_whole_file":
            self.known.forgotten.append(source.id)
            source.id = os.urandom(16)
            source.place = replace(source.place, offset=0, number=0, tail_length=0, tail=bytes(8), skipping=False)
            source.begin(self._codec)
        elif self._config.on_truncate == "read_new":
            self.known.forgotten.append(source.id)
            source.id = os.urandom(16)  # places come again, and what ends at them is not what ended there before
            source.place = source.place.at(source.size, source.read)
            self._unsaved[source] = None
        else:  # whatever will stand before that place is not what was read
            source.place = replace(source.place, tail_length=0, tail=bytes(8))

    def _anew(self, source: TailedFile, now: float) -> None:
        """Another file stands in its place: what was read of the old one may come back as a copy."""
        if source.place.offset:
            self.known.remember(source.id, source.place, now)
        self.counts["truncated"] += 1
        source.id = os.urandom(16)
        source.place = Place(source.place.device, source.place.inode, path=source.path)
        source.begin(self._codec)
        self._wake()

    # reading

    def _read_round(self, now: float) -> bool:
        """One piece of each file that has one, as far as there is room; whether there was any."""
        busy = False
        if not self._turned:
            self._turned = sorted(self._active, key=lambda source: source.gone_at is None)
        while self._turned and self._under_way < UNDER_WAY_BYTES:
            busy |= self._read(self._turned.pop(0), now)
        return busy

    def _read(self, source: TailedFile, now: float) -> bool:
        if source.pending:
            return False
        try:
            return (not source.unsure or self._asked(source, now)) and self._advance(source, now)
        except OSError as error:
            self._unreadable(source.path, error)
            source.close()
            self._handles.pop(source, None)
            source.ended = True
            return False

    def _advance(self, source: TailedFile, now: float) -> bool:
        if now - source.grown_at < ACTIVE_SECS or source.gone_at is not None:
            self._glance(source, now)
        if source.ended and not self._overdue(source, now):
            return self._over(source, now)
        self._open(source)
        if not self._tell(source):
            source.ended = True
            return self._over(source, now)
        frame = replace(self._frame, now_unix_nano=self._now_unix_nano())
        piece = source.piece(self._cutter, frame, last=self._overdue(source, now))
        if piece is None:
            return self._over(source, now) if source.ended else False
        self._give(piece)
        return True

    def _glance(self, source: TailedFile, now: float) -> None:
        """A file that grows is asked by its handle."""
        if source.content is not None:
            status = source.content.stat()
            if status.st_nlink == 0 and source.gone_at is None:
                source.gone_at = now
            self._changed(source, status, now)

    def _overdue(self, source: TailedFile, now: float) -> bool:
        """What has no end yet has waited long enough."""
        period = self._config.force_flush_period
        return bool(period) and source.ended and now - source.grown_at >= period and self._rest(source)

    def _rest(self, source: TailedFile) -> bool:
        if source.content is not None and source.content.packed:
            return bool(source.read(source.place.offset, 1))
        return source.size > source.place.offset

    def _over(self, source: TailedFile, now: float) -> bool:
        """All of it was read."""
        if source.gone_at is not None and now - source.gone_at >= GRACE_SECS:
            if source.place.offset:
                self.known.remember(source.id, source.place, now)
            self._drop(source)
        elif (
            self._config.delete_after_read and source.place.offset and source.gone_at is None and not self._rest(source)
        ):
            self._delete(source)
        elif source.gone_at is None and now - source.grown_at >= ACTIVE_SECS and not self._rest(source):
            self._active.pop(source, None)
        return False

    def _drop(self, source: TailedFile) -> None:
        for each in (self._active, self._unsaved, self._handles, self._held):
            each.pop(source, None)
        self.known.drop(source)
        self._wake()

    def _wake(self) -> None:
        """What a copy is of has changed: the copy is looked at."""
        for copy in self._held:
            self._active[copy] = None

    def _delete(self, source: TailedFile) -> None:
        """If it is still that file."""
        try:
            status = Path(source.path).stat()
            if key_of(status) == (source.place.device, source.place.inode) and (
                status.st_size == source.size and status.st_mtime_ns == source.changed_ns
            ):
                Path(source.path).unlink()
                self._drop(source)
                self.known.forgotten.append(source.id)
        except OSError as error:
            self._unreadable(source.path, error)
            source.grown_at = self._now()

    def _asked(self, source: TailedFile, now: float) -> bool:
        """`_decided`, as often as it may cost."""
        if now < source.ask_at:
            return False
        began = self._now()
        decided = self._decided(source, now)
        source.ask_at = now + _ASKS * (self._now() - began)
        return decided

    def _decided(self, source: TailedFile, now: float) -> bool:
        """Whether it is known what a file is that nobody knew: one of its own, or a copy of one that was emptied since: then it goes on
        where that was. While it is like one that is still there it waits; if it is short, not for long."""
        self._glance(source, now)
        if source.content.broken if isinstance(source.content, Gzip) else self._config.compression == "auto":
            source.close()  # it may have been empty, or half written, when it was opened
        self._open(source)
        content = source.content
        assert content is not None
        if not source.size:
            return self._waits(source, now)
        recalled = self.known.recalled(content)
        making = recalled is None and self._in_the_making(source, content, now)
        if recalled is None and not making and (place := self.known.inherited(source)) is not None:
            recalled = source.twin_id, place
        if recalled is not None:
            source.id, source.place = recalled[0], replace(recalled[1], path=source.path)
            self._unsaved[source] = None
            return self._sure(source)
        twin = self.known.original_of(content)
        if twin is not None:
            source.twin, source.twin_id = twin, twin.id
        if self._by_chance(source, twin, content, now) if twin is not None else not making:
            source.begin(self._codec)
            return self._sure(source)
        self._held[source] = None
        return self._waits(source, now)

    def _in_the_making(self, source: TailedFile, content: Content, now: float) -> bool:
        """Whether it is packed and not to its end yet, and what there is may be the beginning of what was read: until it grows no more."""
        if now - source.grown_at >= GRACE_SECS:
            return False
        if not content.packed:
            return self._config.compression == "auto" and may_become_gzip(content)
        short = len(content.read(0, self._config.fingerprint_size)) < self._config.fingerprint_size
        return (short or self.known.awaits(content)) and not content.whole()

    def _by_chance(self, source: TailedFile, twin: TailedFile, content: Content, now: float) -> bool:
        """Two short files that begin alike, and both stay as they are, whole."""
        source.marked(self._config.fingerprint_size)
        if source.place.mark.length >= min(_SHORT, self._config.fingerprint_size):
            return False
        if now - max(source.grown_at, twin.grown_at) < GRACE_SECS or not content.whole():
            return False
        before = twin.id
        self._glance(twin, now)
        return twin.gone_at is None and twin.id == before

    def _sure(self, source: TailedFile) -> bool:
        source.unsure, source.twin, source.ended = False, None, False
        self._held.pop(source, None)
        source.marked(self._config.fingerprint_size)
        self.known.indexed(source)
        return True

    def _waits(self, source: TailedFile, now: float) -> bool:
        """Nothing is read of it; while it stays as it is it is not looked at."""
        if source.gone_at is not None and now - source.gone_at >= GRACE_SECS:
            self._drop(source)
        elif now - source.grown_at >= ACTIVE_SECS:
            self._active.pop(source, None)
        return False

    def _give(self, piece: Piece) -> None:
        besides = self._besides(piece.source)
        forgotten = [Position(each, b"") for each in self.known.forgotten[: _BESIDES - len(besides)]]
        handed = Handed(piece, [*besides, *((piece.source, position) for position in forgotten)])
        del self.known.forgotten[: len(forgotten)]
        for source in (piece.source, *(other for other, _ in besides)):
            source.pending = piece
        self._under_way += len(piece.text.text)
        try:
            self._hand(handed)
        except BaseException:
            self._settle(handed, _RETRY_SECS, self._now())
            raise

    def _besides(self, but: TailedFile) -> list[tuple[TailedFile, Position]]:
        waiting = (source for source in self._unsaved if not source.pending and source is not but)
        chosen = list(itertools.islice(waiting, _BESIDES))
        return [(source, Position(source.id, source.place.packed())) for source in chosen]

    def _save(self, now: float) -> None:
        """Places of files of which nothing was read are kept, too: where the end was."""
        if now < self._save_at:
            return
        self._save_at = now + SAVE_SECS
        while source := next((each for each in self._unsaved if not each.pending), None):
            self._give(Piece(source, Text(b"", read_unix_nano=self._now_unix_nano()), 0, source.place))

    def _open(self, source: TailedFile) -> None:
        """Raises `OSError`: it can't be, or another file stands there now."""
        if source.content is not None:
            return
        content = opened(source.path, self._config.compression, lock=self._config.acquire_fs_lock)
        if key_of(content.stat()) != (source.place.device, source.place.inode):
            content.close()
            source.gone_at = source.gone_at or self._now()
            raise FileNotFoundError(errno.ENOENT, "another file stands there", source.path)
        source.content = content
        self._used(source)

    def _used(self, source: TailedFile) -> None:
        """The handles that were not needed for longest are closed, where there are too many; never that of a file without a path."""
        self._handles.pop(source, None)
        self._handles[source] = None
        if len(self._handles) <= self._config.max_concurrent_files:
            return
        oldest = next((each for each in self._handles if each.gone_at is None and each is not source), None)
        if oldest is not None:
            del self._handles[oldest]
            oldest.close()

    def _tell(self, source: TailedFile) -> bool:
        """Whether it is known what is to be set on its records: a header may not be whole yet."""
        if source.told:
            return True
        assert source.content is not None
        told = dict(attributes_of(self._config, source.path, source.content.stat()))
        if self._heading is not None:
            heading = self._heading(source.read)
            if heading is None:
                return False
            length, said = heading
            told |= said
            if source.place.offset < length:
                source.place = replace(source.place, offset=length)
        source.told = told
        return True

    # what can't be read

    def _unreadable(self, path: str, error: OSError) -> None:
        self.counts["unreadable"] += 1
        self._say(f"{path} {error.errno}", f"{path} can't be read: {error.strerror or error}")

    def _say(self, what: str, sentence: str) -> None:
        """Once a minute."""
        now = self._now()
        if now - self._said.get(what, -_SAY_AGAIN_SECS) >= _SAY_AGAIN_SECS:
            if len(self._said) > 1000:
                self._said.clear()
            self._said[what] = now
            _log.warning("%s", sentence)
