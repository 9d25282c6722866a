"""The files of a tailer: which are known, which want something, and which are open."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Mapping

from collector.ingress.cutting_options import codec_of
from collector.ingress.files.content import Content, opened
from collector.ingress.files.known import Known
from collector.ingress.files.options import FilesConfig
from collector.ingress.files.source import TailedFile, key_of

_log = logging.getLogger(__name__)
GRACE_SECS = 5.0
"""How long a file is read on to which no path leads any more."""
ACTIVE_SECS = 60.0
"""How long a file is looked at in each turn that has not grown."""
_SAY_AGAIN_SECS = 60.0


class Followed:
    """What the parts of a tailer share.

    Args:
        positions: source → place, as the journal has them.
        now: monotonic seconds; `now_unix_nano` the time of day.
    """

    def __init__(
        self,
        config: FilesConfig,
        positions: Mapping[bytes, bytes],
        now: Callable[[], float],
        now_unix_nano: Callable[[], int],
    ) -> None:
        self.config = config
        self.codec = codec_of(config.encoding)
        self.now = now
        self.now_unix_nano = now_unix_nano
        self.known = Known(positions, now())
        self.first = not positions
        """Nothing was followed before this start."""
        self.active: dict[TailedFile, None] = {}
        """Looked at in each turn."""
        self.unsaved: dict[TailedFile, None] = {}
        """The journal has no place of them."""
        self.held: dict[TailedFile, None] = {}
        """Copies that wait for what becomes of their originals."""
        self.counts = {"files": 0, "held": 0, "waits": 0, "truncated": 0, "unreadable": 0}
        self._handles: dict[TailedFile, None] = {}
        self._said: dict[str, float] = {}

    def drop(self, source: TailedFile) -> None:
        """Follow it no more."""
        for each in (self.active, self.unsaved, self._handles, self.held):
            each.pop(source, None)
        self.known.drop(source)
        self.wake()

    def wake(self) -> None:
        """What a copy is of has changed: the copy is looked at."""
        for copy in self.held:
            self.active[copy] = None

    # handles

    def content(self, path: str) -> Content:
        """What stands at a path. Raises `OSError`."""
        return opened(path, self.config.compression, lock=self.config.acquire_fs_lock)

    def open(self, source: TailedFile) -> None:
        """Raises `OSError`: it can't be, or another file stands there now."""
        if source.content is not None:
            return
        content = self.content(source.path)
        if key_of(content.stat()) != (source.place.device, source.place.inode):
            content.close()
            source.gone_at = source.gone_at or self.now()
            raise FileNotFoundError(errno.ENOENT, "another file stands there", source.path)
        source.content = content
        self.used(source)

    def used(self, source: TailedFile) -> None:
        """The handles that were not needed for longest are closed, where there are too many; never that of a file without a path."""
        self._handles.pop(source, None)
        self._handles[source] = None
        if len(self._handles) <= self.config.max_concurrent_files:
            return
        oldest = next((each for each in self._handles if each.gone_at is None and each is not source), None)
        if oldest is not None:
            self.close(oldest)

    def close(self, source: TailedFile) -> None:
        """Let go of its handle."""
        self._handles.pop(source, None)
        source.close()

    # what is told

    def unreadable(self, path: str, error: OSError) -> None:
        """It can't be read now."""
        self.counts["unreadable"] += 1
        self.say(f"{path} {error.errno}", f"{path} can't be read: {error.strerror or error}")

    def say(self, what: str, sentence: str) -> None:
        """Once a minute."""
        now = self.now()
        if now - self._said.get(what, -_SAY_AGAIN_SECS) >= _SAY_AGAIN_SECS:
            if len(self._said) > 1000:
                self._said.clear()
            self._said[what] = now
            _log.warning("%s", sentence)
