"""Where a child process begins: `python -P -m collector.service.child CHANNEL LOG [SHOWN]`, descriptors.

Children are started by exec, or forked by a process that has not loaded polars yet (`collector.service.forerunners`): it hangs in a forked child.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

from collector.errors import LogboomError
from collector.service import collecting
from collector.service.channel import Report, Start, Stop
from collector.service.roles import ROLES, Role, Shows, make_role
from collector.service.showing import heard
from collector.service.title import show_as
from collector.telemetry.own_logs import configure

log = logging.getLogger("logboom.child")

BEAT_SECS = 1.0
START_BEAT_SECS = 0.02
REST_BEAT_SECS = 2.0
"""Of a child whose last report said the same as the one before: it has nothing to do, and a wake-up costs more than what is said."""
ORPHAN_SECS = 10.0
_SHOWN = 3


class _Speaker:
    """The child's end of the channel, for more than one thread to speak."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def say(self, report: Report) -> bool:
        """False when nobody listens any more."""
        try:
            with self._lock:
                self._channel.send(report)
        except OSError:
            return False
        return True


def main() -> None:
    """Take the orders from the socket named on the command line, and follow them."""
    collecting.put_off()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr = open(int(sys.argv[2]), "w", buffering=1, errors="backslashreplace")  # noqa: SIM115, PTH123 - a descriptor
    faulthandler.enable(sys.stderr)
    channel = Connection(int(sys.argv[1]))
    try:
        start: Start = channel.recv()
    except (EOFError, OSError):
        os._exit(0)  # the supervisor is gone
    logs = start.settings.service.telemetry.logs
    configure(logs.level, logs.encoding)
    show_as(f"logboom {start.role} {start.index}")
    code = _follow(start, channel)
    # Threads of libraries (gRPC, polars) may still wait, and must not keep a child that has failed looking alive;
    # everything that must be on disk is.
    sys.stderr.flush()
    os._exit(code)


def _follow(start: Start, channel: Connection) -> int:
    """Do the work until told to stop; the exit code."""
    speaker = _Speaker(channel)
    name = f"{start.role} {start.index}"
    try:
        role = make_role(start)
        if isinstance(role, Shows) and len(sys.argv) > _SHOWN:
            heard(int(sys.argv[_SHOWN]), role.show)
        deadline = start.settings.service.processes.shutdown_timeout
        threading.Thread(target=_listen, args=(channel, role), name="orders", daemon=True).start()
        # Keys that are no more are looked for with each beat.
        rests = ROLES[start.role].rests and start.settings.service.encryption is None
        threading.Thread(target=_beat, args=(speaker, role, rests), name="heartbeat", daemon=True).start()
        signal.signal(signal.SIGTERM, lambda *_: _stop_aside(role, deadline))
        role.run()
    except LogboomError as error:  # a sentence; the supervisor passes it on
        speaker.say(Report("failed", error=f"{name}: {error}"))
        return 1
    except Exception as error:
        log.exception("%s fails", name)
        speaker.say(Report("failed", error=f"{name}: {type(error).__name__}: {error}"))
        return 1
    return 0


def _stop_aside(role: Role, deadline_secs: float) -> None:
    """From a signal handler, which may have interrupted the holder of the very lock that `stop` needs."""
    threading.Thread(target=role.stop, args=(deadline_secs,), daemon=True).start()


def _listen(channel: Connection, role: Role) -> None:
    """Wait for the order to stop; a supervisor that is gone gives it too: the next one waits for the locks."""
    order = Stop(ORPHAN_SECS, drain=False)
    with contextlib.suppress(EOFError, OSError):
        order = channel.recv()
    role.stop(order.deadline_secs, order.drain)


def _beat(speaker: _Speaker, role: Role, rests: bool) -> None:
    heard, before = True, None
    while heard:
        try:
            report = role.report()
        except Exception:
            log.exception("the heartbeat fails")
            report = None
        if report is not None:
            heard = speaker.say(report)
            if report.phase != "starting":
                collecting.begin()
        time.sleep(_pause_secs(report, before, rests))
        before = report


def _pause_secs(report: Report | None, before: Report | None, rests: bool) -> float:
    """How long until the next report."""
    if report is not None and report.phase != "ready":
        return START_BEAT_SECS
    return REST_BEAT_SECS if rests and report is not None and report == before else BEAT_SECS


if __name__ == "__main__":
    main()
