"""A line of a format's mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from collector.documents.device_event import readings
from collector.documents.device_event.pieces import Pieces
from collector.documents.device_event.readings import Reading
from collector.documents.device_event.sources import Attributes, Source
from collector.documents.facts.names import ELSEWHERE, FACTS


class Side(Enum):
    """Of a conversation: who called, who was called."""

    CALLING = "calling"
    CALLED = "called"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A fact of `facts.py` and the keys that its reading fills; "" where the format has no key for it.

    `of`: only in records that this side of a conversation wrote.
    """

    fact: str
    keys: tuple[str, ...]
    reading: Reading = readings.text
    of: Side | None = None

    def fill(self, pieces: Pieces, attributes: Attributes) -> None:
        """Add what the batch has of it."""
        for found in attributes.sources(FACTS[self.fact]):
            source = found
            if self.of:
                source = found.only(attributes.calling if self.of is Side.CALLING else ~attributes.calling)
            for key, values in zip(self.keys, self.reading(source.values), strict=True):
                if key:
                    pieces.add(key, Source(source.owners, source.codes, values))


def shown(lines: Iterable[Mapped]) -> frozenset[str]:
    """The attributes that an event of these lines shows, so that they are no extra ones."""
    return ELSEWHERE.union(*(FACTS[line.fact] for line in lines))


def ends(
    source: tuple[str, ...], destination: tuple[str, ...], ports: tuple[str, str], address: Reading
) -> tuple[Mapped, ...]:
    """The lines of both ends of a conversation; what names an end outright counts more than who the peer was.

    Args:
        source, destination: keys that `address` fills.
        ports: of the source, of the destination.
    """
    return tuple(
        line
        for end in (_end("source", source, ports[0], address), _end("destination", destination, ports[1], address))
        for line in end
    )


def _end(name: str, keys: tuple[str, ...], port: str, address: Reading) -> Iterator[Mapped]:
    peer, own = (Side.CALLED, Side.CALLING) if name == "source" else (Side.CALLING, Side.CALLED)
    for what, filled, reading in (("address", keys, address), ("port", (port,), readings.port)):
        yield Mapped(f"local {what}", filled, reading, own)
        yield Mapped(f"peer {what}", filled, reading, peer)
        yield Mapped(f"{name} {what}", filled, reading)
