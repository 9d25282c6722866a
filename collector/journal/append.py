"""What waits for its commit: the payloads of one request, and whom to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.disk.chunks import occupied_bytes
from collector.journal.entry import Durable, Payload
from collector.journal.layout import HEADER_BYTES
from collector.journal.positions import MOST_POSITION_BYTES, MOST_SOURCE_BYTES
from collector.journal.price import weight_of


@dataclass(frozen=True, slots=True)
class Append:
    """Payloads that become durable together. `size`: bytes of bodies; `space`: the most they occupy on disk; `weight`: what
    they count in their domain's share."""

    payloads: Sequence[Payload]
    size: int
    space: int
    weight: int
    done: Durable

    @classmethod
    def of(cls, payloads: Sequence[Payload], done: Durable) -> Append:
        size = space = weight = 0
        for payload in payloads:
            length = len(payload.body)
            size += length
            space += occupied_bytes(HEADER_BYTES + length)
            if payload.position is not None:
                space += occupied_bytes(MOST_SOURCE_BYTES + MOST_POSITION_BYTES)
            weight += weight_of(length, payload.dearness, HEADER_BYTES)
        return cls(payloads, size, space, weight, done)
