"""Limits of domains and credentials, as checks: bytes and requests before a body is read, records behind it.

What is refused is not charged, and told in how many seconds something may come again: at most two, for some SDKs drop what
they should send later than they have time for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from collector.admission.steps import Arrival
from collector.domains.limits import LimitRules, Rates
from collector.domains.rate_table import UNITS, Cost, RateTable, name_of
from collector.errors import Exhausted

log = logging.getLogger("logboom.limits")

_SHORTEST_HINT_SECS, _LONGEST_HINT_SECS = 0.2, 1.3  # answers vary it by ± 50 %: two seconds at most
_ENDED_SECS = 60.0
_MOST_EPISODES = 1000
_MOST_METERS = 10_000


@dataclass(slots=True)
class Episode:
    """A limit that is being met: of a domain, or of a credential in it (`key`, empty for the domain's own)."""

    domain: str
    key: str
    unit: str
    began: float
    last: float
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Meter:
    """The rates of a domain, or of a credential in it, ready to be asked for. `costs`: for each unit the time that one costs."""

    name: bytes
    key: str
    rates: Rates
    burst_nanos: int
    costs: tuple[float, float, float]

    @classmethod
    def of(cls, rules: LimitRules, domain: str, key: str, rates: Rates) -> tuple[Meter, ...]:
        """One, or none where nothing is limited."""
        if not rates:
            return ()
        name = name_of("key", domain, key) if key else name_of("domain", domain)
        requests, size, records = (1e9 / rates[unit] if unit in rates else 0.0 for unit in UNITS)
        return (cls(name, key, rates, int(rules.burst_secs * 1e9), (requests, size, records)),)

    def before(self, size: int) -> list[Cost]:
        """A request and its bytes."""
        requests, of_byte, _ = self.costs
        costs = [Cost(0, int(requests), self.burst_nanos)] if requests else []
        if of_byte:
            costs.append(Cost(1, int(size * of_byte), self.burst_nanos))
        return costs

    def behind(self, records: int) -> list[Cost]:
        """Its records."""
        return [Cost(2, int(records * self.costs[2]), self.burst_nanos)] if self.costs[2] else []


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
        self._of_domains: dict[str, tuple[Meter, ...]] = {}
        self._of_keys: dict[tuple[str, str], tuple[Mapping[str, float] | None, tuple[Meter, ...]]] = {}

    def before(self, arrival: Arrival) -> None:
        """Requests and bytes. Raises `Exhausted`."""
        for meter in self._meters(arrival):
            self._take(arrival, meter, meter.before(len(arrival.body)))

    def after(self, arrival: Arrival) -> None:
        """Records. Raises `Exhausted`."""
        if arrival.records:
            for meter in self._meters(arrival):
                self._take(arrival, meter, meter.behind(arrival.records))

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

    def _meters(self, arrival: Arrival) -> Sequence[Meter]:
        """What a request is measured by: its credential's, its domain's. Made once for each."""
        domain, credential = arrival.domain, arrival.credential
        own = self._of_domains.get(domain)
        if own is None:
            own = self._remember(
                self._of_domains, domain, Meter.of(self._rules, domain, "", self._rules.of_domain(domain))
            )
        if credential is None or not credential.id:
            return own
        ident = (domain, credential.id)
        limit, keys = self._of_keys.get(ident, (None, ()))
        if limit is not credential.limit:
            keys = Meter.of(self._rules, domain, credential.id, self._rules.of_key(credential.limit))
            self._remember(self._of_keys, ident, (credential.limit, keys))
        return (*keys, *own) if keys else own

    def _remember(self, memory: dict[Any, Any], key: object, value: Any) -> Any:
        with self._lock:
            if len(memory) >= _MOST_METERS:
                memory.clear()
            memory[key] = value
        return value

    def _take(self, arrival: Arrival, meter: Meter, costs: list[Cost]) -> None:
        if not costs:
            return
        met = self._table.take(meter.name, costs)
        if met is not None:
            unit = UNITS[met.unit]
            self._met(arrival.domain, meter.key, unit)
            whose = "this credential" if meter.key else arrival.domain
            hint = min(max(met.wait_nanos / 1e9, _SHORTEST_HINT_SECS), _LONGEST_HINT_SECS)
            raise Exhausted(f"{whose} may send {meter.rates[unit]:g} {unit} a second: slow down", hint)
        arrival.undo = (*arrival.undo, partial(self._give_back, meter.name, costs))

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


def _logged(what: Literal["reached", "ended"], episode: Episode) -> None:
    whose = f"{episode.domain}, credential {episode.key}" if episode.key else episode.domain
    if what == "reached":
        log.warning("%s: the limit of %s a second is reached: senders are told to wait", whose, episode.unit)
    else:
        lasted = episode.last - episode.began
        log.info("%s: the limit of %s a second is kept again, after %.0f s and %d refused requests",
                 whose, episode.unit, lasted, episode.refused)  # fmt: skip
