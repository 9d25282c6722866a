"""Documents whose layout depends on which fields a record has: laid out once a shape, filled a column at a time.

Records of one shape have the same fields in the same order, and the same resource and scope. There are few shapes, for
logs come from code. For each the layout is worked out in Python, and its slots are filled for all its records at once:

    {"@timestamp":▢,"http":{"method":▢,"status":▢},"service":{"name":"checkout"}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from collector.batch import LogBatch
from exporters.elasticsearch.layout import Field, Piece

Layout = Callable[[Sequence[Field]], list[Piece]]
Small = Sequence[Sequence[tuple[str, str]]]
"""For each row of a small table the (key, JSON text) of its fields."""
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the fields of documents come from, in the order in which later ones win.

    Args:
        before, after: key → one JSON text a record, null = absent. At most 64 together.
        resources, scopes: fields of each row of the small tables.
        rows: the records' own fields, as `fields` gives them.
    """

    before: dict[str, pl.Series]
    resources: Small
    scopes: Small
    rows: pl.DataFrame
    after: dict[str, pl.Series]


def documents(batch: LogBatch, sources: Sources, layout: Layout) -> pl.Series:
    """One JSON object a record."""
    counts = np.bincount(sources.rows.get_column("owner").to_numpy(), minlength=len(batch))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    shapes = _shapes(batch, sources, starts)
    if not shapes:
        return pl.Series("document", [], dtype=pl.String)
    parts = [_of_shape(batch, sources, layout, members, starts) for members in shapes]
    back = np.empty(len(batch), dtype=np.uint32)
    back[np.concatenate(shapes)] = np.arange(len(batch), dtype=np.uint32)
    return pl.concat(parts).gather(pl.Series(back)).rename("document")


def _shapes(batch: LogBatch, sources: Sources, starts: Positions) -> list[Positions]:
    """The records of each shape, as positions."""
    present = np.zeros(len(batch), dtype=np.uint64)
    for bit, column in enumerate([*sources.before.values(), *sources.after.values()]):
        present |= column.is_not_null().to_numpy().astype(np.uint64) << np.uint64(bit)
    shape = {
        "present": present,
        "resource": _same(batch.column("resource"), sources.resources),
        "scope": _same(batch.column("scope"), sources.scopes),
        "keys": _key_lists(sources.rows.get_column("key"), starts),
    }
    groups = pl.DataFrame(shape).with_row_index("row").group_by(list(shape)).agg("row")
    return [rows.to_numpy().astype(np.int64) for rows in groups.get_column("row")]


def _same(positions: pl.Series, rows: Small) -> pl.Series:
    """Positions in a small table, equal where the rows are."""
    first: dict[tuple[tuple[str, str], ...], int] = {}
    canonical = [first.setdefault(tuple(row), at) for at, row in enumerate(rows)]
    return pl.Series(canonical, dtype=pl.UInt32).gather(positions) if canonical else positions


def _key_lists(keys: pl.Series, starts: Positions) -> pl.Series:
    """For each record the codes of its keys, as bytes: equal lists are equal bytes."""
    codes = keys.rank("dense").cast(pl.UInt32).to_numpy()
    buffers = [None, pa.py_buffer((starts * 4).tobytes()), pa.py_buffer(codes.tobytes())]
    made = pl.from_arrow(pa.Array.from_buffers(pa.large_binary(), len(starts) - 1, buffers))
    assert isinstance(made, pl.Series)
    return made


def _of_shape(batch: LogBatch, sources: Sources, layout: Layout, members: Positions, starts: Positions) -> pl.Series:
    one = int(members[0])
    plan: list[Field] = []
    columns: list[pl.Series] = []

    def add(key: str, column: pl.Series) -> None:
        plan.append((key, len(columns)))
        columns.append(column)

    def add_present(given: dict[str, pl.Series]) -> None:
        for key, column in given.items():
            if column[one] is not None:
                add(key, column.gather(members))

    keys, texts = sources.rows.get_column("key"), sources.rows.get_column("text")
    add_present(sources.before)
    plan += sources.resources[batch.column("resource")[one]] if sources.resources else ()
    plan += sources.scopes[batch.column("scope")[one]] if sources.scopes else ()
    for offset in range(int(starts[one + 1] - starts[one])):
        add(keys[int(starts[one]) + offset], texts.gather(starts[members] + offset))
    add_present(sources.after)
    pieces = [pl.lit(piece) if isinstance(piece, str) else pl.lit(columns[piece]) for piece in layout(plan)]
    made = pl.select(pl.concat_str(pieces).alias("document")).to_series()
    return made if len(made) == len(members) else made.new_from_index(0, len(members))


def small(rows: pl.DataFrame, height: int) -> list[list[tuple[str, str]]]:
    """The fields of a small table, a list an owner."""
    listed: list[list[tuple[str, str]]] = [[] for _ in range(height)]
    for owner, key, text in rows.iter_rows():
        listed[owner].append((key, text))
    return listed
