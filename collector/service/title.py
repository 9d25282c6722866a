"""What `ps` and `top` show of a child. A forked one would show its parent's command line, so who sends signals by name (`pkill -HUP -f "logboom run"`)
would reach children, which SIGHUP ends."""

from __future__ import annotations

import contextlib
from pathlib import Path

_NAME_BYTES = 15


def show_as(title: str) -> None:
    """Name this process and its command line. Where the system does not let it, it keeps what it has."""
    name = title.encode()
    with contextlib.suppress(OSError, ValueError):
        Path("/proc/self/comm").write_bytes(name[:_NAME_BYTES])
        begin, end = _command_line()
        with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
            memory.seek(begin)
            memory.write(name[: end - begin - 1].ljust(end - begin, b"\0"))


def _command_line() -> tuple[int, int]:
    """Where it begins and ends in memory: fields 48 and 49 of proc_pid_stat(5), of which two stand in front of the last parenthesis."""
    fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
    return int(fields[48 - 3]), int(fields[49 - 3])
