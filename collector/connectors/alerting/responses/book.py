"""What is kept of a domain: responses, the history of each target, deployments, and who told a group. As msgpack, in the connector's state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import msgpack

from collector.component import State
from collector.responses.response import Response

PREFIX = "a/"
"""How names begin, of state and of due times."""
RESPONSE, BREAKER = f"{PREFIX}r/", f"{PREFIX}b/"
_INSTANCES = f"{PREFIX}i/"
_OVERALL, _DEPLOYMENTS = f"{PREFIX}o".encode(), f"{PREFIX}d".encode()
_MOST_DEPLOYMENTS, _MOST_INSTANCES, _MOST_TAKEN_BACK = 50, 50, 20
FRESH_NANOS = 300 * 10**9
"""Records that are older tell nothing that is acted on."""


@dataclass(slots=True)
class History:
    """Of a target. `live`: the response that is under way; `bad`: when it failed or did not help, in a row; `breaker`: empty, or what opened
    it; `held`: guard → the hour (since 1970) in which people were told last that it holds something back; `taken_back`: deployments. Times in ns."""

    live: str = ""
    ended: int = 0
    started: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    breaker: dict[str, Any] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    taken_back: list[str] = field(default_factory=list)


class Breaker(NamedTuple):
    """One that is open: nothing more is done to a target."""

    exporter: str
    target: str
    name: str
    labels: dict[str, str]


@dataclass(slots=True)
class Overall:
    """Of all targets. `stopped`: who pressed the switch, "" = nobody."""

    started: list[int] = field(default_factory=list)
    stopped: str = ""


class Deployed(NamedTuple):
    """A deployment. `again`: that version ran there before, so it is a rollback itself."""

    id: str
    service: str
    environment: str
    version: str
    at: int
    again: bool


class Book:
    """Of one domain, in the transaction of a step."""

    def __init__(self, state: State) -> None:
        self._state = state

    def response(self, id_: str) -> Response | None:
        """By its id."""
        kept = self._state.get(f"{RESPONSE}{id_[:40]}".encode())
        return None if kept is None else Response(**msgpack.unpackb(kept))

    def keep(self, one: Response) -> None:
        """As it stands."""
        self._state.put(f"{RESPONSE}{one.id}".encode(), msgpack.packb(asdict(one)))

    def forget(self, id_: str) -> None:
        """It is long over."""
        self._state.delete(f"{RESPONSE}{id_}".encode())

    def history(self, exporter: str, target: str) -> History:
        """Of what an exporter does to a target."""
        return self.history_of(mark(exporter, target))

    def history_of(self, mark_: str) -> History:
        """The same, by the mark of the target."""
        kept = self._read(f"{PREFIX}t/{mark_}".encode(), {})
        if isinstance(kept.get("held"), str):  # as it was kept at first: the last guard alone
            kept["held"] = {}
        return History(**kept)

    def keep_history(self, exporter: str, target: str, history: History) -> None:
        """As it stands."""
        history.taken_back = history.taken_back[-_MOST_TAKEN_BACK:]
        self._state.put(f"{PREFIX}t/{mark(exporter, target)}".encode(), msgpack.packb(asdict(history)))

    @property
    def overall(self) -> Overall:
        """Of all."""
        return Overall(**self._read(_OVERALL, {}))

    @overall.setter
    def overall(self, one: Overall) -> None:
        self._state.put(_OVERALL, msgpack.packb(asdict(one)))

    def deployed(self, service: str, environment: str, *, exactly: bool) -> Deployed | None:
        """The last one of a service in an environment. What does not say which it is may be any, unless it must be `exactly` this one: only then
        it may be taken back."""
        asked = (service, environment)
        for row in reversed(self._read(_DEPLOYMENTS, [])):
            one = Deployed(*row)
            said = (one.service, one.environment)
            alike = all("" in pair or pair[0] == pair[1] for pair in zip(asked, said, strict=True))
            if (service and asked == said) if exactly else alike:
                return one
        return None

    def note_deployment(self, id_: str, service: str, environment: str, version: str, at: int) -> None:
        """A version runs somewhere from now on."""
        known = [Deployed(*row) for row in self._read(_DEPLOYMENTS, [])]
        if any(one.id == id_ for one in known):
            return
        again = any((one.service, one.environment, one.version) == (service, environment, version) for one in known)
        rows = [*known, Deployed(id_, service, environment, version, at, again)]
        self._state.put(_DEPLOYMENTS, msgpack.packb(rows[-_MOST_DEPLOYMENTS:]))

    def note_instances(self, group: str, target: str, instances: Iterable[str], now: int) -> None:
        """These told alerts of a group that are about a target (its mark)."""
        name = f"{_INSTANCES}{group}/{target}".encode()
        seen = {one: at for one, at in self._read(name, {}).items() if at + FRESH_NANOS > now} | dict.fromkeys(
            instances, now
        )
        self._state.put(name, msgpack.packb(dict(sorted(seen.items(), key=lambda pair: pair[1])[-_MOST_INSTANCES:])))

    def instances(self, group: str, target: str, now: int, since: int, *, unnamed: bool) -> int:
        """How many different ones told them in the last five minutes, and after `since`. `unnamed`: whether all that do not say who they are
        count, as one."""
        behind = max(since, now - FRESH_NANOS)
        seen = self._read(f"{_INSTANCES}{group}/{target}".encode(), {})
        return sum(at > behind and (unnamed or one != "") for one, at in seen.items())

    def forget_instances(self, group: str) -> None:
        """The group is over."""
        for name, _ in self._state.scan(f"{_INSTANCES}{group}".encode()):
            self._state.delete(name)

    def _read(self, name: bytes, otherwise: Any) -> Any:
        kept = self._state.get(name)
        return otherwise if kept is None else msgpack.unpackb(kept)


def mark(exporter: str, target: str) -> str:
    """16 hex digits for a target."""
    return hashlib.sha256(f"{exporter}\0{target}".encode()).hexdigest()[:16]


def response_id(connector: str, domain: str, name: str, target: str, group: str, now: int) -> str:
    """32 hex digits: the same when the step is done again."""
    key = "\0".join([connector, domain, name, target, group, str(now)])
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def place(labels: Mapping[str, str]) -> tuple[str, str]:
    """Service and environment."""
    return labels.get("service", ""), labels.get("environment", "")
