"""Who searches is not to slow those who send: threads that ask the store have what CPU the others leave."""

from __future__ import annotations

import contextlib
import os
import threading

_NICE = 19


def step_back() -> None:
    """The calling thread, for as long as it lives: the least priority, and on Linux `SCHED_BATCH`, so that it takes the CPU from nobody when it wakes up.
    Nothing where the system has no such thing for threads."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
