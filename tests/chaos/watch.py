"""What was seen during the run: health twice a second, anonymous memory of each process, and when which fault was on."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chaos.place import Place


@dataclass(slots=True)
class Window:
    """A fault while it was on. Monotonic seconds; `recovered` is when logboom was ready and whole again (None: not within
    the time that it has for that)."""

    fault: str
    touches: str
    began: float
    ended: float = 0.0
    recovered: float | None = None
    did: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    @property
    def over(self) -> float:
        """Until when it counts; for ever while it is on."""
        return self.recovered or self.ended or float("inf")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at health: when it was asked and answered, the status (0: no answer), and what it said."""

    asked: float
    answered: float
    status: int
    degraded: tuple[str, ...]


class Watch:
    """Threads that look until `stop`.

    Attributes:
        looks: at health.
        peaks: the most anonymous memory of a process of each role, MiB.
        lag: how much later than planned this process itself woke up, seconds: how busy the machine is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._over = threading.Event()
        self.looks: list[Look] = []
        self.peaks: Counter[str] = Counter()
        self.lag: list[float] = []
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._health, self._memory, self._own_lag, self._keep)
        ]

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No more looks."""
        self._over.set()
        for thread in self._threads:
            if thread.ident is not None:  # whoever was interrupted may not have started all
                thread.join()

    def _health(self) -> None:
        while not self._over.wait(0.5):
            asked = time.monotonic()
            status, text = self._place.service.get("/ready")
            degraded = json.loads(text).get("degraded", ()) if status else ()
            self.looks.append(Look(asked, time.monotonic(), status, tuple(degraded)))

    def _memory(self) -> None:
        while not self._over.wait(0.5):
            for role, process in self._place.processes():
                self.peaks[role] = max(self.peaks[role], round(_anonymous_mib(process)))

    def _own_lag(self) -> None:
        while not self._over.is_set():
            due = time.monotonic() + 0.05
            time.sleep(0.05)
            self.lag.append(time.monotonic() - due)

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            self._place.keep()


def _anonymous_mib(process: psutil.Process) -> float:
    """Memory that only freeing gives back; mapped pages of journals and stores are the kernel's to take."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0
