"""A domain's share of the journal: one whose entries are not read must not close the door to the others."""

from __future__ import annotations

from collections.abc import Callable

from collector.journal.append import Append

_ACTIVE_SECS = 60.0  # a domain is active this long after its last request


class Shares:
    """Who is active, and who holds too much. `share_bytes` counts space on disk, or what the entries cost if that is more."""

    def __init__(self, share_bytes: float) -> None:
        self._share_bytes = share_bytes
        self._last_seen: dict[str, float] = {}

    def divide(
        self, group: list[Append], space_of: Callable[[str], int], now: float
    ) -> tuple[list[Append], list[tuple[str, Append]]]:
        """The requests that may stay, and those of a domain over its share while others are active.

        Args:
            space_of: what a domain holds now.
        """
        for request in group:
            for domain in request.weights:
                self._last_seen[domain] = now
        held: dict[str, int] = {}
        kept: list[Append] = []
        over: list[tuple[str, Append]] = []
        for request in group:
            full = self._over(request, held, space_of, now)
            if full is None:
                kept.append(request)
                for domain, weight in request.weights.items():
                    held[domain] += weight
            else:
                over.append((full, request))
        return kept, over

    def _over(self, request: Append, held: dict[str, int], space_of: Callable[[str], int], now: float) -> str | None:
        for domain, weight in request.weights.items():
            if domain not in held:
                held[domain] = space_of(domain)
            if held[domain] + weight > self._share_bytes and self._others_active(domain, now):
                return domain
        return None

    def _others_active(self, domain: str, now: float) -> bool:
        return any(other != domain and now - seen < _ACTIVE_SECS for other, seen in self._last_seen.items())
