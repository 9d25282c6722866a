"""What happens when: drawn from a seed, so that the same seed has the same faults at the same seconds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.faults import Fault

ROUND_SECS = 20.0


@dataclass(frozen=True, slots=True)
class Event:
    """A fault that begins `at` seconds after the start and is on for `seconds`; `seed` decides what it chooses itself."""

    at: float
    seconds: float
    fault: str
    seed: int


def schedule(seed: int, seconds: float, faults: Mapping[str, Fault], round_secs: float = ROUND_SECS) -> Sequence[Event]:
    """Rounds of `round_secs`: in each one fault of the processes or the disk (in some none, in some two at once), and one to three
    of others beside it. The last round is half as long, so that what comes late has its time."""
    draw = random.Random(f"chaos {seed}")
    own = [name for name, fault in faults.items() if fault.touches]
    foreign = [name for name, fault in faults.items() if not fault.touches]
    decks = {kind: list[str]() for kind in ("own", "foreign")}

    def deal(kind: str, names: list[str]) -> str:
        """Every fault once before any comes twice."""
        if not decks[kind]:
            decks[kind] = draw.sample(names, len(names))
        return decks[kind].pop()

    events: list[Event] = []
    start = 2.0
    while start < seconds - round_secs / 3:
        span = min(round_secs, seconds - start)
        chosen = [deal("own", own) for _ in range(draw.choice([0, 1, 1, 1, 1, 2]) if own else 0)]
        for name in [*chosen, *(deal("foreign", foreign) for _ in range(draw.choice([1, 2, 2, 3])) if foreign)]:
            low, high = faults[name].seconds
            length = draw.uniform(low, min(high, max(low, span * 0.6)))
            at = start + draw.uniform(0, 3 if faults[name].touches else max(0.0, span - length))
            events.append(Event(round(at, 2), round(length, 2), name, draw.getrandbits(32)))
        start += round_secs
    return sorted(events, key=lambda event: event.at)
