"""When a store is new, empty or an older copy, the owners of what it shows are asked to tell all again.

What a store said of itself (`KeepsTables.marks`) when it was told last stands in the ledger, for each owner; the comparison costs nothing as long as they agree.
Asking is a commit: each domain of an owner is due once (as in `ticks`, one after the other, so that nothing else waits behind them), and what
was compared is remembered with that. So a kill asks again or has asked, and no store is asked for twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from collector.component import StoreMark
from collector.ledger.interface import Ledger, Read, TimerKey
from collector.pipeline.processed import Processed
from collector.pipeline.timed import AGAIN

Marks = Mapping[str, Mapping[str, StoreMark]]
"""Exporter → what it says of its stores."""
KEEPER = "logboom.stores"
"""Whose state the comparison is: no component's."""
_BETWEEN_LOOKS_SECS = 1.0
_BETWEEN_NOTES_SECS = 60.0  # a copy that is older by less than this is not noticed
_APART_NANOS = 50_000_000  # between two domains


class Republishing:
    """Of one pipeline in one partition. One thread uses it.

    Args:
        owners: ids of the components of the pipeline, and behind it, that can tell again.
        marks: what the stores say that it reaches.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        owners: Sequence[str],
        marks: Callable[[], Marks],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._owners = owners
        self._marks = marks
        self._clock = clock
        self._looked_at = self._noted_at = float("-inf")
        self._agreed: dict[tuple[str, str], StoreMark] | None = None
        """What all stores said when nothing had to be asked; `_to_note`: it is to be noted, when it is time."""
        self._to_note = False

    @property
    def look_at(self) -> float:
        """When stores are compared the next time, by the clock; never, as long as they say what agreed last time."""
        if not self._owners:
            return float("inf")
        soon = self._looked_at + _BETWEEN_LOOKS_SECS
        return max(soon, self._agreed_until) if self._told() == self._agreed else soon

    @property
    def _agreed_until(self) -> float:
        return self._noted_at + _BETWEEN_NOTES_SECS if self._to_note else float("inf")

    def attempt(self, now_unix_nano: int) -> tuple[Read, Processed] | None:
        """Who must tell again, and what would be remembered; None: nobody."""
        if not self._owners or self._clock() - self._looked_at < _BETWEEN_LOOKS_SECS:
            return None
        self._looked_at = self._clock()
        told = self._told()
        if told == self._agreed and self._clock() < self._agreed_until:
            return None
        found = {(owner, *key): mark for owner in self._owners for key, mark in told.items()}
        known = self._ledger.state(KEEPER, "").get_many([_name(*key) for key in found])
        asked = {key for key, mark in found.items() if _lacks(mark, known.get(_name(*key), b""))}
        grown = {key for key, mark in found.items() if known.get(_name(*key)) != _value(mark)}
        if not asked:
            self._agreed, self._to_note = told, bool(grown)
        if not asked and (not grown or self._clock() - self._noted_at < _BETWEEN_NOTES_SECS):
            return None
        self._noted_at = self._clock()
        changes = {(KEEPER, "", _name(*key)): _value(found[key]) for key in grown}
        timers = self._due({(owner, domain) for owner, _, domain in asked}, now_unix_nano)
        return Read(()), Processed(changes=dict(changes), timers=timers)

    def _told(self) -> dict[tuple[str, str], StoreMark]:
        """(exporter, domain) → what its store says now."""
        return {
            (exporter, domain): mark for exporter, stores in self._marks().items() for domain, mark in stores.items()
        }

    def _due(self, asked: set[tuple[str, str]], now_unix_nano: int) -> dict[TimerKey, int | None]:
        keys: set[TimerKey] = set()
        for owner in {owner for owner, _ in asked}:
            for domain in self._ledger.domains(owner):
                if (owner, "") in asked or (owner, domain) in asked:
                    keys.add((owner, domain, AGAIN))
        return {key: now_unix_nano + place * _APART_NANOS for place, key in enumerate(sorted(keys))}


def _name(owner: str, exporter: str, domain: str) -> bytes:
    return b"\0".join(part.encode() for part in (owner, exporter, domain))


def _value(mark: StoreMark) -> bytes:
    return f"{mark.changes} {mark.name}".encode()


def _lacks(mark: StoreMark, known: bytes) -> bool:
    """Whether the store has less than what it had when it was told last. None was ever told: the owner may know of what no store has."""
    changes, _, name = known.decode().partition(" ")
    return name != mark.name or mark.changes < int(changes)
