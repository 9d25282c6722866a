"""Is the journal so full that everything is refused? What health says must be what senders see."""

from __future__ import annotations

from collector.journal.limits import JournalStatistics

_LEAST_BYTES = 512 << 10
_ENOUGH_BYTES = 8 << 20


class Fullness:
    """Looks at a journal's statistics again and again.

    Full: requests were refused for want of room since the last look, and none was taken. That ends when one is taken,
    or, since a balancer that was told 503 sends nothing more, when there is room again for large requests.
    """

    def __init__(self) -> None:
        self._taken = 0
        self._refused = 0
        self._full = False

    def look(self, state: JournalStatistics) -> bool:
        """Whether everything is refused now."""
        room = state.budget_bytes - state.bytes_in_use
        took, refused = state.committed_requests > self._taken, state.refused_full > self._refused
        self._taken, self._refused = state.committed_requests, state.refused_full
        if took or room >= min(_ENOUGH_BYTES, state.budget_bytes // 4):
            self._full = False
        elif refused or room < min(_LEAST_BYTES, state.budget_bytes // 16):
            self._full = True
        return self._full
