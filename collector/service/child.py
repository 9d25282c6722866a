"""Where a child process begins: `python -P -m collector.service.child FD`.

Children are started by exec, never by fork: polars hangs in a forked child.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Protocol

from collector.service.channel import Report, Start, Stop

BEAT_SECS = 1.0
START_BEAT_SECS = 0.02


class Role(Protocol):
    """What a child does: `run` until `stop` was called, then finish and return."""

    def run(self) -> None: ...
    def stop(self, deadline_secs: float) -> None: ...
    def report(self) -> Report | None:
        """The heartbeat, or None when a serving loop hangs: silence makes the supervisor act."""
        ...


def main() -> None:
    """Take the orders from the socket named on the command line, and follow them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Connection(int(sys.argv[1]))
    start: Start = channel.recv()
    try:
        role = make_role(start)
        threading.Thread(target=_listen, args=(channel, role), name="orders", daemon=True).start()
        threading.Thread(target=_beat, args=(channel, role), name="heartbeat", daemon=True).start()
        signal.signal(signal.SIGTERM, lambda *_: role.stop(start.settings.service.processes.shutdown_timeout))
        role.run()
    except Exception as error:
        channel.send(Report("failed", error=f"{start.role} {start.index}: {error}"))
        raise
    # Threads of libraries (gRPC, polars) may still wait; everything that must be on disk is.
    sys.stderr.flush()
    os._exit(0)


def make_role(start: Start) -> Role:
    """The behaviour behind a role; imports only what that role needs."""
    if start.role == "ingest":
        from collector.service.ingest import Ingest

        return Ingest(start.settings, start.data_dir, start.index)
    from collector.service.worker import Worker

    return Worker(start.settings, start.data_dir, start.index)


def _listen(channel: Connection, role: Role) -> None:
    """Wait for the order to stop; a supervisor that is gone gives it too."""
    deadline = 10.0
    try:
        order = channel.recv()
        if isinstance(order, Stop):
            deadline = order.deadline_secs
    except (EOFError, OSError):
        pass
    role.stop(deadline)


def _beat(channel: Connection, role: Role) -> None:
    while True:
        report = role.report()
        try:
            if report is not None:
                channel.send(report)
        except OSError:
            return
        time.sleep(START_BEAT_SECS if report is None or report.phase != "ready" else BEAT_SECS)


if __name__ == "__main__":
    main()
