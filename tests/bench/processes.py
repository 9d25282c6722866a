"""Processes under measurement: CPU seconds and anonymous memory of a whole tree, pinned to one core."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from collector.testing.service import free_ports

SERVER_CORE, CLIENT_CORE = 0, 1


@dataclass(frozen=True)
class Usage:
    """CPU seconds by process name, and anonymous bytes in all; a page that several share counts once."""

    cpu: dict[str, float]
    anonymous: int

    @property
    def total(self) -> float:
        """CPU seconds of the tree."""
        return sum(self.cpu.values())

    def since(self, before: Usage) -> Usage:
        """What was used between two looks."""
        return Usage({name: secs - before.cpu.get(name, 0.0) for name, secs in self.cpu.items()}, self.anonymous)


class Tree:
    """A started program and its children."""

    def __init__(
        self, command: list[str], cores: str, env: dict[str, str] | None = None, log: Path | None = None
    ) -> None:
        out = log.open("wb") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            ["taskset", "-c", cores, *command], stdout=out, stderr=out, env={**os.environ, **(env or {})}
        )

    def usage(self) -> Usage:
        """CPU and memory now."""
        cpu: dict[str, float] = {}
        anonymous = 0
        root = psutil.Process(self.process.pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                cpu[f"{_role(process)}:{process.pid}"] = _cpu_secs(process)
                anonymous += _anonymous(process.pid)
        return Usage(cpu, anonymous)

    def stop(self) -> None:
        """SIGTERM, then wait."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _cpu_secs(process: psutil.Process) -> float:
    """User's and kernel's. The process's own account goes by hundredths of a second, which is half of a short turn; that of its threads is exact, but
    forgets those that have ended."""
    times = process.cpu_times()
    exact = 0
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it ended
            exact += int((thread / "schedstat").read_text().split()[0])
    return max(times.user + times.system, exact / 1e9)


def _role(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return "child" if command.startswith("logboom ") or "collector.service." in command else "main"


def _anonymous(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) * 1024
    return 0


def free_port() -> int:
    """A port that nobody listens on now."""
    return free_ports(1)[0]


def await_port(port: int, seconds: float = 30.0) -> None:
    """Until something listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")
