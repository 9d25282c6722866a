"""The records that are held of a domain, as state: written behind each other, read once, when they go.

meta            JSON {"seeds": [low, high], "begun": ns, "next": number of the next piece}
content/<n>     the first of each group that a batch began, as `collector.ledger.codec` writes batches
counts/<n>      what the batch adds to each group: `_ROW`s; `row` is the record's place in `content/<n>`, -1 where the group was there

Which groups are there is remembered by this process alone: after a restart, or a step that was tried again, a group's record is written once more.
Of a group the first that was written goes on; the counts are the sum, so they are exact whatever happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from collector.batch import LogBatch, concat
from collector.component import State
from collector.ledger.codec import decode_batch, encode_batch
from processors.log_dedup.identity import Keys, Seeds

_META, _CONTENT, _COUNTS = b"meta", b"content/", b"counts/"
_ROW = np.dtype(
    [("low", "<u8"), ("high", "<u8"), ("records", "<i8"), ("first", "<i8"), ("last", "<i8"), ("row", "<i4")]
)
Nanos = npt.NDArray[np.int64]


class Group(NamedTuple):
    """Of each record that goes on: how many it stands for, and when the first and the last of them came, in ns."""

    records: Nanos
    first: Nanos
    last: Nanos


@dataclass(slots=True)
class _Known:
    """The groups that are there when the state says that `piece` of the interval with these seeds is next."""

    seeds: Seeds
    piece: int
    groups: set[tuple[int, int]] = field(default_factory=set)


class Held:
    """Of all domains; one thread uses it."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def add(
        self, state: State, domain: str, batch: LogBatch, keys: Callable[[Seeds], Keys], seen: Nanos, now_unix_nano: int
    ) -> int:
        """Hold records of a domain that were seen then; when the interval began, in ns."""
        meta = orjson.loads(state.get(_META) or b"null") or {
            "seeds": [secrets.randbits(63), secrets.randbits(63)], "begun": now_unix_nano, "next": 0,
        }  # fmt: skip
        seeds, piece = (meta["seeds"][0], meta["seeds"][1]), meta["next"]
        groups = _grouped(keys(seeds), seen)
        known = self._known.get(domain)
        if known is None or (known.seeds, known.piece) != (seeds, piece):
            known = _Known(seeds, piece)
        pairs = list(zip(groups["low"].to_list(), groups["high"].to_list(), strict=True))
        new = np.array([pair not in known.groups for pair in pairs], dtype=np.bool_)
        rows = np.where(new, np.cumsum(new) - 1, -1)
        if new.any():
            begins = groups.get_column("row").filter(pl.Series(new))
            state.put(_CONTENT + b"%08x" % piece, encode_batch(batch.gather(begins).compact()))
        state.put(_COUNTS + b"%08x" % piece, _rows(groups, rows).tobytes())
        state.put(_META, orjson.dumps({**meta, "next": piece + 1}))
        known.groups.update(pairs)
        self._known[domain] = _Known(seeds, piece + 1, known.groups)
        return int(meta["begun"])

    def take(self, state: State, domain: str) -> tuple[LogBatch, Group]:
        """All that is held of a domain, one record a group, in the order in which they came; nothing of it is held any more."""
        self._known.pop(domain, None)
        counts, contents = state.scan(_COUNTS), dict(state.scan(_CONTENT))
        parts, batches, height = [np.empty(0, dtype=_ROW)], [], 0
        for name, value in counts:
            rows = np.frombuffer(value, dtype=_ROW).copy()
            content = contents.get(_CONTENT + name.removeprefix(_COUNTS))
            if content is not None:
                rows["row"][rows["row"] >= 0] += height
                batches.append(decode_batch(content))
                height += len(batches[-1])
            parts.append(rows)
        for name in (*contents, *(name for name, _ in counts), _META):
            state.delete(name)
        return _summed(concat(batches), np.concatenate(parts))


def _grouped(keys: Keys, seen: Nanos) -> pl.DataFrame:
    """A row a group: its first record's `row`, how many `records`, and when they came."""
    frame = pl.DataFrame({"low": keys.low, "high": keys.high, "seen": seen}).with_row_index("row")
    return frame.group_by("low", "high", maintain_order=True).agg(
        pl.col("row").first(),
        pl.len().alias("records"),
        pl.col("seen").min().alias("first"),
        pl.col("seen").max().alias("last"),
    )


def _rows(groups: pl.DataFrame, rows: Nanos) -> npt.NDArray[np.void]:
    found = np.empty(groups.height, dtype=_ROW)
    for name in ("low", "high", "records", "first", "last"):
        found[name] = groups.get_column(name).to_numpy()
    found["row"] = rows
    return found


def _summed(batch: LogBatch, rows: npt.NDArray[np.void]) -> tuple[LogBatch, Group]:
    frame = pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()})
    groups = frame.group_by("low", "high", maintain_order=True).agg(
        pl.col("records").sum(),
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("row").filter(pl.col("row") >= 0).first(),
    )
    columns = [groups.get_column(name).to_numpy() for name in ("records", "first", "last")]
    return batch.gather(groups.get_column("row")), Group(*columns)
