"""What exporters of notices have in common: they take notifications that are addressed to them, one group a request, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from collector.batch import LogBatch
from collector.notices.notice import GROUP, NOTIFICATION, Notice, notices_of


class Tells:
    """Base of such exporters. Notices of a group that waited together are one request: the newest says what the others did."""

    takes_events: ClassVar[Sequence[str]] = (NOTIFICATION,)
    addressed: ClassVar[bool] = True

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """A group."""
        return batch.attribute_text(GROUP)

    def order_by(self, batch: LogBatch) -> pl.Series:
        """By group: its end must not overtake its beginning."""
        return batch.attribute_text(GROUP)


def newest(batch: LogBatch) -> Notice | None:
    """The last word about the group of a request; None: there is no notice in it."""
    return max(notices_of(batch), key=lambda one: one.sequence, default=None)
