"""Look-ups beside the steps: a thread asks the source, steps take what is there and wait for no longer than they may.

    fresh ──ttl──► stale, asked for again ──stale──► forgotten        a key that the source does not know: negative_ttl, then forgotten

A source that does not answer is asked again later and later, and nobody waits for it meanwhile.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from processors.enrich.config import CacheConfig
from processors.enrich.facts import Asked, Facts, Source, Unanswered

log = logging.getLogger("logboom.enrich")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_MOST_WAITING = 100_000
_LONGEST_KEY_BYTES = 512
"""What is longer names nothing, and a sender could fill memory and requests with it."""


class State(StrEnum):
    """What became of a look-up."""

    FOUND = "found"
    STALE = "stale"
    UNKNOWN = "unknown"
    LATE = "late"


class Answer(NamedTuple):
    """Of one key; facts where there are some."""

    state: State
    facts: Facts | None = None


class _Known(NamedTuple):
    """`facts` None: the source does not know it."""

    facts: Facts | None
    fresh_until: float
    until: float


LATE = Answer(State.LATE)


class Lookup:
    """One source and what is remembered of it; steps of several threads may ask.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, ident: str, source: Source, cache: CacheConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ident, self._source, self._cache, self._clock = ident, source, cache, clock
        self._known: OrderedDict[Asked, _Known] = OrderedDict()
        self._waiting: OrderedDict[Asked, None] = OrderedDict()
        self._changed = threading.Condition()
        self._ended = False
        self._failing_until = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to ask; a second time changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"enrich {self._ident}", daemon=True)
            self._thread.start()

    def shutdown(self) -> None:
        """End; whoever waits, waits no longer."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def answers(self, asked: Iterable[Asked], budget_secs: float) -> dict[Asked, Answer]:
        """What is known of each, after waiting for what is not known at all, `budget_secs` at most."""
        wanted = list(dict.fromkeys(asked))
        with self._changed:
            now = self._clock()
            found = {one: self._look(one, now) for one in wanted}
            late = [one for one, answer in found.items() if answer.state is State.LATE]
            self._changed.notify_all()
            if late and self._thread is not None and self._failing_until <= now and budget_secs > 0:
                self._changed.wait_for(lambda: self._settled(late), budget_secs)
                found |= {one: self._look(one, self._clock()) for one in late}
        return found

    def _settled(self, late: list[Asked]) -> bool:
        return self._ended or self._failing_until > self._clock() or all(one in self._known for one in late)

    def _look(self, one: Asked, now: float) -> Answer:
        """What is remembered; what is old or not there is put down to be asked for."""
        if len(one.key.encode()) > _LONGEST_KEY_BYTES:
            return Answer(State.UNKNOWN)
        known = self._known.get(one)
        if known is None or known.until <= now:
            self._known.pop(one, None)  # else whoever waits would take it for an answer
            self._put_down(one)
            return LATE
        self._known.move_to_end(one)
        if known.fresh_until <= now:
            self._put_down(one)
            return Answer(State.STALE if known.facts is not None else State.UNKNOWN, known.facts)
        return Answer(State.FOUND if known.facts is not None else State.UNKNOWN, known.facts)

    def _put_down(self, one: Asked) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[one] = None

    def _run(self) -> None:
        wait, told = _FIRST_WAIT, ""
        try:
            while (asked := self._next()) is not None:
                reason = self._ask(asked)
                if not reason:
                    wait, told = _FIRST_WAIT, ""
                    continue
                if reason != told:
                    log.warning("%s: facts can't be looked up: %s; it is tried again", self._ident, reason)
                told = reason
                self._failed(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
        finally:
            self._source.close()

    def _ask(self, asked: list[Asked]) -> str:
        """Why there is no answer; empty: there is."""
        try:
            self._source.open()
            self._keep(asked, dict(self._source.ask(asked)))
        except Unanswered as reason:
            return str(reason)
        except Exception as error:  # noqa: BLE001 - what answers is not ours, and this thread must go on
            return f"{type(error).__name__} of its answer"
        return ""

    def _next(self) -> list[Asked] | None:
        """What is asked for next, of one domain; None: it is over."""
        with self._changed:
            while not self._ended and (not self._waiting or self._failing_until > self._clock()):
                rest = self._failing_until - self._clock()
                self._changed.wait(rest if rest > 0 else None)
            if self._ended:
                return None
            domain = next(iter(self._waiting)).domain
            most = self._source.batch * self._source.concurrency
            own = [one for one in self._waiting if one.domain == domain][:most]
            for one in own:
                del self._waiting[one]
            return own

    def _keep(self, asked: list[Asked], facts: dict[Asked, Facts]) -> None:
        cache = self._cache
        with self._changed:
            now = self._clock()
            for one in asked:
                own = facts.get(one)
                fresh = now + (cache.ttl if own is not None else cache.negative_ttl)
                self._known[one] = _Known(own, fresh, fresh + (cache.stale if own is not None else 0.0))
                self._known.move_to_end(one)
                self._waiting.pop(one, None)
            while len(self._known) > cache.max_entries:
                self._known.popitem(last=False)
            self._failing_until = 0.0
            self._changed.notify_all()

    def _failed(self, wait: float) -> None:
        """What waits is forgotten: whoever wants it still, asks again."""
        with self._changed:
            self._waiting.clear()
            self._failing_until = self._clock() + wait
            self._changed.notify_all()
