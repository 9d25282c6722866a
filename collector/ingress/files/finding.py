"""Which files there are: those that are followed, those that are new, and those to which no path leads any more."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

from collector.ingress.files.changes import Changes
from collector.ingress.files.content import Content
from collector.ingress.files.followed import Followed
from collector.ingress.files.globs import Globs
from collector.ingress.files.identity import Place
from collector.ingress.files.ordering import Order
from collector.ingress.files.source import TailedFile, key_of

_SHARE = 100
"""Looking takes a hundredth of the time at most."""


class Finding:
    """Expands the patterns."""

    def __init__(self, followed: Followed, changes: Changes) -> None:
        self._followed = followed
        self._config = followed.config
        self._changes = changes
        self._globs = Globs(self._config.include, self._config.exclude)
        self._order = Order(self._config.ordering_criteria)
        self._look_at = 0.0
        self.looks = 0
        """How many there were."""

    def look(self, now: float) -> None:
        """As often as it may cost."""
        if now < self._look_at:
            return
        began = self._followed.now()
        self.looks += 1
        paths = self._order.chosen(self._globs.paths(self._followed.unreadable))
        fresh = [(path, status) for path in paths if (status := self._met(path, now)) is not None]
        for path, status in fresh:
            self._meet(path, status, now)
        self._miss(now)
        self._followed.known.expire(now)
        self._followed.counts["files"] = len(self._followed.known)
        cost = self._followed.now() - began
        self._look_at = now + max(self._config.poll_interval, _SHARE * cost)

    def _miss(self, now: float) -> None:
        for source in self._followed.known:
            if source.seen != self.looks and source.gone_at is None:
                source.gone_at = now
                self._followed.active[source] = None

    def _met(self, path: str, now: float) -> os.stat_result | None:
        """Of a file that is not followed yet, what it is; of one that is, whether it has changed."""
        try:
            status = os.stat(path)  # noqa: PTH116 - of ten thousand files a Path each costs as much as the call
        except FileNotFoundError:
            return None
        except OSError as error:
            self._followed.unreadable(path, error)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        source = self._followed.known.at(key_of(status))
        if source is None:
            return status
        if source.seen != self.looks:  # else another path led to it
            source.seen, source.gone_at = self.looks, None
            if path != source.path:
                source.path, source.told = path, {}
            self._changes.seen(source, status, now)
        return None

    def _meet(self, path: str, status: os.stat_result, now: float) -> None:
        if self._followed.known.at(key_of(status)) is not None:  # by another path, in this round
            return
        older = self._config.exclude_older_than
        if older and self._followed.now_unix_nano() / 1e9 - status.st_mtime > older:
            return
        try:
            content = self._followed.content(path)
        except OSError as error:
            self._followed.unreadable(path, error)
            return
        try:
            self._follow(path, content, now)
        except OSError as error:
            content.close()
            self._followed.unreadable(path, error)

    def _follow(self, path: str, content: Content, now: float) -> None:
        status = content.stat()
        recalled = self._followed.known.recalled(content)
        if recalled is not None:
            source = TailedFile(recalled[0], path, replace(recalled[1], path=path), saved=False)
        else:
            source = TailedFile(os.urandom(16), path, Place(*key_of(status), path=path), saved=False)
        source.content, source.seen, source.grown_at = content, self.looks, now
        source.size, source.changed_ns = status.st_size, status.st_mtime_ns
        if recalled is None:
            self._begin(source, content)
        source.marked(self._config.fingerprint_size)
        self._followed.known.add(source)
        self._followed.active[source] = None
        if not source.unsure:
            self._followed.unsaved[source] = None
        self._followed.used(source)

    def _begin(self, source: TailedFile, content: Content) -> None:
        """Nobody knew it."""
        if self._followed.first and self.looks == 1 and self._config.start_at == "end":
            source.place = source.place.at(content.length(), source.read)
        else:
            source.unsure = True
