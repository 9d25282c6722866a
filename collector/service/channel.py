"""What the supervisor and a child say to each other, over a socket pair.

supervisor ──Start──► child        once: the settings and the child's place
supervisor ──Stop───► child        finish within the deadline; end of file means the same
child ──Report──► supervisor       each second, or two while it says the same again; from a thread that sees the serving loops alive
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from collector.console.service_state import ServiceState
from collector.service.native_lines import NativeLines
from collector.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Start:
    """A child's orders. `index` is the ingest slot or the number of the worker."""

    role: str
    index: int
    settings: Settings
    data_dir: Path


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop intake, finish what is under way, exit 0.

    `drain`: process and deliver what waits, as far as the deadline allows. A successor that waits for the locks gets
    what is left instead, at once: with senders that go on, there would be no end to it.
    """

    deadline_secs: float
    drain: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A heartbeat. `phase`: `starting`, `standby` (waiting for the predecessor's locks), `ready`, `failed`.

    `busy_secs`: how long the current step has taken. `stats`: plain numbers and strings for metrics and health.
    """

    phase: str
    busy_secs: float = 0.0
    stats: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class Child(Protocol):
    """A child as health and metrics see it, be it a process or a thread."""

    @property
    def start(self) -> Start: ...
    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def ready(self) -> bool: ...
    @property
    def native_lines(self) -> NativeLines: ...
    @property
    def last_report(self) -> Report: ...
    def show(self, state: ServiceState) -> None:
        """Tell it what is seen of the service, if it shows that to people."""
        ...


def pair() -> tuple[Connection, socket.socket]:
    """The supervisor's end, and the child's end as an inheritable socket."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    return Connection(ours.detach()), theirs
