"""Who waits for what became of a command, in ingest slot 0. In memory: whoever is not told in time is told where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Say = Callable[[dict[str, Any]], None]
_MOST = 1000


class Waiting:
    """Of one server; its loop's thread alone uses it.

    Args:
        owners: name of a command → who takes it.
    """

    def __init__(self, owners: Mapping[str, Sequence[str]]) -> None:
        self._owners = owners
        self._open: dict[str, set[str]] = {}
        """Command that is on disk → the owners that have not answered, in the order of arrival."""
        self._answers: dict[str, list[dict[str, Any]]] = {}
        self._told: dict[str, Say] = {}

    def accepted(self, id_: str, name: str) -> None:
        """A command is on disk; a fast owner's answer may have come before the word of that."""
        answered = {str(answer.get("owner", "")) for answer in self._answers.get(id_, ())}
        if left := set(self._owners.get(name, ())) - answered:
            self._open.setdefault(id_, left)
            _bound(self._open)

    def wait(self, id_: str, say: Say) -> bool:
        """Tell this one when all owners have answered; True: they have, and it is told now."""
        if id_ in self._answers and id_ not in self._open:
            say({"id": id_, "settled": self._answers[id_]})
            return True
        self._told[id_] = say
        _bound(self._told)
        return False

    def late(self, id_: str) -> None:
        """Whoever waits for it has waited long enough: it hears how many are before it."""
        say = self._told.pop(id_, None)
        if say is not None:
            before = list(self._open)
            say({"id": id_, "queued": before.index(id_) if id_ in before else len(before)})

    def answered(self, answer: Mapping[str, Any]) -> None:
        """An owner has committed what it made of a command."""
        id_ = str(answer.get("id", ""))
        self._answers.setdefault(id_, []).append(dict(answer))
        _bound(self._answers)
        left = self._open.get(id_, set())
        left.discard(str(answer.get("owner", "")))
        if left:
            return
        self._open.pop(id_, None)
        say = self._told.pop(id_, None)
        if say is not None:
            say({"id": id_, "settled": self._answers[id_]})


def _bound(held: dict[str, Any]) -> None:
    while len(held) > _MOST:
        held.pop(next(iter(held)))
