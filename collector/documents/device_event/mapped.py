"""A line of a format's mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collector.documents.device_event import readings
from collector.documents.device_event.facts import ELSEWHERE, FACTS
from collector.documents.device_event.pieces import Pieces
from collector.documents.device_event.readings import Reading
from collector.documents.device_event.sources import Attributes, Source


@dataclass(frozen=True, slots=True)
class Mapped:
    """A fact of `facts.py` and the keys that its reading fills; "" where the format has no key for it."""

    fact: str
    keys: tuple[str, ...]
    reading: Reading = readings.text

    def fill(self, pieces: Pieces, attributes: Attributes) -> None:
        """Add what the batch has of it."""
        for source in attributes.sources(FACTS[self.fact]):
            for key, values in zip(self.keys, self.reading(source.values), strict=True):
                if key:
                    pieces.add(key, Source(source.owners, source.codes, values))


def shown(lines: Iterable[Mapped]) -> frozenset[str]:
    """The attributes that an event of these lines shows, so that they are no extra ones."""
    return ELSEWHERE.union(*(FACTS[line.fact] for line in lines))
