"""A batch as one encoded batch a domain, and back: each table is put in order once, and cut where the domains change.

What `LogBatch.filter` and `concat` do for a domain at a time costs as much as the records of hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.ipc

from collector.batch import LogBatch
from collector.ledger import codec

_LEVELS = (
    ("resource", "resources", "resource_attributes"),
    ("scope", "scopes", "scope_attributes"),
    ("payload", "payloads", ""),
)
_OWNERS = (("attributes", "records"), ("resource_attributes", "resources"), ("scope_attributes", "scopes"))
Positions = npt.NDArray[np.int64]


def encoded_by_domain(batch: LogBatch) -> Iterator[tuple[str, int, bytes]]:
    """Domain, number of records, and these as `codec.encode_batch` writes them, with nothing of another domain's; in the order of
    their first records. Records without a domain are of the domain ``."""
    domains = batch.column("domain").fill_null("")
    names = domains.unique(maintain_order=True).to_list()
    if len(names) < 2:
        yield from ((name, len(batch), codec.encode_batch(batch)) for name in names)
        return
    ranks = domains.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy()
    tables, heights = _in_order(batch, ranks, len(names))
    cuts = {name: np.concatenate([[0], np.cumsum(of)]).tolist() for name, of in heights.items()}
    arrows = {name: codec.arrow_of(frame) for name, frame in tables.items()}
    pieces = {
        name: [arrows[name].slice(begin, end - begin) for begin, end in pairwise(cuts[name])] if frame.width else None
        for name, frame in tables.items()
    }
    counts = heights["records"].tolist()
    for rank, name in enumerate(names):
        own = [None if (some := pieces[table]) is None else some[rank] for table in codec.EMPTY]
        yield name, counts[rank], codec.encode_tables(own)


def decoded_together(parts: Sequence[bytes]) -> LogBatch:
    """The batches of several domains as one. Raises `Damaged`."""
    if not parts:
        return LogBatch.empty()
    with codec.reading():
        found = [dict(codec.streams(part)) for part in parts]
        read = {name: [_read(each[name]) for each in found] for name in codec.EMPTY}
        heights = {
            name: np.array([0 if each is None else each.num_rows for each in some]) for name, some in read.items()
        }
        frames: dict[str, Any] = {name: _frame(name, some) for name, some in read.items()}
        for table, owner in _OWNERS:
            frames[table] = _moved(frames[table], "owner", heights[table], heights[owner])
        for level, table, _ in _LEVELS:
            frames["records"] = _moved(frames["records"], level, heights["records"], heights[table])
        return LogBatch(**frames)


@dataclass(frozen=True, slots=True)
class _Used:
    """The rows of a small table that each domain uses, one domain's after the other's.

    Args:
        rows: positions in the table; one that two domains use is there twice.
        own: the position of each among those of its domain.
        heights: how many each domain has.
    """

    rows: Positions
    own: Positions
    heights: Positions
    ranks: Positions


def _in_order(batch: LogBatch, ranks: Positions, domains: int) -> tuple[dict[str, pl.DataFrame], dict[str, Positions]]:
    """Every table, by domain, with positions that count within the domain; and how many rows of each are each domain's."""
    order = ranks.argsort(kind="stable")
    together = replace(batch, sent=None).gather(pl.Series(order))
    ranks = ranks[order]
    counts = np.bincount(ranks, minlength=domains)
    starts = np.cumsum(counts) - counts
    attributes = together.attributes.sort("owner", maintain_order=True)
    owners = attributes.get_column("owner").to_numpy().astype(np.int64)
    of_owners = ranks[owners]
    tables = {
        "records": together.records,
        "attributes": attributes.with_columns(pl.Series("owner", owners - starts[of_owners], dtype=pl.UInt32)),
        "derived": together.derived,
    }
    heights = {"records": counts, "derived": counts, "attributes": np.bincount(of_owners, minlength=domains)}
    for level, table, owned in _LEVELS:
        small: pl.DataFrame = getattr(batch, table)
        used, positions = _used(together.records.get_column(level), small.height, ranks, domains)
        tables["records"] = tables["records"].with_columns(positions)
        tables[table], heights[table] = small[used.rows], used.heights
        if owned:
            tables[owned], heights[owned] = _owned(getattr(batch, owned), small.height, used, domains)
    return tables, heights


def _used(level: pl.Series, height: int, ranks: Positions, domains: int) -> tuple[_Used, pl.Series]:
    there = level.is_not_null().to_numpy()
    wanted = level.drop_nulls().to_numpy().astype(np.int64)
    known, places = np.unique(ranks[there] * height + wanted, return_inverse=True)
    of, rows = np.divmod(known, max(1, height))
    heights = np.bincount(of, minlength=domains)
    own = np.arange(len(known)) - (np.cumsum(heights) - heights)[of]
    positions = np.zeros(len(ranks), dtype=np.int64)
    positions[there] = own[places]
    column = pl.Series(level.name, positions, dtype=pl.UInt32)
    return _Used(rows, own, heights, of), column if there.all() else column.set(pl.Series(~there), None)


def _owned(table: pl.DataFrame, height: int, used: _Used, domains: int) -> tuple[pl.DataFrame, Positions]:
    """The attributes of the rows that are used, behind each other."""
    owners = table.get_column("owner").to_numpy().astype(np.int64)
    by_owner = owners.argsort(kind="stable")
    numbers = np.bincount(owners, minlength=height)
    begins = (np.cumsum(numbers) - numbers)[used.rows]
    each = numbers[used.rows]
    before = np.cumsum(each) - each
    rows = by_owner[np.repeat(begins - before, each) + np.arange(each.sum())]
    renamed = table[rows].with_columns(pl.Series("owner", np.repeat(used.own, each), dtype=pl.UInt32))
    return renamed, np.bincount(np.repeat(used.ranks, each), minlength=domains)


def _read(stream: pa.Buffer | None) -> Any:
    return None if stream is None else pa.ipc.open_stream(stream).read_all()


def _frame(name: str, read: Sequence[Any]) -> pl.DataFrame:
    there = [each for each in read if each is not None]
    return codec.frame_of(pa.concat_tables(there)).rechunk() if there else codec.EMPTY[name]


def _moved(frame: pl.DataFrame, column: str, heights: Positions, of: Positions) -> pl.DataFrame:
    """Positions within a domain's table as those of the whole one."""
    if not frame.height:
        return frame
    by = pl.Series(np.repeat(np.cumsum(of) - of, heights), dtype=pl.UInt32)
    return frame.with_columns((frame.get_column(column) + by).alias(column))
