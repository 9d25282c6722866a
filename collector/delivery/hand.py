"""What one exporter has in hand: the memory (`marker`) that turns records which kill the worker into a dead letter of this
exporter alone.

In hand is what is being loaded, selected from, encoded or sent, not what waits for its next attempt. After a death an entry is cut
small from the start, and its pieces are worked on one by one, each alone in the process (`quarantine`); a piece at which
the worker dies three times is set aside. So a death here is never held against a pipeline's entries, nor the reverse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote

from collector.delivery.request import Part, Pending, Request
from collector.errors import StorageError
from collector.ledger.interface import Ack
from collector.ledger.marker import ALONE, STRIKES, Marker, Name
from collector.ledger.quarantine import Quarantine

POISON = "poison"
_OUTBOX = "outbox"
_LOAD = "load"  # the part of an entry's life before its records are known
_SMALL, _SMALLEST = 1024, 64  # records of a piece after a first death, and after more
_ALL = -1  # and below stand for an entry, or a piece of a giant one, that is not cut: `select` sees it whole


class Hand:
    """Belongs to the event loop.

    Args:
        partitions: number of a partition → its directory; none: nothing is remembered.
        quarantine: who else works in this process.
    """

    def __init__(self, exporter: str, partitions: Mapping[int, Path], quarantine: Quarantine) -> None:
        self._name = quote(exporter, safe="")
        self._markers: dict[int, Marker] = {}
        self._held: dict[int, Counter[Name]] = {}
        self._looked: set[int] = set()
        self._quarantine = quarantine
        for source, path in partitions.items():
            self.include(source, path)

    def include(self, source: int, path: Path) -> None:
        """A partition is here from now on."""
        self._markers[source] = Marker(path / "deliveries" / self._name)
        self._held[source] = Counter()

    def leave(self, source: int) -> None:
        """A partition is gone, in good order: nothing of it is in hand."""
        self._looked.discard(source)
        self._held.pop(source, None)
        if marker := self._markers.pop(source, None):
            marker.close()

    def forgetful(self) -> Hand:
        """Another one, for what is never held against anybody."""
        return Hand("", {}, self._quarantine)

    async def holding(
        self, request: Request, *, whole: bool = False, freely: bool = False
    ) -> AbstractContextManager[None]:
        """Come in to work on the request, alone in the process if it is under suspicion: `with await hand.holding(…):`.

        Args:
            whole: on its entry, before it is cut.
            freely: it was tried before, and nobody died: others may work beside it.
        """
        names = [(part.pending.source, _name(part, whole)) for part in request.parts] if self._markers else []
        alone = not freely and any(self._known(source, name)[0] for source, name in names)
        await self._quarantine.come_in(alone)
        return self._held_until_left(names, alone)

    async def reading(self) -> AbstractContextManager[None]:
        """Come in to look into the outbox: not while somebody must be alone."""
        await self._quarantine.come_in()
        return self._held_until_left((), False)

    async def loading(self, source: int, seqs: Sequence[int]) -> AbstractContextManager[None]:
        """Come in to load these entries, alone in the process if they are under suspicion."""
        names = [(source, _load(seq)) for seq in seqs] if self._markers else []
        alone = any(self._known(source, name)[0] for source, name in names)
        await self._quarantine.come_in(alone)
        return self._held_until_left(names, alone)

    def together(self, source: int, seqs: Sequence[int]) -> Sequence[int]:
        """Which of these, from the first on, may be loaded at once: one under suspicion only by itself."""
        if source not in self._markers or not self._markers[source].suspects:
            return seqs
        return list(takewhile(lambda seq: not self._known(source, _load(seq))[0], seqs)) or seqs[:1]

    def load_strikes(self, source: int, seq: int) -> int:
        """How often the worker died while it loaded this entry alone."""
        return self._known(source, _load(seq))[1]

    @contextmanager
    def _held_until_left(self, names: Sequence[tuple[int, Name]], alone: bool) -> Iterator[None]:
        mine = dict(
            self._held
        )  # of a partition that goes and returns meanwhile it is another one: this is not in hand there
        try:
            self._change(names, 1, alone and len(names) == 1)
            yield
        finally:
            self._change(
                [(source, name) for source, name in names if self._held.get(source) is mine.get(source)], -1, False
            )
            self._quarantine.leave(alone)

    def oldest(self, source: int, seq: int) -> None:
        """What the outbox begins with; at the first look those before it are gone for good."""
        if source in self._markers and source not in self._looked:
            self._looked.add(source)
            self._markers[source].forget(lambda span: span.high < seq)

    def settled(self, source: int, acks: Iterable[Ack]) -> None:
        """The ledger knows how these ended."""
        if source in self._markers and self._markers[source].suspects:
            for ack in acks:
                self._markers[source].acquit(Name(_OUTBOX, "", ack.seq))
                self._markers[source].acquit(_load(ack.seq))

    def suspects(self, pending: Pending) -> bool:
        """Whether the worker died with this entry in hand."""
        return pending.source in self._markers and bool(self._care(pending))

    def small(self, pending: Pending) -> int:
        """How many records of a suspected entry to take at once."""
        return _SMALLEST if self._care(pending) == ALONE else _SMALL

    def strikes(self, request: Request, *, whole: bool = False) -> int:
        """How often the worker died with this alone in hand."""
        if not self._markers:
            return 0
        return max((self._known(part.pending.source, _name(part, whole))[1] for part in request.parts), default=0)

    def poison(self, request: Request, *, whole: bool = False) -> bool:
        """It was often enough."""
        return self.strikes(request, whole=whole) >= STRIKES

    def close(self) -> None:
        """An orderly stop: nothing is in hand."""
        for marker in self._markers.values():
            marker.close()

    def _care(self, pending: Pending) -> int:
        spans = [span for span in self._markers[pending.source].suspects if span.part != _LOAD]
        return max((span.care for span in spans if span.low <= pending.entry.seq <= span.high), default=0)

    def _known(self, source: int, name: Name) -> tuple[int, int]:
        marker = self._markers.get(source)
        return (0, 0) if marker is None else marker.known([name])

    def _change(self, names: Sequence[tuple[int, Name]], by: int, alone: bool) -> None:
        held = [(source, name) for source, name in names if source in self._held]
        for source, name in held:
            self._held[source][name] += by
            if self._held[source][name] <= 0:
                del self._held[source][name]
        for source in {source for source, _ in held}:
            with suppress(StorageError):  # a full disk: delivery makes room, so it goes on unnoted
                self._markers[source].hold(self._held[source], alone=alone)


def _name(part: Part, whole: bool) -> Name:
    return Name(_OUTBOX, "", part.pending.entry.seq, _ALL - part.start if whole else part.start)


def _load(seq: int) -> Name:
    return Name(_OUTBOX, _LOAD, seq)
