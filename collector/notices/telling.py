"""What exporters of notices have in common: they take notifications that are addressed to them, one group a request, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from collector.batch import LogBatch
from collector.notices.notice import GROUP, NOTIFICATION, SEQUENCE, STATUS, Notice, notices_of


class Tells:
    """Base of such exporters. Of the notices of a group that wait only the newest is sent: it says how things stand. Digests are about a period
    each: none of them takes another's place."""

    takes_events: ClassVar[Sequence[str]] = (NOTIFICATION,)
    addressed: ClassVar[bool] = True

    def one_request_per(self, batch: LogBatch) -> pl.Series:
        """A group; of digests each."""
        groups, sequences = (batch.attribute_text(key) for key in (GROUP, SEQUENCE))
        return (groups + "/" + sequences).zip_with(_digests(batch), groups)

    def order_by(self, batch: LogBatch) -> pl.Series:
        """By group: its end must not overtake its beginning."""
        return batch.attribute_text(GROUP)

    def version(self, batch: LogBatch) -> pl.Series:
        """The sequence; none of digests."""
        numbers = batch.attribute_text(SEQUENCE).cast(pl.Int64, strict=False)
        return numbers.set(_digests(batch), None)


def _digests(batch: LogBatch) -> pl.Series:
    return batch.attribute_text(STATUS).eq_missing("digest")


def newest(batch: LogBatch) -> Notice | None:
    """The last word about the group of a request; None: there is no notice in it."""
    return max(notices_of(batch), key=lambda one: one.sequence, default=None)
