"""Dead letters as a reader of some domains sees them: as if there were no others.

A letter may hold records of several domains, which one request carried: such a reader sees its own of them, without what the
destination said of all, and can neither replay nor delete it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from collector.backend.interface import ANY, Desk, FiledLetter, LetterFilter, NoSuchDeadLetter
from collector.errors import LogboomError
from collector.journal.entry import Entry
from collector.ledger.deadletters import Action, DeadLetterInfo
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.batch import LogBatch

_SHARED = "refused together with records of others"


class NotAlone(LogboomError):
    """Letters that also hold records of others."""

    def __init__(self, letters: Sequence[FiledLetter]) -> None:
        names = ", ".join(letter.id for letter in letters)
        super().__init__(f"dead letters {names} also hold records of other domains: leave --domain out")


class ScopedDesk:
    """The `Desk` of a scope."""

    def __init__(self, desk: Desk, scope: Scope) -> None:
        self._desk = desk
        self._scope = scope

    def letters(self, chosen: LetterFilter = ANY) -> list[FiledLetter]:
        """See `Desk.letters`; filters see what the reader sees."""
        seen = [self._seen(letter) for letter in self._desk.letters()]
        return [letter for letter in seen if letter is not None and chosen.chooses(letter.info)]

    def named(self, ids: Sequence[str]) -> list[FiledLetter]:
        """See `Desk.named`; one of others is one that there is not."""
        known = {letter.id: letter for letter in self.letters()}
        if missing := [id_ for id_ in ids if id_ not in known]:
            raise NoSuchDeadLetter(missing)
        return [known[id_] for id_ in dict.fromkeys(ids)]

    def content(self, letter: FiledLetter) -> LogBatch | Sequence[Entry]:
        """See `Desk.content`: the reader's records of it."""
        [whole] = self._desk.named([letter.id])
        found = self._desk.content(whole)
        if isinstance(found, Sequence):
            return [entry for entry in found if entry.domain in self._scope]
        return found.filter(found.column("domain").is_in(self._scope.sorted()))

    def damaged(self) -> Sequence[str]:
        """See `Desk.damaged`: what a disk has done is told to whoever has the machine."""
        return ()

    def request(self, action: Action, letters: Sequence[FiledLetter]) -> None:
        """See `Desk.request`. Raises `NotAlone`, and nothing is asked for."""
        wholes = self._desk.named([letter.id for letter in letters])
        shared = [letter for letter in wholes if not self._scope.holds(letter.info.by_domain)]
        if shared:
            raise NotAlone(shared)
        self._desk.request(action, wholes)

    def _seen(self, letter: FiledLetter) -> FiledLetter | None:
        info = letter.info
        own = {domain: records for domain, records in info.by_domain.items() if domain in self._scope}
        if not own:
            return None
        return letter if len(own) == len(info.by_domain) else replace(letter, info=_part(info, own))


def _part(info: DeadLetterInfo, own: dict[str, int]) -> DeadLetterInfo:
    records = sum(own.values())
    size = info.size_bytes * records // max(1, info.records)
    return replace(info, reason=_SHARED, records=records, by_domain=own, size_bytes=size)
