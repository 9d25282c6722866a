"""What systemd is told of this process (sd_notify): ready, reloading, stopping, alive. Elsewhere nobody listens, and nothing is sent.

The protocol is a datagram of `NAME=value` lines to the socket that NOTIFY_SOCKET names; a library for it would be longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator

_PATIENCE_SECS = 0.2  # a manager that is busy must not hold up the supervisor


def tell(*lines: str) -> None:
    """Send one message; a manager that is gone is nobody's trouble here."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as outlet:
        outlet.settimeout(_PATIENCE_SECS)
        outlet.sendto("\n".join(lines).encode(), "\0" + address[1:] if address.startswith("@") else address)


@contextlib.contextmanager
def reloading() -> Iterator[None]:
    """Within it the configuration changes, or is refused; then this process is as ready as before."""
    tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        yield
    finally:
        tell("READY=1")


async def show_life() -> None:
    """Until cancelled: twice in each period of the manager's watchdog, where it has one for this process."""
    period_secs = int(os.environ.get("WATCHDOG_USEC") or 0) / 1e6
    if not period_secs or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    while True:
        tell("WATCHDOG=1")
        await asyncio.sleep(period_secs / 2)
