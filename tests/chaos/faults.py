"""The faults: what each does, how long, what it touches, and what health may say because of it."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from chaos import hostile
from chaos.place import Place

Act = Callable[[Place, random.Random, float], Counter[str]]
"""(place, its random numbers, seconds) → what it did; returns when the fault is over."""

# Sentences of collector/service/conditions.py.
SET_ASIDE = "aside within"
PROCESSES = (
    rf"is being replaced|died \d+ times|does not serve|told to come again|requests have waited|is behind|{SET_ASIDE}"
)
DISK = rf"{PROCESSES}|is blocked|rests|is late|quota|full|MiB left"
MOVED = r"exporter sqlite: .* was (moved or deleted|replaced) while it was open"
CONNECTIONS = "all connections are in use"
CALLS = "too many calls without their message"
CROWDED = f"{CONNECTIONS}|{CALLS}|too much of unfinished bodies|were told to come again"
DEAR = f"is behind|is late|quota|{SET_ASIDE}"
_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault.

    Args:
        act: what it does.
        seconds: shortest and longest time.
        touches: `processes` or `disk`, where logboom itself can't answer as always: such windows are apart in the account
            of latency. "" for what comes from outside: senders must not feel it.
        tells: a regular expression of what health may say (`degraded`) while it is on, and for a while after.
        shows: a regular expression of what health must say, where no other fault of processes or disk takes the memory of it.
    """

    act: Act
    seconds: tuple[float, float]
    touches: str = ""
    tells: str = "$^"
    shows: str = ""


def _signal(role: str, number: signal.Signals) -> Act:
    def act(place: Place, rng: random.Random, _: float) -> Counter[str]:
        victims = [process for name, process in place.processes() if role in ("any", name)]
        if victims:
            with contextlib.suppress(psutil.Error):
                rng.choice(victims).send_signal(number)
        return Counter({f"{role}s": min(1, len(victims))})

    return act


def _kill_all(place: Place, _: random.Random, __: float) -> Counter[str]:
    with place.lock:
        place.service.kill()
    return Counter(trees=1)


def _stop(role: str) -> Act:
    def act(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
        victims = [process for name, process in place.processes() if role == name]
        with contextlib.suppress(psutil.Error, IndexError):
            victim = rng.choice(victims)
            victim.suspend()
            time.sleep(seconds)
            victim.resume()
        return Counter({f"{role}s": min(1, len(victims))})

    return act


def _fsync(low_ms: int, high_ms: int) -> Act:
    def act(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
        wait_ms = rng.randint(low_ms, high_ms)
        place.knobs.fsync(wait_ms)
        time.sleep(seconds)
        place.knobs.fsync(0)
        return Counter({f"{wait_ms} ms" if wait_ms >= 0 else "EIO": 1})

    return act


def _full_disk(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
    leave = rng.choice([64 << 10, 512 << 10, 2 << 20])
    place.disk.fill(leave)
    time.sleep(seconds)
    place.disk.make_room()
    return Counter({f"{leave >> 10} KiB left": 1})


def _clock(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
    now = time.time()
    jumps = {
        "+1 h": _HOUR,
        "-1 h": -_HOUR,
        "+1 d": _DAY,
        "-1 d": -_DAY,
        "to 2038": int(2**31 - now),
        "to 1999": int(0.92e9 - now),
    }
    name = rng.choice(list(jumps))
    place.knobs.clock(jumps[name])
    time.sleep(seconds)
    place.knobs.clock(0)
    return Counter({name: 1})


def _store(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
    how = rng.choice(["moved", "removed", "replaced"])
    place.take_store_away(how)
    time.sleep(seconds)
    return Counter({how: 1})


VARIANTS = (
    {"processes": {"ingest": 2, "workers": 2}},
    {"processes": {"ingest": 1, "workers": 2}},
    {"ledger": {"max_bytes": "128MiB", "partitions": 2, "dedup_window": "20m"}},
    {"processes": {"ingest": 2, "workers": 1}},
    {},
)
BROKEN = {"pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["nowhere"]}}}


def _reload(place: Place, rng: random.Random, seconds: float) -> Counter[str]:
    """One to a dozen signals, each after another change; one that is broken is among them, now and then."""
    did: Counter[str] = Counter()
    end = time.monotonic() + seconds
    for left in reversed(range(rng.choice([1, 2, 12]))):
        broken = left and rng.random() < 0.25
        place.configure(BROKEN if broken else rng.choice(VARIANTS))
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            assert place.service.process is not None
            place.service.process.send_signal(signal.SIGHUP)
        did["broken" if broken else "changed"] += 1
        time.sleep(rng.uniform(0.05, 0.5))
    time.sleep(max(0.0, end - time.monotonic()))
    return did


def _hostile(attack: hostile.Attack) -> Act:
    return lambda place, rng, seconds: attack(place.service, rng, time.monotonic() + seconds)


CATALOGUE: Mapping[str, Fault] = {
    "kill ingest": Fault(_signal("ingest", signal.SIGKILL), (0, 0), "processes", PROCESSES),
    "kill worker": Fault(_signal("worker", signal.SIGKILL), (0, 0), "processes", PROCESSES),
    "kill supervisor": Fault(_signal("supervisor", signal.SIGKILL), (0, 0), "processes", PROCESSES),
    "kill all": Fault(_kill_all, (0, 0), "processes", PROCESSES),
    "stop ingest": Fault(_stop("ingest"), (1, 13), "processes", PROCESSES),
    "stop worker": Fault(_stop("worker"), (1, 13), "processes", PROCESSES),
    "stop supervisor": Fault(_stop("supervisor"), (1, 13), "processes", PROCESSES),
    "change configuration": Fault(_reload, (3, 8), "processes", PROCESSES),
    "slow fsync": Fault(_fsync(200, 3000), (4, 10), "disk", DISK),
    "very slow fsync": Fault(_fsync(6000, 12000), (6, 12), "disk", DISK, "requests have waited|is being replaced"),
    "failing fsync": Fault(_fsync(-1, -1), (1, 4), "disk", DISK),
    "full disk": Fault(_full_disk, (4, 10), "disk", DISK),
    "clock jumps": Fault(_clock, (2, 8)),
    "store taken away": Fault(_store, (1, 3), "", MOVED, MOVED),
    "flood of connections": Fault(_hostile(hostile.flood), (4, 10), "", CROWDED, CONNECTIONS),
    "stalled streams": Fault(_hostile(hostile.stalled_streams), (4, 12), "", CROWDED, CALLS),
    "declared bytes": Fault(_hostile(hostile.declared_bytes), (4, 12), "", CROWDED),
    "endless trailers": Fault(_hostile(hostile.trailers), (3, 8), "", CROWDED),
    "damaged requests": Fault(_hostile(hostile.damaged), (4, 12), "", CROWDED),
    "dear payloads": Fault(_hostile(hostile.dear), (1, 4), "", DEAR),
}


def possible(place: Place) -> tuple[dict[str, Fault], list[str]]:
    """The faults that this machine allows, and a word on each that it doesn't."""
    left: dict[str, str] = {}
    if not place.knobs.works:
        left |= dict.fromkeys(("slow fsync", "very slow fsync", "failing fsync", "clock jumps"), "no C compiler")
    if not place.disk.small:
        left["full disk"] = "no right to mount a small disk"
    return {n: f for n, f in CATALOGUE.items() if n not in left}, [f"left out: {n}: {why}" for n, why in left.items()]
