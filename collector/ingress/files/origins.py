"""What a file is that nobody knew: one of its own, one that was read before, or a copy of one that is followed."""

from __future__ import annotations

from dataclasses import replace

from collector.ingress.files.changes import Changes
from collector.ingress.files.content import Content, Gzip, may_become_gzip
from collector.ingress.files.followed import ACTIVE_SECS, GRACE_SECS, Followed
from collector.ingress.files.source import TailedFile

_ASKS = 10
"""What to compare a file costs is a tenth of the time at most."""
_SHORT = 1000


class Origins:
    """Asked until it is known; nothing is read of such a file before."""

    def __init__(self, followed: Followed, changes: Changes) -> None:
        self._followed = followed
        self._config = followed.config
        self._changes = changes

    def known(self, source: TailedFile, now: float) -> bool:
        """Whether it is known now; looked at as often as it may cost. Raises `OSError`."""
        if now < source.ask_at:
            return False
        began = self._followed.now()
        decided = self.decided(source, now)
        source.ask_at = now + _ASKS * (self._followed.now() - began)
        return decided

    def decided(self, source: TailedFile, now: float) -> bool:
        """Whether it is known what a file is that nobody knew: one of its own, or a copy of one that was emptied since: then it goes on
        where that was. While it is like one that is still there it waits; if it is short, not for long."""
        content = self._looked_at(source, now)
        if not source.size:
            return self._waits(source, now)
        known = self._followed.known
        recalled = known.recalled(content)
        making = recalled is None and self._in_the_making(source, content, now)
        if recalled is None and not making and (place := known.inherited(source)) is not None:
            recalled = source.twin_id, place
        if recalled is not None:
            source.id, source.place = recalled[0], replace(recalled[1], path=source.path)
            self._followed.unsaved[source] = None
            return self._sure(source)
        twin = known.original_of(content)
        if twin is not None:
            source.twin, source.twin_id = twin, twin.id
        if self._by_chance(source, twin, content, now) if twin is not None else not making:
            source.begin(self._followed.codec)
            return self._sure(source)
        self._followed.held[source] = None
        return self._waits(source, now)

    def _looked_at(self, source: TailedFile, now: float) -> Content:
        self._changes.glance(source, now)
        if source.content.broken if isinstance(source.content, Gzip) else self._config.compression == "auto":
            source.close()  # it may have been empty, or half written, when it was opened
        self._followed.open(source)
        assert source.content is not None
        return source.content

    def _in_the_making(self, source: TailedFile, content: Content, now: float) -> bool:
        """Whether it is packed and not to its end yet, and what there is may be the beginning of what was read: until it grows no more."""
        if now - source.grown_at >= GRACE_SECS:
            return False
        if not content.packed:
            return self._config.compression == "auto" and may_become_gzip(content)
        short = len(content.read(0, self._config.fingerprint_size)) < self._config.fingerprint_size
        return (short or self._followed.known.awaits(content)) and not content.whole()

    def _by_chance(self, source: TailedFile, twin: TailedFile, content: Content, now: float) -> bool:
        """Two short files that begin alike, and both stay as they are, whole."""
        source.marked(self._config.fingerprint_size)
        if source.place.mark.length >= min(_SHORT, self._config.fingerprint_size):
            return False
        if now - max(source.grown_at, twin.grown_at) < GRACE_SECS or not content.whole():
            return False
        before = twin.id
        self._changes.glance(twin, now)
        return twin.gone_at is None and twin.id == before

    def _sure(self, source: TailedFile) -> bool:
        source.unsure, source.twin, source.ended = False, None, False
        self._followed.held.pop(source, None)
        source.marked(self._config.fingerprint_size)
        self._followed.known.indexed(source)
        return True

    def _waits(self, source: TailedFile, now: float) -> bool:
        """Nothing is read of it; while it stays as it is it is not looked at."""
        if source.gone_at is not None and now - source.gone_at >= GRACE_SECS:
            self._followed.drop(source)
        elif now - source.grown_at >= ACTIVE_SECS:
            self._followed.active.pop(source, None)
        return False
