"""A request's body, for destinations that limit how large one may be."""

from __future__ import annotations

from dataclasses import dataclass

from collector.outcomes import Split
from collector.transport.http_answers import NotSent


@dataclass(frozen=True, slots=True)
class SizedBody:
    """A compressed body (as far as it is compressed), and its size before that."""

    content: bytes
    size_bytes: int

    def check(self, most_bytes: int) -> None:
        """Raise NotSent when it is larger, by either size: it is halved without asking a destination that would refuse."""
        if max(self.size_bytes, len(self.content)) > most_bytes:
            raise NotSent(Split(f"{self.size_bytes} bytes: a call takes {most_bytes}", too_large=True))
