"""Children that are started before anybody knows what they will be told: they load while the supervisor reads its configuration.

Half of a start is loading libraries, and half of that the same in every process. So what all children need is loaded once, the first ingest process
and the first worker are forked with it, and load the rest at the same time as the supervisor. A forerunner does nothing with what it
loaded until it gets the data directory's locks and its orders, over the socket on which any child is told (`collector.service.channel`); that
socket's end is its end. Whoever is not needed is ended.

Light to import: this is what a start begins with.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from collector.service.arenas import ARENAS, bound
from collector.service.forked import Forked, may_fork

_SETTINGS = {
    "POLARS_MAX_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": str(ARENAS),
    "_RJEM_MALLOC_CONF": "narenas:1,dirty_decay_ms:200,muzzy_decay_ms:0",
}
ENVIRONMENT = {name: os.environ.get(name, value) for name, value in _SETTINGS.items()}
"""Of every child. A second thread of polars makes a batch of some thousand rows no faster and costs a third more CPU; workers scale out instead.
Arrow's own allocator keeps 35 MiB of a worker that writes 20,000 records a second, and is no faster; nor are eight arenas of polars' (jemalloc) and
of the system's, which keep 25."""
ROLES = ("ingest", "worker")
"""Those that every configuration has."""
_PIPE_BYTES = 1 << 20  # room for last words behind a flood


class Outlets(NamedTuple):
    """Where a child writes: `own`, a copy of our stderr for its log, and `words`, a pipe for what native code writes, which never makes it
    wait; `heard` is our end of it."""

    own: int
    words: int
    heard: int


def outlets() -> Outlets:
    """New descriptors, which the caller closes; `own` and `words` once the child has them."""
    own = os.dup(2)
    heard, words = os.pipe()
    for end in (heard, words):
        os.set_blocking(end, False)
    with contextlib.suppress(OSError):
        fcntl.fcntl(words, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return Outlets(own, words, heard)


class Forerunner:
    """A process that loads what a role needs. It belongs to who takes it.

    Args:
        fork: by forking, where this process may; else it is started by exec, and loads all for itself.
    """

    def __init__(self, role: str, *, fork: bool = False) -> None:
        self.role = role
        self.channel, theirs = socket.socketpair()
        own, words, self.heard = outlets()
        try:
            arguments = [str(theirs.fileno()), str(own), role]
            start = _forked if fork and may_fork() else _executed
            self.process = start(arguments, words, (theirs.fileno(), own))
        except OSError:
            self._close()
            raise
        finally:
            theirs.close()
            os.close(own)
            os.close(words)

    def begin(self, keep_open: Sequence[int]) -> socket.socket | None:
        """Give it what it shall keep open, and the channel to the caller; None: it has ended, and nothing of it is left."""
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                socket.send_fds(self.channel, [b"\0"], keep_open)
                return self.channel
        self.end()
        return None

    def end(self) -> None:
        """It is not needed."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self.channel.close()
        os.close(self.heard)


def _executed(arguments: Sequence[str], words: int, keep_open: Sequence[int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-m", "collector.service.forerunning", *arguments],
        stdin=subprocess.DEVNULL,
        stderr=words,
        pass_fds=keep_open,
        start_new_session=True,
        env={**os.environ, **ENVIRONMENT},
    )


def _forked(arguments: Sequence[str], words: int, keep_open: Sequence[int]) -> Forked:
    def begin() -> None:
        if "MALLOC_ARENA_MAX" not in os.environ:
            bound()
        os.environ.update(ENVIRONMENT)
        sys.argv[1:] = arguments
        from collector.service import forerunning

        forerunning.main()

    return Forked(begin, words, keep_open)


class Forerunners:
    """One for each of `ROLES`, as long as nobody took it.

    Args:
        fork: as for `Forerunner`. What the children have in common is loaded into this process first.
    """

    def __init__(self, roles: Sequence[str] = ROLES, *, fork: bool = False) -> None:
        self._waiting: dict[str, Forerunner] = {}
        if fork and roles and may_fork():
            import collector.service.child  # noqa: F401
        for role in roles:
            with contextlib.suppress(OSError):  # it is told where the child itself can't be started
                self._waiting[role] = Forerunner(role, fork=fork)

    def __enter__(self) -> Forerunners:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._waiting:
            self._waiting.popitem()[1].end()

    def take(self, role: str) -> Forerunner | None:
        """The one of a role, once."""
        return self._waiting.pop(role, None)
