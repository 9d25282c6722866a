"""How what was read becomes durable: pieces with their places are handed over, and their answers taken."""

from __future__ import annotations

import itertools
import queue
from dataclasses import replace

from collector.ingress.files.content import Plain
from collector.ingress.files.followed import Followed
from collector.ingress.files.handed import Hand, Handed
from collector.ingress.files.source import Piece, TailedFile
from collector.journal.positions import Position
from collector.journal.text import Text

UNDER_WAY_BYTES = 16 << 20
SAVE_SECS = 1.0
"""Places of which nothing was read are kept after so long."""
_BESIDES = 32
_RETRY_SECS = 1.0


class Handing:
    """Of each file one piece is under way, so no refusal is passed over."""

    def __init__(self, followed: Followed, hand: Hand) -> None:
        self._followed = followed
        self.hand = hand
        self._answers: queue.SimpleQueue[tuple[Handed, float | None]] = queue.SimpleQueue()
        self._save_at = 0.0
        self._under_way = 0
        self.rest_until = 0.0
        """What was handed over was refused: nothing is read until then."""

    @property
    def waits(self) -> bool:
        """Whether pieces are under way."""
        return self._under_way > 0

    @property
    def has_room(self) -> bool:
        """Whether there may be more of them."""
        return self._under_way < UNDER_WAY_BYTES

    def answered(self, handed: Handed, retry_after_secs: float | None) -> None:
        """It is on disk (None), or nothing of it is. From any thread."""
        self._answers.put((handed, retry_after_secs))

    def take_answers(self, now: float) -> None:
        """Go on with their files."""
        while True:
            try:
                handed, retry_after = self._answers.get_nowait()
            except queue.Empty:
                return
            self._settle(handed, retry_after, now)

    def _settle(self, handed: Handed, retry_after: float | None, now: float) -> None:
        source = handed.piece.source
        if source.pending is not handed.piece:
            return  # handing it over failed, and it was answered all the same
        self._under_way -= len(handed.piece.text.text)
        source.pending = None
        for other, _ in handed.besides:
            other.pending = None
        if retry_after is None:
            self._durable(handed, now)
            return
        source.ended = False
        self._followed.known.forgotten[:0] = [
            position.source for _, position in handed.besides if not position.position
        ]
        self.rest_until = max(self.rest_until, now + retry_after)
        self._followed.counts["waits"] += 1

    def _durable(self, handed: Handed, now: float) -> None:
        source, place = handed.piece.source, handed.piece.place
        if place.offset != source.place.offset:
            source.grown_at = now
        source.place = replace(place, mark=source.place.mark)
        for each in (source, *(other for other, _ in handed.besides)):
            each.saved = True
            self._followed.unsaved.pop(each, None)
        if self._followed.config.file_cache_advise and isinstance(source.content, Plain):
            source.content.forget(place.offset)

    def give(self, piece: Piece) -> None:
        """Hand it over, and what else there is to keep."""
        forgotten = self._followed.known.forgotten
        besides = self._besides(piece.source)
        ids = forgotten[: _BESIDES - len(besides)]
        handed = Handed(piece, [*besides, *((piece.source, Position(each, b"")) for each in ids)])
        del forgotten[: len(ids)]
        for source in (piece.source, *(other for other, _ in besides)):
            source.pending = piece
        self._under_way += len(piece.text.text)
        try:
            self.hand(handed)
        except BaseException:
            self._settle(handed, _RETRY_SECS, self._followed.now())
            raise

    def _besides(self, but: TailedFile) -> list[tuple[TailedFile, Position]]:
        waiting = (source for source in self._followed.unsaved if not source.pending and source is not but)
        chosen = list(itertools.islice(waiting, _BESIDES))
        return [(source, Position(source.id, source.place.packed())) for source in chosen]

    def save(self, now: float) -> None:
        """Places of files of which nothing was read are kept, too: where the end was."""
        if now < self._save_at:
            return
        self._save_at = now + SAVE_SECS
        while source := next((each for each in self._followed.unsaved if not each.pending), None):
            self.give(Piece(source, Text(b"", read_unix_nano=self._followed.now_unix_nano()), 0, source.place))
