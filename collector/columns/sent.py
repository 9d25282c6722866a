"""Records as they were received, beside the columns that were made of them: what nobody changed leaves as those bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Mask = npt.NDArray[np.bool_]
FIELDS = (
    "time_unix_nano", "observed_time_unix_nano", "severity_number", "severity_text", "body", "body_any", "trace_id", "span_id",
    "flags", "event_name", "dropped_attributes_count",
)  # fmt: skip
"""The columns of records that stand in a LogRecord itself."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent of each record of a batch, in the batch's order. Whoever uses it looks first whether it still says the same.

    Args:
        messages: Binary, a serialised LogRecord each.
        fields: what they say, as it was read: `FIELDS`.
        attributes: the very table of attributes of the batch. In another one others may stand.
        touched: where that has others than were sent; None: nowhere.
    """

    messages: pl.Series
    fields: pl.DataFrame
    attributes: pl.DataFrame
    touched: Mask | None = None

    def fits(self, height: int, attributes: pl.DataFrame) -> bool:
        """Whether it is known how a batch's attributes differ from those that were sent; derived ones come on top."""
        return self.attributes is attributes and len(self.messages) == height

    def at(self, rows: npt.NDArray[np.integer], attributes: pl.DataFrame) -> Sent:
        """Of the records at `rows`, whose attributes are that table now."""
        touched = None if self.touched is None else self.touched[rows]
        return Sent(self.messages[rows], self.fields[rows], attributes, touched)

    def slice(self, offset: int, length: int, attributes: pl.DataFrame) -> Sent:
        """Like `at`, of records that stand together."""
        touched = None if self.touched is None else self.touched[offset : offset + length]
        return Sent(self.messages.slice(offset, length), self.fields.slice(offset, length), attributes, touched)

    def touch(self, owners: npt.NDArray[np.integer], attributes: pl.DataFrame) -> Sent:
        """Some records have other attributes in a new table than in the one before."""
        touched = self._touched.copy()
        touched[owners] = True
        return Sent(self.messages, self.fields, attributes, touched)

    @property
    def _touched(self) -> Mask:
        return np.zeros(len(self.messages), dtype=np.bool_) if self.touched is None else self.touched

    def changed(self, records: pl.DataFrame) -> Mask:
        """Where a field, or an attribute in the table, says something else than what was sent."""
        found = self._touched.copy()
        for name in FIELDS:
            now, before = records.get_column(name), self.fields.get_column(name)
            if not now.equals(before):
                found |= now.ne_missing(before).to_numpy()
        return found

    @property
    def size_bytes(self) -> int:
        """Memory that is held beside that of the columns, which the fields share."""
        return int(self.messages.estimated_size())


def joined(parts: Sequence[Sent | None], attributes: pl.DataFrame) -> Sent | None:
    """Of batches below each other, whose attributes are that table now; None where it is not known of one of them."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    touched = None if all(part.touched is None for part in known) else np.concatenate([part._touched for part in known])
    messages, fields = pl.concat([part.messages for part in known]), pl.concat([part.fields for part in known])
    return Sent(messages, fields, attributes, touched)
