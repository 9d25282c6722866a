"""Reads the files that have something, one piece of each in turn, up to where they end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from collector.ingress.cutting import newline_of
from collector.ingress.files.attributes import attributes_of
from collector.ingress.files.changes import Changes
from collector.ingress.files.followed import ACTIVE_SECS, GRACE_SECS, Followed
from collector.ingress.files.handed import Heading
from collector.ingress.files.handing import Handing
from collector.ingress.files.origins import Origins
from collector.ingress.files.source import Fixed, Frame, TailedFile, key_of


class FileReading:
    """Of a file to which no path leads any more the rest comes first."""

    def __init__(
        self, followed: Followed, changes: Changes, origins: Origins, handing: Handing, heading: Heading | None, fixed: Fixed,
        *, again: bool,
    ) -> None:  # fmt: skip
        self._followed = followed
        self._config = config = followed.config
        self._changes = changes
        self._origins = origins
        self._handing = handing
        self.heading = heading
        self._cutter = config.cutter()
        self._fixed = fixed
        self._again = again
        self._turned: list[TailedFile] = []
        self._frame = Frame(
            fixed.resource, max(config.max_log_size, 1), config.include_file_record_number, config.include_file_record_offset,
            config.preserve_leading_whitespaces, config.preserve_trailing_whitespaces, not followed.codec,
            newline_of(followed.codec)[1] if followed.codec else 0,
        )  # fmt: skip

    def round(self, now: float) -> bool:
        """One piece of each file that has one, as far as there is room; whether there was any."""
        busy = False
        if not self._turned:
            self._turned = sorted(self._followed.active, key=lambda source: source.gone_at is None)
        while self._turned and self._handing.has_room:
            busy |= self._read(self._turned.pop(0), now)
        return busy

    def _read(self, source: TailedFile, now: float) -> bool:
        if source.pending:
            return False
        try:
            return (not source.unsure or self._origins.known(source, now)) and self._advance(source, now)
        except OSError as error:
            self._followed.unreadable(source.path, error)
            self._followed.close(source)
            source.ended = True
            return False

    def _advance(self, source: TailedFile, now: float) -> bool:
        if now - source.grown_at < ACTIVE_SECS or source.gone_at is not None:
            self._changes.glance(source, now)
        if source.ended and not self._overdue(source, now):
            return self._over(source, now)
        self._followed.open(source)
        if not self._tell(source):
            source.ended = True
            return self._over(source, now)
        frame = replace(self._frame, now_unix_nano=self._followed.now_unix_nano())
        piece = source.piece(self._cutter, frame, last=self._overdue(source, now))
        if piece is None:
            return self._over(source, now) if source.ended else False
        if piece.hole:
            self._followed.say(
                f"hole {source.path}", f"{source.path} has a hole of {piece.hole} bytes, which is passed over"
            )
        self._handing.give(piece)
        return True

    def _tell(self, source: TailedFile) -> bool:
        """Whether it is known what is to be set on its records: a header may not be whole yet."""
        if source.told:
            return True
        assert source.content is not None
        told = {**self._fixed.attributes, **attributes_of(self._config, source.path, source.content.stat())}
        if self.heading is not None:
            heading = self.heading(source.read)
            if heading is None:
                return False
            length, said = heading
            told |= said
            if source.place.offset < length:
                source.place = replace(source.place, offset=length)
        source.told = told
        return True

    # where they end

    def _overdue(self, source: TailedFile, now: float) -> bool:
        """What has no end yet has waited long enough."""
        period = self._config.force_flush_period
        return bool(period) and source.ended and now - source.grown_at >= period and source.has_rest()

    def _over(self, source: TailedFile, now: float) -> bool:
        """All of it was read."""
        if source.gone_at is not None:
            if now - source.gone_at >= GRACE_SECS:
                self._leave(source, now)
        elif self._config.delete_after_read and source.place.offset and not source.has_rest():
            self._delete(source)
        elif self._again and source.place.offset and not source.has_rest():
            self._changes.from_the_beginning(source)
        elif now - source.grown_at >= ACTIVE_SECS and not source.has_rest():
            self._followed.active.pop(source, None)
        return False

    def _leave(self, source: TailedFile, now: float) -> None:
        if source.place.offset:
            self._followed.known.remember(source.id, source.place, now)
        self._followed.drop(source)

    def _delete(self, source: TailedFile) -> None:
        """If it is still that file."""
        try:
            status = Path(source.path).stat()
            if key_of(status) == (source.place.device, source.place.inode) and (
                status.st_size == source.size and status.st_mtime_ns == source.changed_ns
            ):
                Path(source.path).unlink()
                self._followed.drop(source)
                self._followed.known.forgotten.append(source.id)
        except OSError as error:
            self._followed.unreadable(source.path, error)
            source.grown_at = self._followed.now()
