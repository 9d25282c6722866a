"""Plays a schedule against a place, with honest senders beside it, until everything is delivered and logboom has ended."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.faults import CATALOGUE, SET_ASIDE
from chaos.honest import SERVICE, HonestSenders, Sent
from chaos.place import Place
from chaos.schedule import Event
from chaos.watch import Watch, Window

RECOVERY_SECS = 120.0
"""What logboom has, after the last fault of processes and disk, to be ready and whole; senders' latency counts again then,
whether it is or not."""
DRAIN_SECS = 240.0
PATIENCE_SECS = 90.0
"""What senders have at the end to get an answer to what is under way."""

NUMBERS = f"SELECT record_id, attributes ->> '$.n', domain FROM logs WHERE service_name LIKE '{SERVICE}-%'"
"""Rows (record id, number, domain) of honest senders."""


@dataclass
class Run:
    """What is left of a run: everything the account needs."""

    began: float
    sent: Sent
    watch: Watch
    windows: list[Window]
    exit_code: int = -1
    ended_well: bool = False
    degraded_at_end: tuple[str, ...] = ()


def play(place: Place, events: Sequence[Event], seconds: float, rate: float) -> Run:
    """All of it. A logboom that does not come back in the end is for the account to tell."""
    senders, watch = HonestSenders(place.service.grpc, place.service.http, rate), Watch(place)
    run = Run(time.monotonic(), senders.sent, watch, [])
    patience_secs = 0.0  # whoever interrupts it does not wait
    try:
        senders.start()
        watch.start()
        _all(place, run, events, seconds)
        end = time.monotonic()
        came_back = place.await_recovery(lambda: end + 2 * RECOVERY_SECS)
        patience_secs = PATIENCE_SECS
    finally:
        senders.stop(patience_secs)
        watch.stop()
    _drain(place, run)
    run.ended_well = came_back and run.ended_well
    return run


def _all(place: Place, run: Run, events: Sequence[Event], seconds: float) -> None:
    threads = []
    for event in events:
        time.sleep(max(0.0, run.began + event.at - time.monotonic()))
        threads.append(threading.Thread(target=_one, args=(place, run, event), daemon=True))
        threads[-1].start()
    time.sleep(max(0.0, run.began + seconds - time.monotonic()))
    for thread in threads:
        thread.join()
    place.configure()


def _one(place: Place, run: Run, event: Event) -> None:
    fault = CATALOGUE[event.fault]
    window = Window(event.fault, fault.touches, time.monotonic())
    run.windows.append(window)
    at = window.began - run.began
    print(f"{at:7.1f} s  {event.fault}", flush=True)
    window.did.update(fault.act(place, random.Random(event.seed), event.seconds))
    window.ended = time.monotonic()
    if fault.touches:
        time.sleep(1)  # the supervisor has to notice first
        whole = place.await_recovery(lambda: _last_end(run) + RECOVERY_SECS)
        window.recovered = time.monotonic()
        window.did.update([] if whole else ["not recovered in time"])
        print(f"{window.recovered - run.began:7.1f} s  {event.fault}: over {dict(window.did)}", flush=True)


def _last_end(run: Run) -> float:
    """When the last fault of processes or disk ended; now, while one is on."""
    return max((window.ended or time.monotonic() for window in run.windows if window.touches), default=0.0)


def _drain(place: Place, run: Run) -> None:
    """Until what was acknowledged is stored. An entry that was alone in hand at three kills was set aside: from outside, nothing
    tells those kills from its own doing; it is replayed, as an operator would."""
    deadline = time.monotonic() + DRAIN_SECS
    while time.monotonic() < deadline and not run.sent.acknowledged <= {int(row[1]) for _, row in place.rows(NUMBERS)}:
        place.service.replay_poison()
        time.sleep(2)
    while time.monotonic() < deadline and any(SET_ASIDE not in text for text in _degraded(place)):  # told for a minute
        time.sleep(1)
    run.degraded_at_end = _degraded(place)
    run.ended_well = place.whole()
    try:
        run.exit_code = place.service.terminate(90)
    except subprocess.TimeoutExpired:
        place.service.kill()


def _degraded(place: Place) -> tuple[str, ...]:
    return tuple(place.service.health_body().get("degraded", ()))
