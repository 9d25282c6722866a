"""One partition that is read: what was fetched and is not on disk yet, in order, and how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

import xxhash

from collector.admission.steps import Arrival
from collector.errors import InvalidPayload, TooLarge
from collector.journal.positions import Position
from collector.journal.provenance import MOST_STRETCHES, Provenance
from collector.receivers.kafka.facts import MessageFacts
from collector.receivers.kafka.messages import ReadMessage, joined, looked_into, records_in
from otlp_wire import Received

_MOST_BYTES, _MOST_RECORDS = 1 << 20, 8192
_OFFSET, _NUMBER, _EPOCH = Struct("<Q"), Struct("<I"), Struct("<i")


class PlacedMessage(NamedTuple):
    """A message, what it is alike with, the offset behind it, how many bytes it is, when it was put there (ms since the epoch, 0: nobody
    told), and under which leader (-1: nobody told)."""

    taken: ReadMessage
    facts: MessageFacts
    behind: int
    size: int
    unix_ms: int = 0
    leader_epoch: int = -1

    def follows(self, other: PlacedMessage) -> bool:
        """Whether it tells its place together with the one before it, as far as that is known."""
        same = (self.taken.records, self.unix_ms) == (other.taken.records, other.unix_ms)
        return same and not self.taken.unread and self.behind == other.behind + 1


class Run(NamedTuple):
    """Messages that become one entry of the journal. `why`: it is one that can't be decoded. `places`: (offset, records, ms) of each; under one
    leader, all of them."""

    received: Received
    facts: MessageFacts
    behind: int
    why: str = ""
    places: Sequence[tuple[int, int, int]] = ()
    leader_epoch: int = -1


class Partition:
    """Not safe by itself: under the receiver's lock, but for its constants.

    Args:
        source: by which the journal knows it: group, topic (by its id), number.
        start: the offset of the first message to be read.
    """

    def __init__(self, topic: str, number: int, source: bytes, start: int) -> None:
        self.topic, self.number, self.source = topic, number, source
        self.next = self.durable = start
        """Behind what was fetched; behind what is on disk."""
        self.told = -1
        """What the group was told."""
        self.waiting_bytes = 0
        self.under_way: Run | None = None
        self.sent = self.gone = self.paused = False
        self.retry_at = 0.0
        self.refused = ""
        """Why what comes next is not taken; empty: it is."""
        self._parts: deque[PlacedMessage] = deque()

    def put(self, part: PlacedMessage) -> None:
        """One more message."""
        self._parts.append(part)
        self.next = part.behind
        self.waiting_bytes += part.size

    def run(self) -> Run | None:
        """What is to be handed over; the same until it is `kept`."""
        if self.under_way is None and self._parts:
            self.under_way = self._run()
        return self.under_way

    def kept(self) -> None:
        """The run under way is on disk."""
        assert self.under_way is not None
        self.durable, self.under_way, self.refused = self.under_way.behind, None, ""

    def drop(self) -> None:
        """It is somebody else's: nothing of it is handed over any more."""
        self.gone = True
        self._parts.clear()
        self.waiting_bytes = 0

    def arrival(self, receiver: str, run: Run) -> Arrival:
        """The run with its place."""
        position = position_of(self.source, run.behind)
        digest = xxhash.xxh3_128_digest(receiver.encode() + position.source + position.position)
        received = run.received
        # What an unclean election took back is written anew at the same offsets, by another leader: that is not the same.
        source = self.source + _EPOCH.pack(run.leader_epoch)
        provenance = Provenance.of(xxhash.xxh3_64_hexdigest(source), run.places)
        return Arrival(
            receiver, run.facts, received.body, read=lambda _: received, digest=digest, position=position, held=True,
            include_metadata=True, provenance=provenance,
        )  # fmt: skip

    def _run(self) -> Run:
        parts = self._alike()
        first = parts[0]
        try:
            received = joined([part.taken for part in parts], first.facts.resource)
        except (InvalidPayload, TooLarge):
            self._parts.extendleft(part._replace(taken=looked_into(part.taken)) for part in reversed(parts))
            return self._run()
        self.waiting_bytes -= sum(part.size for part in parts)
        places = _places(parts, received.records)
        return Run(received, first.facts, parts[-1].behind, first.taken.why, places, first.leader_epoch)

    def _alike(self) -> list[PlacedMessage]:
        """As many messages as may share an entry."""
        first = self._parts.popleft()
        found, size, records, stretches = [first], first.size, max(1, first.taken.records), 1
        while self._parts and not first.taken.why:
            part = self._parts[0]
            size, records = size + part.size, records + max(1, part.taken.records)
            same = (part.facts, part.leader_epoch, part.taken.unread) == (
                first.facts,
                first.leader_epoch,
                first.taken.unread,
            )
            stretches += not part.follows(found[-1])
            if (
                not same
                or part.taken.why
                or size > _MOST_BYTES
                or records > _MOST_RECORDS
                or stretches > MOST_STRETCHES
            ):
                break
            found.append(self._parts.popleft())
        return found


def _places(parts: Sequence[PlacedMessage], records: int) -> Sequence[tuple[int, int, int]]:
    if len(parts) == 1:
        return [(parts[0].behind - 1, records, parts[0].unix_ms)]
    return [(part.behind - 1, records_in(part.taken), part.unix_ms) for part in parts]


def source_of(group: str, topic_id: bytes, number: int) -> bytes:
    """28 bytes: a group that begins anew, and a topic that was made anew, are another source."""
    return xxhash.xxh3_64_digest(group.encode()) + topic_id + _NUMBER.pack(number)


def position_of(source: bytes, behind: int) -> Position:
    """How far a partition was read."""
    return Position(source, _OFFSET.pack(behind))


def offset_of(position: bytes | None) -> int:
    """The offset to go on at; -1: none is known."""
    return int(_OFFSET.unpack(position)[0]) if position is not None else -1
