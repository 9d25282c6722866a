"""What native code of a child (grpc's core, Rust, the C library) writes to stderr, as lines of our log that nobody can flood.

grpc's core writes a raw line for each call that it dislikes. The supervisor reads the child's stderr from a pipe: a crash's
last words are in it, whatever became of the child. One line a minute for each place that lines come from is told, the rest
is counted; words that are no log line of a library are told, up to a bound, and the last of them when the child has ended.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

log = logging.getLogger("logboom.native")

EACH_SECS = 60.0
MOST_WORDS = 100  # a minute, of lines that no library's log wrote
_MOST_KINDS = 64
_LONGEST = 500
_LAST = 30
_LOGGED = re.compile(
    r"[IWE]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ (?P<kind>[\w./+-]+:\d+)\] (?P<text>.*)"
)  # abseil's, not F: fatal
_PREFACE = "WARNING: All log messages before absl::InitializeLog() is called"
_OTHER = "other"
_ENCODING = (
    "a gRPC sender compresses in a way that is not supported, its requests are refused: "
    "set `compression: gzip` (or none) there"
)
_KNOWN = {"Error parsing 'grpc-encoding' metadata": ("unsupported_encoding", _ENCODING)}
"""How a line begins → its kind, and what it means to an operator."""


class NativeLines:
    """The lines of one child.

    Args:
        name: of the child.
        clock: monotonic seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._rest = b""
        self._counts: Counter[str] = Counter()
        self._held_back: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}
        self._minute, self._words = 0.0, 0
        self._unsaid: deque[str] = deque(maxlen=_LAST)

    @property
    def counts(self) -> Mapping[str, int]:
        """Kind (`unsupported_encoding`, `other`) → log lines of libraries so far."""
        return self._counts

    def feed(self, data: bytes) -> None:
        """Bytes as they came from the pipe."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST * 4:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._take(line.decode(errors="replace").rstrip()[:_LONGEST])

    def end(self) -> None:
        """The child has ended: nothing that it said last may be missing."""
        self._take(self._rest.decode(errors="replace").rstrip()[:_LONGEST])
        self._rest = b""
        for line in self._unsaid:
            log.error("%s: %s", self._name, line)
        self._unsaid.clear()

    def _take(self, line: str) -> None:
        if not line or line.startswith(_PREFACE):
            return
        logged = _LOGGED.match(line)
        if logged:
            self._limit(logged["kind"], logged["text"])
        else:
            self._say(line)

    def _limit(self, place: str, text: str) -> None:
        """A library's log line: the first from that place within a minute is told."""
        kind, meaning = next((known for start, known in _KNOWN.items() if text.startswith(start)), (_OTHER, ""))
        self._counts[kind] += 1
        now = self._clock()
        if place not in self._told_at and len(self._told_at) >= _MOST_KINDS:
            place = "elsewhere"
        if now - self._told_at.get(place, -EACH_SECS) < EACH_SECS:
            self._held_back[place] += 1
            return
        self._told_at[place] = now
        before = self._held_back.pop(place, 0)
        more = f" ({before} more of these since the last line)" if before else ""
        log.warning("%s: %s: %s%s", self._name, place, meaning or text, more)

    def _say(self, line: str) -> None:
        now = self._clock()
        if now - self._minute >= EACH_SECS:
            self._minute, self._words = now, 0
        self._words += 1
        if self._words > MOST_WORDS:
            self._unsaid.append(line)
        else:
            log.error("%s: %s", self._name, line)
