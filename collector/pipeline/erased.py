"""What was erased and comes late: journal entries that were not read, dead letters that are tried again. It is left out when it is decoded,
and counted as `dropped:erased`.

Only what was received before an erasure is looked at, so that nothing costs anything once the journals are behind it. An erasure that is done
knows its person by a keyed hash: then each value that could be theirs is hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from collector.batch import LogBatch
from collector.component import Subject
from collector.encryption import Keys
from collector.holds import Held, nothing_held
from collector.journal.entry import Entry
from collector.ledger.interface import Ledger
from collector.outcomes import Counts, Outcome
from collector.privacy.subjects import held_by, values_of
from collector.privacy.tombstones import KEEPER, OF_NONE, PREFIX, Tombstone

OUTCOME = f"{Outcome.DROPPED}:erased"


class Erased:
    """The tombstones of a partition. One thread uses it.

    Args:
        pseudonym: (domain, value) → keyed hash.
        keys: that hide the values in them.
        held: whether a domain is under a legal hold: then an erasure that has not ended waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        pseudonym: Callable[[str, str], str],
        keys: Keys | None = None,
        held: Held = nothing_held,
    ) -> None:
        self._held = held
        self._ledger = ledger
        self.keys = keys
        self._pseudonym = pseudonym
        self.tombstones: list[Tombstone] = []
        self._before_ms: dict[str, int] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read them again: one was added, or changed."""
        kept = self._ledger.state(KEEPER, OF_NONE).scan(PREFIX)
        self.tombstones = [Tombstone.decoded(data, self.keys) for _, data in kept]
        self._before_ms = {}
        for each in self.tombstones:
            if each.counts_only:
                continue
            self._before_ms[each.domain] = max(
                self._before_ms.get(each.domain, 0), -(-each.before_unix_nano // 1_000_000)
            )

    def waits(self, tombstone: Tombstone) -> str:
        """Why an erasure that has not ended changes nothing now: a legal hold came after it; empty: nothing does."""
        if tombstone.ended_unix_nano or tombstone.counts_only:
            return ""
        return self._held(tombstone.domain, None)

    def concerns(self, entries: Iterable[Entry]) -> bool:
        """Whether any of them may hold what was erased."""
        return bool(self._before_ms) and any(
            entry.received_unix_ms < self._before_ms.get(entry.domain, 0) for entry in entries
        )

    def without(self, batch: LogBatch, account: str) -> tuple[LogBatch, Counts]:
        """A batch without what was erased, and the count of that under `account`."""
        if not self._before_ms or not len(batch):
            return batch, Counts()
        going = pl.Series(np.zeros(len(batch), dtype=bool))
        domains = set(batch.column("domain").unique().to_list())
        for each in self._meant():
            if each.domain in domains:
                going |= self._theirs(batch, each)
        if not going.any():
            return batch, Counts()
        lost = {(domain, account, OUTCOME): n for domain, n in batch.filter(going).by_domain().items()}
        return batch.filter(~going), Counts(lost)

    def _meant(self) -> Iterator[Tombstone]:
        return (each for each in self.tombstones if not each.counts_only and not self.waits(each))

    def _theirs(self, batch: LogBatch, tombstone: Tombstone) -> pl.Series:
        if tombstone.value is not None or tombstone.of_domain:
            return held_by(batch, tombstone.erasure)
        meant = held_by(batch, replace(tombstone.erasure, subject=None))
        found = pl.Series(np.zeros(len(batch), dtype=bool))
        if not meant.any():
            return found
        for value in values_of(batch.filter(meant), tombstone.attributes):
            if self._pseudonym(tombstone.domain, value) == tombstone.pseudonym:
                subject = Subject(tombstone.attributes, value, tombstone.in_texts)
                found |= held_by(batch, replace(tombstone.erasure, subject=subject))
        return found


class NothingErased:
    """Where nobody can erase: pipelines of tests, and of what is tried out."""

    tombstones: Sequence[Tombstone] = ()

    def concerns(self, entries: Iterable[Entry]) -> bool:  # noqa: ARG002
        """Nothing does."""
        return False

    def without(self, batch: LogBatch, account: str) -> tuple[LogBatch, Counts]:  # noqa: ARG002
        """All of it."""
        return batch, Counts()
