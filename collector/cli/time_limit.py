"""An end to work that nothing else can stop: pure Python that takes too long."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLong(Exception):
    """The time is up."""


@contextmanager
def time_limit(seconds: float, since: float) -> Iterator[None]:
    """Raise `TooLong` inside the block when `seconds` have passed since `since` (monotonic); 0 = never.

    Only in the main thread, where signals are delivered; elsewhere the block runs to its end.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(since + seconds - time.monotonic(), 1e-3))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise(_: int, __: FrameType | None) -> None:
    raise TooLong
