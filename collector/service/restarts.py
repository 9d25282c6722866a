"""How the restarts of one place go: how long to wait before the next, and whether there is hope."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_SECS = 0.1
MAX_PAUSE_SECS = 5.0
SHORT_LIFE_SECS = 10.0
HOPELESS = 5  # starts in a row that never got ready
SHORT_LIVED = 8  # children in a row that got ready and died soon: poison is set aside after five


@dataclass(slots=True)
class Restarts:
    """The deaths in one place (an ingest slot, a worker).

    Args:
        never_ready: starts in a row that did not get ready.
        short_lives: children in a row that got ready and died soon after.
    """

    never_ready: int = 0
    short_lives: int = 0

    def hopeless(self, served_secs: float | None) -> bool:
        """It fails again and again, and the child that has served so long (None: is not ready) does not show otherwise."""
        if self.never_ready >= HOPELESS and served_secs is None:
            return True
        return self.short_lives >= SHORT_LIVED and (served_secs or 0.0) < SHORT_LIFE_SECS

    def in_a_row(self, served_secs: float | None) -> int:
        """Deaths without a child between them that served for a while; 0 once the present one does."""
        return 0 if (served_secs or 0.0) >= SHORT_LIFE_SECS else self.never_ready + self.short_lives

    def pause_after(self, served_secs: float | None) -> float:
        """A child died after it had served so long (None: never); seconds to wait before the next start.

        One that served for a while is replaced almost at once; a place that fails again and again waits longer and
        longer, so that a full disk is not met by a loop of starting processes.
        """
        if served_secs is None:
            self.never_ready += 1
        elif served_secs < SHORT_LIFE_SECS:
            self.never_ready, self.short_lives = 0, self.short_lives + 1
        else:
            self.never_ready = self.short_lives = 0
        # The first death of a child that served is most likely an accident.
        step = self.never_ready + max(0, self.short_lives - 1)
        return float(min(FIRST_PAUSE_SECS * 2**step, MAX_PAUSE_SECS))
