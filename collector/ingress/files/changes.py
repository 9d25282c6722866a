"""What has become of a followed file: it grew, was cut off, or another one stands in its place."""

from __future__ import annotations

import os
from dataclasses import replace

from collector.ingress.files.followed import Followed
from collector.ingress.files.identity import Place
from collector.ingress.files.source import TailedFile


class Changes:
    """Compares a file with what was read of it."""

    def __init__(self, followed: Followed) -> None:
        self._followed = followed
        self._config = followed.config

    def glance(self, source: TailedFile, now: float) -> None:
        """A file that grows is asked by its handle. Raises `OSError`."""
        if source.content is not None:
            status = source.content.stat()
            if status.st_nlink == 0 and source.gone_at is None:
                source.gone_at = now
            self.seen(source, status, now)

    def seen(self, source: TailedFile, status: os.stat_result, now: float) -> None:
        """A followed file was looked at."""
        if source.size == status.st_size and source.changed_ns == status.st_mtime_ns:
            return
        if source.pending:
            return  # it is looked at again when that is answered
        self._followed.active[source] = None
        source.size, source.changed_ns, source.ended = status.st_size, status.st_mtime_ns, False
        source.grown_at = now
        try:
            self._followed.open(source)
            self._compare(source, now)
        except OSError as error:
            self._followed.unreadable(source.path, error)

    def _compare(self, source: TailedFile, now: float) -> None:
        """Is it still the same?"""
        assert source.content is not None
        place = source.place
        if source.content.packed:
            return
        if source.size < place.offset:
            if source.size and source.begins_as_before():
                self._truncated(source)
            else:
                self._anew(source, now)
        elif not (source.begins_as_before() and place.ends_alike(source.read)):
            self._anew(source, now)
        source.marked(self._config.fingerprint_size)
        self._followed.known.indexed(source)

    def _truncated(self, source: TailedFile) -> None:
        """Its end was cut off, and it begins as before."""
        self._followed.counts["truncated"] += 1
        self._followed.say(
            f"truncated {source.path}",
            f"{source.path} is shorter than what was read of it (on_truncate: {self._config.on_truncate})",
        )
        if self._config.on_truncate == "ignore":  # whatever will stand before that place is not what was read
            source.place = replace(source.place, tail_length=0, tail=bytes(8))
            return
        if self._config.on_truncate == "read_whole_file":
            self.from_the_beginning(source)
        else:
            self._another(source)
            source.place = source.place.at(source.size, source.read)
            self._followed.unsaved[source] = None

    def from_the_beginning(self, source: TailedFile) -> None:
        """All of it is read again. Raises `OSError`."""
        self._another(source)
        source.place = replace(source.place, offset=0, number=0, tail_length=0, tail=bytes(8), skipping=False)
        source.ended = False
        self._followed.open(source)
        source.begin(self._followed.codec)

    def _another(self, source: TailedFile) -> None:
        """Places come again, and what ends at them is not what ended there before."""
        self._followed.known.forgotten.append(source.id)
        source.id = os.urandom(16)

    def _anew(self, source: TailedFile, now: float) -> None:
        """Another file stands in its place: what was read of the old one may come back as a copy."""
        if source.place.offset:
            self._followed.known.remember(source.id, source.place, now)
        self._followed.counts["truncated"] += 1
        source.id = os.urandom(16)
        source.place = Place(source.place.device, source.place.inode, path=source.path)
        source.begin(self._followed.codec)
        self._followed.wake()
