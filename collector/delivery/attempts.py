"""How often each record of a request was sent in vain, for verdicts that limit it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from collector.delivery.reading import Reading
from collector.timeline import UNWATCHED, Timeline


class Attempts:
    """Counts the answers `Retry` with a limit for each record, over partial retries. Halves begin anew.

    Args:
        records: of the request.
        timeline: what it spends its time on.

    `begun`: it was sent before.
    """

    def __init__(self, records: int, timeline: Timeline | None = None) -> None:
        self.begun = False
        self.timeline = timeline or UNWATCHED.begin("")
        self._in_vain = np.zeros(records, dtype=np.int64)

    def judged(self, reading: Reading) -> Reading:
        """The reading of the next answer, with the records that are over their limit rejected."""
        if not reading.limited:
            return reading
        rejected, retry = list(reading.rejected), reading.retry
        for items, at_most, reason in reading.limited:
            self._in_vain[items] += 1
            over = items[self._in_vain[items] > at_most]
            if len(over):
                rejected.append((over, f"{reason} (attempt {at_most + 1} was the last)"))
                retry = np.setdiff1d(retry, over)
        return replace(reading, rejected=rejected, retry=retry)

    def left(self, reading: Reading) -> None:
        """Only the records to send again remain."""
        self._in_vain = self._in_vain[reading.retry]
