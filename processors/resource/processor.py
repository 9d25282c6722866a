"""The behaviour of `resource`."""

from __future__ import annotations

import numpy as np

from collector.batch import LogBatch
from collector.component import Context, Work
from collector.ottl.actions import act
from collector.ottl.plain.places import Level
from collector.ottl.statements.frame import Frame
from processors.resource.config import ResourceConfig


class Resource:
    """Touches the small table of resources alone, however many records there are."""

    def __init__(self, config: ResourceConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._actions = config.attributes

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch with other attributes of its resources. Resources that become equal stay apart."""
        if not len(batch):
            return batch
        frame = Frame(batch)
        act(frame, Level.RESOURCE, self._actions, np.arange(frame.height(Level.RESOURCE)))
        return frame.done()
