"""Which entries a pipeline was working on when the worker died, and in which stage behind its end: the memory (`marker`) that turns
a poison entry into a dead letter, or what one fed pipeline was to get of it. One that is under suspicion is worked on alone in the process (`quarantine`), in small steps, then by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from collector.journal.entry import Entry
from collector.ledger.interface import Read, SetAside
from collector.ledger.marker import ALONE, STRIKES, Marker, Name

__all__ = ["STRIKES", "Suspects"]
_CAUTIOUS_RECORDS = 64


class Suspects:
    """The marker of one pipeline in one partition. One thread uses it.

    Args:
        partition: its directory.
        applied: id of the last committed `Read`: a death after its commit is nobody's fault.
    """

    def __init__(self, partition: Path, pipeline: str, applied: bytes = b"") -> None:
        self._marker = Marker(partition / "attempts" / quote(pipeline, safe=""), applied.hex())
        self._reasons: dict[Name, str] = {}

    def begin(self, read_id: bytes, entries: Sequence[Entry], *, alone: bool = True) -> None:
        """These entries of a `Read` are being worked on from now until `done`; `alone`: by nobody else in the process."""
        self._marker.hold([_name(entry) for entry in entries], alone=alone, token=read_id.hex())

    def take_up(self, read: Read, letter: SetAside, number: int) -> None:
        """A dead letter that is tried again is being worked on, until `done`."""
        self._marker.hold([_letter(letter.owner, number)], alone=self.suspicious, token=read.id.hex())

    def at(self, owner: str, component: str) -> None:
        """What is in hand has come to this stage behind the pipeline's end."""
        self._marker.at(owner, component)

    def done(self, read: Read) -> None:
        """The step is committed; what it passed is suspected no more."""
        passed: dict[tuple[str, str], int] = {}
        if self.suspicious:
            passed = {(entry.journal, entry.domain): entry.offset for entry in read.entries if not entry.rest}
            passed |= read.position
            if read.returned is not None:
                passed[_letter(read.returned.owner, 0)[:2]] = max(read.replayed)
        else:
            self._reasons.clear()
        self._marker.clear(lambda span: span.high <= passed.get(span[:2], -1))

    def failed(self, reason: str) -> None:
        """What is in hand could not be done, for a reason that need not be its own."""
        if (name := self._marker.single()) is not None:
            self._reasons[name] = reason
        self._marker.failed()

    def limit(self, max_bytes: int, max_records: int) -> tuple[int, int]:
        """How much to take at once: after a death a few entries, if that does not help a single one."""
        care = max((span.care for span in self._marker.suspects), default=0)
        if care == ALONE:
            return 1, 1
        return (max_bytes, min(max_records, _CAUTIOUS_RECORDS)) if care else (max_bytes, max_records)

    def rest(self) -> None:
        """Nothing is in hand any more, and nothing was done."""
        self._marker.release()

    def strikes(self, entry: Entry) -> int:
        """How often the worker died, or failed, with this entry alone in hand."""
        return self._marker.known([_name(entry)])[1]

    def reason(self, entry: Entry) -> str:
        """What to say of an entry that has its strikes."""
        return self._reasons.get(_name(entry), "poison")

    def struck(self, entry: Entry) -> dict[str, str]:
        """The stages at which the worker died so often, or failed, with this entry alone in hand, and what to say of it."""
        return self._struck(_name(entry))

    def struck_again(self, letter: SetAside, number: int) -> dict[str, str]:
        """The same of a dead letter."""
        return self._struck(_letter(letter.owner, number))

    def _struck(self, name: Name) -> dict[str, str]:
        found = self._marker.struck(name)
        return {owner: self._reasons.get(name, f"poison: {component}") for owner, component in found.items()}

    @property
    def suspicious(self) -> bool:
        """Whether any entry was in hand at a death; if not, no entry needs a look."""
        return bool(self._marker.suspects)

    def close(self) -> None:
        """An orderly stop: nothing is in hand."""
        self._marker.close()


def _letter(owner: str, number: int) -> Name:
    return Name("dead letters", owner, number)


def _name(entry: Entry) -> Name:
    return Name(entry.journal, entry.domain, entry.offset, entry.first)
