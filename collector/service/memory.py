"""`memory_limiter`, where it takes effect: at the door of each ingest process."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from collector.admission.admission import Admission
from collector.component import MemoryLimits

log = logging.getLogger("logboom.ingest")


def guard_memory(limits: MemoryLimits | None, admission: Admission, stop: threading.Event) -> None:
    """Until `stop`: pause admission while the processes of this logboom hold more than the soft limit."""
    if limits is None:
        stop.wait()
        return
    short = False
    while not stop.wait(limits.check_interval_secs):
        used = anonymous_bytes(family())
        if (used > limits.soft_bytes) != short:
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
