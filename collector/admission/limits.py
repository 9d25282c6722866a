"""Limits of domains and credentials, as checks: bytes and requests before a body is read, records behind it.

What is refused is not charged, and told in how many seconds something may come again: at most two, for some SDKs drop what
they should send later than they have time for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

from collector.admission.steps import Arrival
from collector.domains.limits import LimitRules, Rates
from collector.domains.rate_table import UNITS, Cost, RateTable, name_of
from collector.errors import Exhausted

log = logging.getLogger("logboom.limits")

_SHORTEST_HINT_SECS, _LONGEST_HINT_SECS = 0.2, 1.3  # answers vary it by ± 50 %: two seconds at most
_ENDED_SECS = 60.0
_MOST_EPISODES = 1000


@dataclass(slots=True)
class Episode:
    """A limit that is being met: of a domain, or of a credential in it (`key`, empty for the domain's own)."""

    domain: str
    key: str
    unit: str
    began: float
    last: float
    refused: int = 0


Told = Callable[[Literal["reached", "ended"], Episode], None]


class Limits:
    """The checks of one process, and what they refused. Safe from any thread.

    Args:
        rules: what is configured.
        table: what was taken, shared with the other processes.
        tell: told once when a limit is met for the first time, and once when it was not for a minute.
        clock: monotonic seconds.
    """

    def __init__(
        self, rules: LimitRules, table: RateTable, tell: Told | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._table = table
        self._tells = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._episodes: dict[tuple[str, str, str], Episode] = {}
        self._of_domain = lru_cache(4096)(rules.of_domain)

    def before(self, arrival: Arrival) -> None:
        """Requests and bytes. Raises `Exhausted`."""
        self._check(arrival, {"requests": 1, "bytes": len(arrival.body)})

    def after(self, arrival: Arrival) -> None:
        """Records. Raises `Exhausted`."""
        if arrival.records:
            self._check(arrival, {"records": arrival.records})

    def refused(self) -> Iterator[tuple[str, str, int]]:
        """(domain, unit, requests that were refused since the start)."""
        with self._lock:
            found = list(self._refused.items())
        return ((domain, f"{unit}_per_second", number) for (domain, unit), number in found)

    def look(self) -> None:
        """Tell which limits are not met any more; called about each second."""
        now = self._clock()
        with self._lock:
            ended = [key for key, episode in self._episodes.items() if now - episode.last > _ENDED_SECS]
            episodes = [self._episodes.pop(key) for key in ended]
        for episode in episodes:
            self._say("ended", episode)

    def _check(self, arrival: Arrival, amounts: Mapping[str, int]) -> None:
        credential = arrival.credential
        if credential is not None and credential.id:
            rates = self._rules.of_key(credential.limit)
            self._take(arrival, credential.id, rates, amounts)
        if rates := self._of_domain(arrival.domain):
            self._take(arrival, "", rates, amounts)

    def _take(self, arrival: Arrival, key: str, rates: Rates, amounts: Mapping[str, int]) -> None:
        costs = [self._rules.cost(unit, amount, rates[unit]) for unit, amount in amounts.items() if unit in rates]
        if not costs:
            return
        name = _name_of(arrival.domain, key)
        met = self._table.take(name, costs)
        if met is not None:
            unit = UNITS[met.unit]
            self._met(arrival.domain, key, unit)
            whose = "this credential" if key else arrival.domain
            hint = min(max(met.wait_nanos / 1e9, _SHORTEST_HINT_SECS), _LONGEST_HINT_SECS)
            raise Exhausted(f"{whose} may send {rates[unit]:g} {unit} a second: slow down", hint)
        arrival.undo = (*arrival.undo, partial(self._give_back, name, costs))

    def _give_back(self, name: bytes, costs: list[Cost]) -> None:
        self._table.give_back(name, costs)

    def _met(self, domain: str, key: str, unit: str) -> None:
        now = self._clock()
        with self._lock:
            self._refused[domain, unit] += 1
            episode = self._episodes.get((domain, key, unit))
            begins = episode is None and len(self._episodes) < _MOST_EPISODES
            if begins:
                episode = self._episodes[domain, key, unit] = Episode(domain, key, unit, now, now)
            if episode is not None:
                episode.last = now
                episode.refused += 1
        if begins and episode is not None:
            self._say("reached", episode)

    def _say(self, what: Literal["reached", "ended"], episode: Episode) -> None:
        _logged(what, episode)
        if self._tells is not None:
            self._tells(what, episode)


@lru_cache(4096)
def _name_of(domain: str, key: str) -> bytes:
    return name_of("key", domain, key) if key else name_of("domain", domain)


def _logged(what: Literal["reached", "ended"], episode: Episode) -> None:
    whose = f"{episode.domain}, credential {episode.key}" if episode.key else episode.domain
    if what == "reached":
        log.warning("%s: the limit of %s a second is reached: senders are told to wait", whose, episode.unit)
    else:
        lasted = episode.last - episode.began
        log.info("%s: the limit of %s a second is kept again, after %.0f s and %d refused requests",
                 whose, episode.unit, lasted, episode.refused)  # fmt: skip
