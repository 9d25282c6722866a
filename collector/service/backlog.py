"""Backlogs of levels that failed go to those that are well: connectors say which, the ledger moves them, some of it each second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from collector.component import MovesBacklog
from collector.errors import StorageError
from collector.ledger.interface import Ledger
from collector.pipeline.network import Network

_log = logging.getLogger("logboom.worker")
_LOOK_SECS = 1.0


class Backlogs:
    """Of one partition."""

    def __init__(self, ledger: Ledger, network: Network, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._movers = [each for each in network.connectors.values() if isinstance(each, MovesBacklog)]
        self._clock = clock
        self._looked_at = -_LOOK_SECS
        self._told: set[str] = set()

    def look(self, now_unix_nano: int) -> int:
        """Move what is to move; records. Each second is enough, and once more at once while there is something."""
        if not self._movers or self._clock() < self._looked_at + _LOOK_SECS:
            return 0
        moves = {pipeline: to for mover in self._movers for pipeline, to in mover.moves(now_unix_nano).items()}
        self._told &= moves.keys()
        moved = 0
        for pipeline, targets in moves.items():
            try:
                records = self._ledger.move(pipeline, targets)
            except StorageError as error:  # it stays where it is
                _log.warning("the backlog of pipeline %s can't be moved: %s", pipeline, error)
                continue
            if records and pipeline not in self._told:
                self._told.add(pipeline)
                _log.warning("the backlog of pipeline %s moves to %s", pipeline, ", ".join(targets))
            moved += records
        self._looked_at = self._clock() if not moved else -_LOOK_SECS
        return moved
