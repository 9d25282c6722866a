"""`memory_limiter`, where it takes effect: at the door of each ingest process."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from collector.admission.admission import Admission
from collector.component import MemoryLimits

log = logging.getLogger("logboom.ingest")


_STARTING_SECS = 15.0
_ROOM_BYTES, _MOST_AT_REST_BYTES = 64 << 20, 512 << 20


class SoftLimit:
    """Above which memory is short. A limit that was written for another program may be less than ours take before any request came; it would
    let none in, ever: so it is 64 MiB above what they take in their first seconds (of which 512 MiB count at most), if that is more.
    """

    def __init__(self, limits: MemoryLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limits.soft_bytes
        self._clock, self._began = clock, clock()
        self._at_rest = 0

    def exceeded(self, used: int) -> bool:
        """Whether `used` bytes are too many."""
        if self._clock() - self._began < _STARTING_SECS:
            self._at_rest = max(self._at_rest, min(used, _MOST_AT_REST_BYTES))
            return used > max(self._limit, _MOST_AT_REST_BYTES + _ROOM_BYTES)
        floor = self._at_rest + _ROOM_BYTES
        if floor > self._limit:
            log.warning(
                "memory_limiter: of a limit of %d MiB logboom takes %d at rest: requests are refused above %d MiB",
                self._limit >> 20, self._at_rest >> 20, floor >> 20,
            )  # fmt: skip
            self._limit = floor
        return used > self._limit


def guard_memory(limits: MemoryLimits | None, admission: Admission, stop: threading.Event) -> None:
    """Until `stop`: pause admission while the processes of this logboom hold more than the soft limit."""
    if limits is None:
        stop.wait()
        return
    short, limit = False, SoftLimit(limits)
    while not stop.wait(limits.check_interval_secs):
        used = anonymous_bytes(family())
        if limit.exceeded(used) != short:
            short = not short
            admission.pause(limits.refusal if short else "")
            log.warning(
                "%d MiB in use: %s", used >> 20, "new requests are refused" if short else "requests are let in again"
            )


def family() -> list[int]:
    """This process, its supervisor and its siblings; alone when it was not started by a supervisor."""
    parent = os.getppid()
    try:
        command = Path(f"/proc/{parent}/cmdline").read_bytes()
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return [os.getpid()]
    ours = b"logboom" in command or b"collector.cli" in command
    return [parent, *map(int, children)] if ours else [os.getpid()]


def anonymous_bytes(pids: list[int]) -> int:
    """Memory that only freeing gives back: pages of the mapped journal are not counted, the kernel takes those itself."""
    total = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")) * 1024
    return total
