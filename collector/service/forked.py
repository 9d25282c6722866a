"""A child that is forked from this process, as long as nothing was loaded that does not survive it: polars hangs in a forked child, and a thread is not
there any more, but what it had locked still is. Light to import: a start begins with it.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

log = logging.getLogger("logboom.child")

_NOT_FORKED = ("grpc", "polars", "pyarrow")
_STDERR = 2


def may_fork() -> bool:
    """Whether this process has one thread, and none of the libraries that start others."""
    try:
        alone = len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:  # not Linux
        return False
    return alone and not any(name in sys.modules for name in _NOT_FORKED)


class Forked:
    """A running child, with what `subprocess.Popen` says of one.

    Args:
        begin: what it does; it ends when that returns.
        words: a descriptor that becomes its stderr.
        keep_open: descriptors that it keeps beside; all others are closed in it.

    Raises:
        OSError: the system has no room for another process.
    """

    def __init__(self, begin: Callable[[], None], words: int, keep_open: Sequence[int]) -> None:
        self.returncode: int | None = None
        """Negative: the signal that ended it. None: nobody has waited for its end."""
        sys.stdout.flush()
        gc.freeze()  # the child never looks through what it shares: that would make a copy of each page
        self.pid = os.fork()
        if self.pid == 0:
            _live(begin, words, keep_open)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._ended(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; its exit code. Nobody waits with a timeout."""
        assert timeout is None
        code = self._ended(0)
        assert code is not None
        return code

    def kill(self) -> None:
        """End it now."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _ended(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # SIGCHLD was ignored by who started us: nobody knows its code
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _live(begin: Callable[[], None], words: int, keep_open: Sequence[int]) -> None:
    """In the child. Never returns: what the parent was about to do is none of its business."""
    code = 1
    try:
        os.setsid()
        _keep(words, keep_open)
        begin()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except Exception:
        log.exception("a forked child fails")
    finally:
        os._exit(code)


def _keep(words: int, keep_open: Sequence[int]) -> None:
    """Read from nowhere, write errors to `words`, and hold nothing open that is not ours: an end that somebody waits for would never come."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(words, _STDERR)
    for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        if descriptor > _STDERR and descriptor not in keep_open:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(descriptor)
    for descriptor in keep_open:
        os.set_inheritable(descriptor, False)
