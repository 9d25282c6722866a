"""Works off what is to be erased in a partition, some of it each turn, until every place has done what it can.

    tombstone ─► state of components ─► outbox ─► dead letters ─► keys of the domain ─► destinations ─► ended: told, the value forgotten
                                          └ what was on its way meanwhile is waited for; then dead letters and destinations are done once more

How far each place is stands in the tombstone, so a kill repeats a piece that is small. What fails is tried again, later and later.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Protocol

from collector.component import ErasedSlice, Erasure, NotErasable
from collector.control.catalogue import PRIVACY_ERASED
from collector.control.record import Value
from collector.control.reporter import Reporter
from collector.encryption import Keys
from collector.errors import LogboomError
from collector.ledger.interface import Commit, ErasurePlace, Ledger, Read, Removal, StateKey
from collector.pipeline.erased import Erased
from collector.pipeline.erased_payloads import payload_without
from collector.pipeline.forgetting import Forgetting
from collector.pipeline.processed import StageFailed
from collector.pipeline.state import Changes
from collector.privacy.subjects import held_by
from collector.privacy.tombstones import (
    ENDED,
    KEEPER,
    KEPT_SECS,
    KEYS,
    LETTERS,
    OF_NONE,
    ON_THE_WAY,
    OUTBOX,
    STATE,
    Place,
    Stage,
    Tombstone,
    destination,
    name_of,
)
from collector.reserved import PIPELINE

_log = logging.getLogger("logboom.worker")
_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 60.0
_DRY_RUN_KEPT_SECS = 86_400
_FORGET_SECS = 3600.0
_MOMENT_NANOS = 60 * 10**9
PROCESS = secrets.token_hex(4)
"""Of this process: what another one had in its memory is gone."""


class Destinations(Protocol):
    """The exporters, as far as an erasure is concerned."""

    def promises(self) -> Mapping[str, tuple[bool, str]]:
        """Exporter → whether it can erase, and what remains or must be done, in words; empty words where it keeps nothing."""
        ...

    def erase(self, exporter: str, erasure: Erasure, after: str) -> Future[ErasedSlice]:
        """Begin the next slice."""
        ...


class Erasing:
    """Of one partition; on the worker's thread.

    Args:
        on_ended: told of each that is done.
        process: a name of this process.
        clock: monotonic seconds.
        keys: where anything is encrypted: those of a domain that goes as a whole are destroyed.
    """

    def __init__(
        self,
        ledger: Ledger,
        erased: Erased,
        forgetting: Forgetting,
        destinations: Destinations,
        reporter: Reporter,
        on_ended: Callable[[Tombstone], None] = lambda _: None,
        process: str = PROCESS,
        clock: Callable[[], float] = time.monotonic,
        keys: Keys | None = None,
    ) -> None:
        self._ledger = ledger
        self._erased = erased
        self._forgetting = forgetting
        self._destinations = destinations
        self._reporter = reporter
        self._on_ended = on_ended
        self._process = process
        self._clock = clock
        self._keys = keys
        self._under_way: dict[tuple[str, str], Future[ErasedSlice]] = {}
        self._not_before: dict[tuple[str, str], tuple[int, float]] = {}
        self._forgot_at = clock()

    def look(self, now_unix_nano: int) -> int:
        """Do what can be done now; how many pieces. 0: nothing is to do, or it waits."""
        done = 0
        for tombstone in list(self._erased.tombstones):
            if tombstone.ended_unix_nano or self._erased.waits(tombstone):
                continue
            try:
                done += self._advance(tombstone, now_unix_nano)
            except (LogboomError, StageFailed) as error:
                _log.warning("erasure %s: %s; tried again", tombstone.id, error)
                self._put_off(tombstone.id, "")
        if self._clock() - self._forgot_at > _FORGET_SECS:
            self._forgot_at = self._clock()
            self._forget(now_unix_nano)
        return done

    def _advance(self, tombstone: Tombstone, now_unix_nano: int) -> int:
        if self._waits(tombstone.id, ""):
            return 0
        if tombstone.places.get(STATE, Place()).stage is not Stage.DONE:
            return self._state(tombstone)  # first: what is told from now on says nothing of them
        for name in (OUTBOX, LETTERS):
            if tombstone.places.get(name, Place()).stage is not Stage.DONE:
                self._keep(self._local(tombstone, name))
                return 1
        if (
            self._keys is not None
            and tombstone.of_domain
            and not tombstone.counts_only
            and KEYS not in tombstone.places
        ):
            self._keep(tombstone.at(KEYS, self._destroyed(self._keys, tombstone)))
            return 1
        now, pieces = self._abroad(tombstone)
        expected = {*now.places, *map(destination, self._destinations.promises())}
        if all(now.places.get(name, Place()).stage in ENDED for name in expected):
            now, pieces = self._end(now, now_unix_nano), pieces + 1
        if now != tombstone:
            tallies = {_tally(now.id, name): None for name in (OUTBOX, LETTERS)} if now.ended_unix_nano else {}
            self._keep(now, tallies)
        return pieces

    def _local(self, tombstone: Tombstone, name: ErasurePlace) -> Tombstone:
        """A piece of the outbox, or of dead letters."""
        place = tombstone.places.get(name, Place())
        taken = partial(held_by, erasure=tombstone.erasure)
        taking = Removal(tombstone.domain, taken, partial(payload_without, taken=taken), _tally(tombstone.id, name))
        piece = self._ledger.erase(name, taking, int(place.after or -1), counts_only=tombstone.counts_only)
        unseen = place.unseen + piece.unseen
        said = f"{unseen} records stand in contents that can't be read: see `logboom deadletter list`" if unseen else ""
        ended = piece.after is None
        records = place.records + piece.records if tombstone.counts_only else self._taken_out(tombstone.id, name)
        stage = Stage.DONE if ended else Stage.WORKS
        now = Place(stage, records, "" if ended else str(piece.after), said, unseen)
        if name == OUTBOX and ended and records and not tombstone.counts_only:
            tombstone = replace(tombstone, on_the_way=self._process)
        return tombstone.at(name, now)

    def _taken_out(self, id_: str, name: ErasurePlace) -> int:
        """So far; also what a process took out that died before it was noted here."""
        component, domain, kept = _tally(id_, name)
        told = self._ledger.state(component, domain).get_many([kept]).get(kept)
        return int.from_bytes(told, "big") if told else 0

    def _destroyed(self, keys: Keys, tombstone: Tombstone) -> Place:
        """The keys of the domain: what they encrypted is gone in copies, too."""
        if tombstone.before_unix_nano < tombstone.asked_unix_nano - _MOMENT_NANOS:
            return Place(Stage.DONE, said="they stay: what came after that time is encrypted with them as well")
        gone = keys.destroy(tombstone.domain, tombstone.asked_unix_nano / 1e9)
        return Place(Stage.DONE, said=f"{gone} data keys are destroyed: what they encrypted is gone in copies, too")

    def _state(self, tombstone: Tombstone) -> int:
        """What components keep, in one commit with the note that it is done."""
        changes: Changes = {}
        changed = self._forgetting.forget(tombstone.erasure, changes)
        self._keep(tombstone.at(STATE, Place(Stage.DONE, 0, said=f"{changed} texts" if changed else "")), changes)
        return 1

    def _abroad(self, tombstone: Tombstone) -> tuple[Tombstone, int]:
        """The destinations, beside each other; and again once nothing is on its way any more."""
        pieces = 0
        promises = self._destinations.promises()
        for exporter, (able, said) in promises.items():
            name = destination(exporter)
            place = tombstone.places.get(name, Place())
            if place.stage in ENDED:
                continue
            if not able:
                stage = Stage.CANNOT if said else Stage.DONE
                tombstone, pieces = tombstone.at(name, Place(stage, 0, "", said)), pieces + 1
                continue
            now = self._sent(tombstone, exporter, place, said)
            if now != place:
                tombstone, pieces = tombstone.at(name, now), pieces + 1
        gone = {name for name in tombstone.places if name.startswith("exporter/")} - set(map(destination, promises))
        for name in gone:  # it left the configuration
            if tombstone.places[name].stage not in ENDED:
                left = replace(
                    tombstone.places[name], stage=Stage.CANNOT, said="it left the configuration before it was done"
                )
                tombstone = tombstone.at(name, left)
        return self._arrived(tombstone), pieces

    def _arrived(self, tombstone: Tombstone) -> Tombstone:
        """What was on its way when the outbox was done may have come to destinations, or have been rejected, after they were."""
        if not tombstone.on_the_way:
            return tombstone
        able = [destination(name) for name, (can, _) in self._destinations.promises().items() if can]
        if any(tombstone.places.get(name, Place()).stage not in ENDED for name in able):
            return tombstone.at(ON_THE_WAY, Place())
        if tombstone.on_the_way == self._process and self._ledger.erased_waiting(tombstone.domain):
            waiting = Place(Stage.WAITS, 0, "", "records that were on their way when it began: until they have ended")
            return tombstone.at(ON_THE_WAY, waiting)
        for name in (LETTERS, *able):
            if tombstone.places[name].stage is not Stage.CANNOT:
                tombstone = tombstone.at(name, replace(tombstone.places[name], stage=Stage.WAITS, after=""))
        return replace(tombstone.at(ON_THE_WAY, Place(Stage.DONE)), on_the_way="")

    def _sent(self, tombstone: Tombstone, exporter: str, place: Place, said: str) -> Place:
        """How a destination is, with its slice begun or ended."""
        key = (tombstone.id, exporter)
        running = self._under_way.get(key)
        if running is None:
            if self._waits(*key):
                return place
            self._under_way[key] = self._destinations.erase(exporter, tombstone.erasure, place.after)
            return place
        if not running.done():
            return place
        del self._under_way[key]
        try:
            piece = running.result()
        except NotErasable as problem:
            return replace(place, stage=Stage.CANNOT, said=str(problem))
        except Exception as error:  # noqa: BLE001  whatever a destination has to say: it is asked again
            self._put_off(*key)
            return replace(place, stage=Stage.AGAIN, said=f"{type(error).__name__}: {error}"[:300])
        self._not_before.pop(key, None)
        stage = Stage.DONE if piece.after is None else Stage.WORKS
        return Place(stage, place.records + piece.records, piece.after or "", said)

    def _end(self, tombstone: Tombstone, now_unix_nano: int) -> Tombstone:
        """Tell, then forget the value: a kill in between tells it twice."""
        if not tombstone.counts_only:
            self._tell(tombstone)
            self._on_ended(tombstone)
        return replace(tombstone, value=None, ended_unix_nano=now_unix_nano)

    def _tell(self, tombstone: Tombstone) -> None:
        whose = f"subject {tombstone.pseudonym}" if tombstone.pseudonym else "all records"
        places = ", ".join(f"{name} {place.records}" for name, place in tombstone.places.items() if place.records)
        cannot = ", ".join(name for name, place in tombstone.places.items() if place.stage is Stage.CANNOT)
        said: dict[str, Value] = {
            "logboom.domain": tombstone.domain, "logboom.subject": tombstone.pseudonym, "user.id": tombstone.who,
            "logboom.reason": tombstone.why, "logboom.records": tombstone.records, "logboom.places": places, "logboom.not_erased": cannot,
            "logboom.erasure": tombstone.id,
        }  # fmt: skip
        body = f"{whose} of {tombstone.domain} erased: {tombstone.records} records"
        self._reporter.tell(PRIVACY_ERASED, body, said, concerned=tombstone.domain)

    def _keep(self, tombstone: Tombstone, changes: Mapping[StateKey, bytes | None] | None = None) -> None:
        name, kept = (KEEPER, OF_NONE, name_of(tombstone.id)), tombstone.encoded(self._erased.keys)
        self._ledger.commit(Commit(PIPELINE, Read(()), state={**(changes or {}), name: kept}))
        self._erased.refresh()

    def _forget(self, now_unix_nano: int) -> None:
        """Tombstones that are old: nothing brings back what they are about."""
        changes: Changes = {}
        for each in self._erased.tombstones:
            kept = _DRY_RUN_KEPT_SECS if each.counts_only else KEPT_SECS
            if each.ended_unix_nano and each.ended_unix_nano + kept * 10**9 < now_unix_nano:
                changes[KEEPER, OF_NONE, name_of(each.id)] = None
        if changes:
            with contextlib.suppress(LogboomError):
                self._ledger.commit(Commit(PIPELINE, Read(()), state=changes))
                self._erased.refresh()

    def _put_off(self, id_: str, exporter: str) -> None:
        failures = self._not_before.get((id_, exporter), (0, 0.0))[0]
        pause = min(_LONGEST_PAUSE_SECS, _PAUSE_SECS * 2**failures)
        self._not_before[id_, exporter] = (failures + 1, self._clock() + pause)

    def _waits(self, id_: str, exporter: str) -> bool:
        return self._clock() < self._not_before.get((id_, exporter), (0, 0.0))[1]


def _tally(id_: str, name: ErasurePlace) -> StateKey:
    """Where the ledger counts what it takes out."""
    return KEEPER, OF_NONE, f"erased {id_} {name}".encode()
