"""The behaviour of `attributes`."""

from __future__ import annotations

import numpy as np

from collector.batch import LogBatch
from collector.component import Context, Work
from collector.ottl.actions import act
from collector.ottl.plain.places import Level
from collector.ottl.statements.frame import Frame
from processors.attributes.config import AttributesConfig


class Attributes:
    """Each action is one operation on columns; values are looked at once for each distinct one."""

    def __init__(self, config: AttributesConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._actions = config.actions
        self._include = config.include.matcher() if config.include else None
        self._exclude = config.exclude.matcher() if config.exclude else None

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch with other attributes."""
        if not len(batch):
            return batch
        frame = Frame(batch)
        wanted = np.ones(len(batch), dtype=np.bool_)
        if self._include is not None:
            wanted &= self._include.mask(frame)
        if self._exclude is not None:
            wanted &= ~self._exclude.mask(frame)
        if wanted.any():
            act(frame, Level.RECORD, self._actions, np.flatnonzero(wanted))
        return frame.done()
