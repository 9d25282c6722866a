"""`ack: delivered`: a sender is answered when the named exporters have its records, not before.

    append ─► journal: durable ─► every pipeline has read that far ─► nothing older waits for the exporters ─► done
                                                                      └─ the time is over: 503, kept and delivered all the same

Told by marks, not by records: what a request became stands in the outbox before the number that was the next one when the last
pipeline had read it; when no exporter waits for an older one, all of it is delivered (or set aside as a dead letter). So a request
waits for what came before it in its partition, too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from collector.backend.interface import View
from collector.component import Acknowledging, AckRule
from collector.errors import LogboomError, Refusal, Unavailable
from collector.journal.entry import Durable, Payload, Sink
from collector.reserved import carried_by
from collector.settings.model import Settings

log = logging.getLogger("logboom.ingest")

MOST_WAITING = 10_000
_LOOK_SECS = 0.02


@dataclass(frozen=True, slots=True)
class Rule:
    """When the requests of a receiver are answered: when these pipelines have read them, and these exporters taken what came of it."""

    pipelines: frozenset[str]
    exporters: frozenset[str]
    timeout_secs: float


@dataclass(slots=True)
class _Waiting:
    domain: str
    rule: Rule
    done: Durable
    until: float
    upto: int = 0
    behind: int = 0


def rules(settings: Settings) -> dict[str, Rule]:
    """Receiver → its rule, for those that ask for it."""
    found: dict[str, Rule] = {}
    for receiver, component in settings.receivers.items():
        asked = component.config.ack_rule() if isinstance(component.config, Acknowledging) else None
        if asked is not None:
            found[receiver] = _rule(settings, receiver, asked)
    return found


def _rule(settings: Settings, receiver: str, asked: AckRule) -> Rule:
    pipelines = [pipeline for pipeline in settings.pipelines.values() if receiver in pipeline.receivers]
    exporters = {carried_by(name): name for pipeline in pipelines for name in pipeline.exporters}
    carries = carried_by(receiver) != receiver
    if strangers := [name for name in asked.exporters if name not in exporters and not carries]:
        known = ", ".join(sorted(exporters))
        raise LogboomError(
            f"receivers.{receiver}.ack_exporters: {strangers[0]} is no exporter of its pipelines ({known})"
        )
    counted = frozenset(exporters[name] for name in asked.exporters if name in exporters)
    return Rule(frozenset(each.id for each in pipelines), counted or frozenset(exporters.values()), asked.timeout_secs)


@dataclass(slots=True)
class Acknowledger:
    """The sink before the journal's. Any thread.

    Args:
        slot: whose journal it is.
        view: opened by, and of, the thread that looks.
    """

    sink: Sink
    rules: Mapping[str, Rule]
    slot: int
    view: Callable[[], View]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Waiting] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def append(self, payloads: Sequence[Payload], done: Durable) -> None:
        """See `Sink.append`; all payloads are of one receiver and domain, as admission gives them."""
        rule = self.rules.get(payloads[0].receiver) if payloads else None
        if rule is None:
            self.sink.append(payloads, done)
        elif self.waiting >= MOST_WAITING or self._ended.is_set():
            done(Unavailable("too many requests wait until they are delivered"))
        else:
            domain = payloads[0].domain
            self.sink.append(payloads, lambda refusal: self._durable(domain, rule, done, refusal))

    def positions(self, receiver: str) -> Mapping[bytes, bytes]:
        """See `Sink.positions`."""
        return self.sink.positions(receiver)

    @property
    def waiting(self) -> int:
        """Requests that are durable and not answered yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Answer whoever still waits: it is kept, and will be delivered."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(5.0)
        self._answer(self._waiting, _late())

    def _durable(self, domain: str, rule: Rule, done: Durable, refusal: Refusal | None) -> None:
        if refusal is not None:
            done(refusal)
            return
        with self._lock:
            self._waiting.append(_Waiting(domain, rule, done, time.monotonic() + rule.timeout_secs))
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_after, name="acknowledging", daemon=True)
                self._thread.start()

    def _look_after(self) -> None:
        with closing(self.view()) as view:
            while not self._ended.wait(_LOOK_SECS):
                if self._waiting:
                    self._look(view)

    def _look(self, view: View) -> None:
        waiting = list(self._waiting)
        now = time.monotonic()
        try:
            finished = self._finished(view, waiting)
        except LogboomError as error:
            log.warning("what was delivered can't be seen: %s", error)
            finished = []
        self._answer(finished, None)
        done = set(map(id, finished))
        self._answer([one for one in waiting if now >= one.until and id(one) not in done], _late())

    def _finished(self, view: View, waiting: list[_Waiting]) -> list[_Waiting]:
        finished: list[_Waiting] = []
        groups: dict[tuple[str, Rule], list[_Waiting]] = {}
        for one in waiting:
            groups.setdefault((one.domain, one.rule), []).append(one)
        for (domain, rule), group in groups.items():
            look = view.delivery(self.slot, domain, rule.pipelines, rule.exporters)
            for one in group:
                one.upto = one.upto or look.taken_in
                if not one.behind and look.passed >= one.upto:
                    one.behind = look.next_seq
                if one.behind and look.oldest_seq >= one.behind:
                    finished.append(one)
        return finished

    def _answer(self, chosen: list[_Waiting], refusal: Refusal | None) -> None:
        gone = set(map(id, chosen))
        with self._lock:
            self._waiting = [one for one in self._waiting if id(one) not in gone]
        for one in chosen:
            one.done(refusal)


def _late() -> Unavailable:
    return Unavailable("it is kept, and not delivered yet: send it again to hear when it is")
