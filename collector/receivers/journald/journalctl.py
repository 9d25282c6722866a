"""One run of journalctl: no shell, an empty environment, its output read as it comes. Who does not read holds it up, and it ends
when nobody is there to read any more, so that none is left over from a process that was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import subprocess
from collections.abc import Sequence

_PIPE_BYTES = 1 << 20
_MOST_SAID = 4096
_ENDS_SECS = 5.0


class Journalctl:
    """Started at once. Raises `OSError`: it can't be."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a list of arguments of ours, and no shell
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._out, self._said_at = self._process.stdout.fileno(), self._process.stderr.fileno()
        self._said = b""
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._out, self._said_at):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        with contextlib.suppress(OSError):  # a user may have had its share of pipes
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def read(self, wait_secs: float) -> bytes | None:
        """What there is, empty after so long without anything; None: it has ended."""
        ready = {key.fd for key, _ in self._selector.select(wait_secs)}
        if self._said_at in ready:
            self._hear()
        if self._out not in ready:
            return b""
        return os.read(self._out, _PIPE_BYTES) or None

    def heard(self) -> str:
        """What it said beside, and was not asked for yet; the end of it."""
        said, self._said = self._said, b""
        return said.decode(errors="replace").strip()

    def kill(self) -> None:
        """From any thread: who reads sees that it has ended."""
        self._process.kill()

    def end(self) -> int:
        """Its status, once it ended, or was killed."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that hangs in the kernel is not waited for
            self._process.wait(_ENDS_SECS)
        self._hear()
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return self._process.returncode or 0

    def status(self) -> int:
        """Of one that has closed its output: it ends by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDS_SECS)
        return self.end()

    def _hear(self) -> None:
        try:
            said = os.read(self._said_at, _PIPE_BYTES)
        except BlockingIOError:
            return
        self._said = (self._said + said)[-_MOST_SAID:]
        if not said and self._said_at in self._selector.get_map():  # it has closed it
            self._selector.unregister(self._said_at)
