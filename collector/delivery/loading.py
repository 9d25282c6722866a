"""Loads entries of the outboxes for one exporter, so that one whose loading kills the worker is found and set aside.

What is about to be read, decompressed and decoded is noted first (`hand`). After a death while several were loaded they are
loaded one by one, each alone in the process; at the third death an entry becomes a dead letter of this exporter as it lies in
the outbox, unread. If even that kills, it is dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from collector.delivery.hand import POISON, Hand
from collector.delivery.request import Part, Pending, content_bytes
from collector.errors import Lost
from collector.ledger.interface import Ack, Ledger, Waiting
from collector.ledger.marker import STRIKES
from collector.ledger.pieces import StoredBatch
from collector.outcomes import Outcome

Run = Callable[..., Awaitable[Any]]
"""`await run(function, *arguments)` calls it on the ledgers' thread."""
Ended = Callable[[str, int], None]
"""Told of an outcome, and of how many records ended so without having been loaded."""
Told = Callable[[int], None]
"""Told the number of a partition that another process has taken."""

_CHUNK_BYTES = 4 << 20


class Loader:
    """Belongs to the event loop. `source` is the number of a partition."""

    def __init__(
        self,
        exporter: str,
        ledgers: Mapping[int, Ledger],
        run: Run,
        hand: Hand,
        ended: Ended,
        lost: Told = lambda _: None,
    ) -> None:
        self._exporter = exporter
        self._ledgers = ledgers
        self._run = run
        self._hand = hand
        self._ended = ended
        self._lost = lost

    async def waiting(self, source: int, after: int, room: int) -> Sequence[Waiting]:
        """What can be loaded next; nothing is."""
        ledger = self._ledgers[source]
        with await self._hand.reading():
            if self._ledgers.get(source) is not ledger:
                return ()
            found: Sequence[Waiting] = await self._run(ledger.waiting, self._exporter, after, min(room, _CHUNK_BYTES))
        return found

    async def load(self, source: int, after: int, waiting: Sequence[Waiting]) -> list[Pending]:
        """These, or the first of them if the worker died with one in hand; none when that was set aside, or the partition is gone."""
        ledger = self._ledgers[source]
        seqs = self._hand.together(source, [entry.seq for entry in waiting])
        if self._hand.load_strikes(source, seqs[0]) >= STRIKES:
            await self._set_aside(source, waiting[0])
            return []
        with await self._hand.loading(source, seqs):
            if self._ledgers.get(source) is not ledger:
                return []
            entries = await self._run(ledger.deliverable, self._exporter, after, _WHATEVER_SIZE, seqs[-1])
        return [Pending(source, entry) for entry in entries]

    async def piece(self, pending: Pending, start: int) -> Part:
        """Records of an entry that is never held whole."""
        content = pending.entry.content
        assert isinstance(content, StoredBatch)
        with await self._hand.loading(pending.source, [pending.entry.seq]):
            if pending.lost:
                return Part(pending, (), 0, 0, start)
            batch = await self._run(content.piece, start)
        return Part(pending, batch, len(batch), content_bytes(batch), start)

    async def _set_aside(self, source: int, entry: Waiting) -> None:
        ledger = self._ledgers[source]
        if self._hand.load_strikes(source, entry.seq) > STRIKES:
            end, outcome = ledger.give_up, f"{Outcome.DROPPED}:{POISON}"
        else:
            end, outcome = ledger.bury, str(Outcome.DEAD_LETTERED)
        with await self._hand.loading(source, [entry.seq]):
            if self._ledgers.get(source) is not ledger:
                return
            try:
                await self._run(end, self._exporter, entry.seq, POISON)
            except Lost:
                self._lost(source)
                return
        self._hand.settled(source, [Ack(entry.seq, {})])
        self._ended(outcome, entry.records)


_WHATEVER_SIZE = 1 << 62  # what is meant was said by the entries' numbers
