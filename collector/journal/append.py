"""What waits for its commit: the payloads of one request, and whom to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.disk.chunks import occupied_bytes
from collector.journal.entry import Durable, Payload
from collector.journal.layout import HEADER_BYTES
from collector.journal.positions import MOST_POSITION_BYTES, MOST_SOURCE_BYTES
from collector.journal.price import price_from


class Append(NamedTuple):
    """Payloads that become durable together. `size`: bytes of bodies; `space`: the most they occupy on disk; `weights`: what
    they count in the shares of their domains (as `weight_of`)."""

    payloads: Sequence[Payload]
    size: int
    space: int
    weights: Mapping[str, int]
    done: Durable

    @classmethod
    def of(cls, payloads: Sequence[Payload], done: Durable) -> Append:
        size = space = 0
        weights: dict[str, int] = {}
        for payload in payloads:
            domain, length, dearness = payload.domain, len(payload.body), payload.dearness
            occupied = occupied_bytes(HEADER_BYTES + length)
            size += length
            space += occupied
            if payload.position is not None:
                space += (1 + len(payload.besides)) * occupied_bytes(MOST_SOURCE_BYTES + MOST_POSITION_BYTES)
            weight = max(occupied, price_from(length, dearness)) if dearness else occupied
            weights[domain] = weights.get(domain, 0) + weight
        return cls(payloads, size, space, weights, done)
