"""One step of the machine: what changes is written and told together, in the transaction of the connector's step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from collector.component import Work
from collector.connectors.alerting.responses.book import BREAKER, RESPONSE, Book, Breaker, History, mark
from collector.connectors.alerting.responses.guards import HOUR
from collector.responses.response import Response, State

KEPT_NANOS = 24 * HOUR
"""How long what is over is remembered."""
REMINDED_NANOS = HOUR // 12
_OVER = frozenset({State.HELD, State.DENIED, State.EXPIRED, State.FAILED, State.HELPED, State.DID_NOT_HELP})


def over(one: Response) -> bool:
    """Whether nothing more is to come. Of a dry run nothing is judged."""
    return one.state in _OVER or (one.state == State.DONE and one.dry_run)


About = Callable[[Mapping[str, str]], bool]
"""Which alerts are asked for, by their labels."""


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the machine asks of the alerts of a group, by its id.

    Args:
        goes_on: whether one of them does, kept back by nothing.
        told_since: whether a record told one of them after a time, ns.
    """

    goes_on: Callable[[str, About], bool]
    told_since: Callable[[str, int, About], bool]


@dataclass(slots=True)
class Step:
    """Of one domain. `told`: each response that changed, as it was then; `asking`: those that wait for a person; `open`: breakers that are;
    `closed`: those that a person closed."""

    domain: str
    work: Work
    alerts: Alerts
    told: list[Response] = field(default_factory=list)
    asking: list[Response] = field(default_factory=list)
    open: list[Breaker] = field(default_factory=list)
    closed: list[Breaker] = field(default_factory=list)

    @property
    def book(self) -> Book:
        """What is kept."""
        return Book(self.work.state(self.domain))

    @property
    def now(self) -> int:
        """In ns."""
        return self.work.now_unix_nano

    def move(self, one: Response, state: State, reason: str = "", due: int | None = None, *, tell: bool = True) -> None:
        """It comes to a state; `due`: when it is looked at next. What is over frees its target. `tell`: as an event."""
        one.state, one.reason = str(state), reason
        one.version = max(one.version + 1, self.now // 1_000_000)
        if over(one):
            due = self.now + KEPT_NANOS
            self._free(one, state)
        self.book.keep(one)
        self.work.wake(self.domain, f"{RESPONSE}{one.id}", due)
        if tell:
            self.told.append(replace(one))

    def hold(self, one: Response, reason: str) -> None:
        """It is told as an event, and not kept: nothing is to come of it."""
        one.state, one.reason, one.version = str(State.HELD), reason, self.now // 1_000_000
        self.told.append(replace(one))

    def _free(self, one: Response, state: State) -> None:
        history = self.book.history(one.exporter, one.target)
        if history.live != one.id:
            return
        history.live, history.ended = "", self.now
        if state is State.HELPED:
            history.bad = []
        self.book.keep_history(one.exporter, one.target, history)

    def count_against(self, one: Response, most: int, window_nanos: int) -> None:
        """It failed, or did not help: too many in a row open the breaker."""
        history = self.book.history(one.exporter, one.target)
        history.bad = [*(at for at in history.bad if at + window_nanos > self.now), self.now]
        if len(history.bad) >= most and not history.breaker:
            history.breaker = {
                "exporter": one.exporter,
                "target": one.target,
                "name": one.name,
                "labels": dict(one.labels),
            }
            self.remind(history)
        self.book.keep_history(one.exporter, one.target, history)

    def remind(self, history: History) -> None:
        """A breaker is open: people are told, and again, for its alert must not end by itself."""
        breaker = Breaker(**history.breaker)
        self.open.append(breaker)
        self.work.wake(self.domain, f"{BREAKER}{mark(breaker.exporter, breaker.target)}", self.now + REMINDED_NANOS)

    def close(self, exporter: str, target: str, history: History) -> None:
        """A person closes a breaker."""
        self.closed.append(Breaker(**history.breaker))
        history.breaker, history.bad, history.held = {}, [], {}
        self.book.keep_history(exporter, target, history)
        self.work.wake(self.domain, f"{BREAKER}{mark(exporter, target)}", None)
