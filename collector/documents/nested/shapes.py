"""Documents whose layout depends on which fields a record has: laid out once a shape, filled for all its records at once.

Records of one shape have the same fields in the same order. There are few shapes, for logs come from code. For each the
layout is worked out in Python:

    {"@timestamp":▢,"http":{"method":▢,"status":▢},"service":{"name":▢,"version":▢}}
                                                   └─ fields of one layer: joined once a resource

All texts of all layers, and those between the slots, stand in one pool. A document is a list of positions in it, so that
no text is touched until all documents are joined in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

import numpy as np
import polars as pl

from collector.documents.nested.layers import Layer, Positions
from collector.documents.nested.layout import Field, Piece
from collector.documents.nested.pool import Pool, joined, table

Layout = Callable[[Sequence[Field]], list[Piece]]
_ROW = "row"
_REMEMBERED_KEY_CHARACTERS = 4096


def documents(layers: Sequence[Layer], layout: Layout, height: int) -> pl.Series:
    """One JSON object for each of `height` records.

    Args:
        layers: in the order in which later ones win.
        layout: how the fields of a record become an object; a function of the keys alone, and always the same object,
            for its results are remembered.
    """
    pool = Pool(layers)
    shapes = _shapes(layers, height)
    if not shapes:
        return pl.Series("document", [], dtype=pl.String)
    plans = [_plan(layers, layout, pool, members) for members in shapes]
    runs = [run for plan in plans for run in plan if isinstance(run, _Run)]
    texts = pool.texts()
    if runs:
        starts = np.cumsum([0, *(len(run.table) for run in runs)]) + len(texts)
        for run, start in zip(runs, starts.tolist(), strict=False):
            run.start = start
        texts = pl.concat([texts, joined(texts, [run.table for run in runs])], rechunk=True)
    tables = [table(map(_positions, plan), len(members)) for plan, members in zip(plans, shapes, strict=True)]
    made = joined(texts, tables)
    back = np.empty(height, dtype=np.uint32)
    back[np.concatenate(shapes)] = np.arange(height, dtype=np.uint32)
    return made.gather(pl.Series(back)).alias("document")


def _shapes(layers: Sequence[Layer], height: int) -> list[Positions]:
    """The records of each shape, as positions."""
    told = [shape if layer.place is None else shape.gather(layer.place) for layer in layers for shape in layer.shapes()]
    if not told:
        return [np.arange(height)] if height else []
    frame = pl.DataFrame([shape.alias(str(at)) for at, shape in enumerate(told)])
    groups = frame.with_row_index(_ROW).group_by(frame.columns).agg(_ROW)
    return [rows.to_numpy().astype(np.int64) for rows in groups.get_column(_ROW)]


@dataclass(slots=True)
class _Run:
    """Pieces with fields of one layer: their positions for each of its rows, and for each record its row. `start` is
    where the joined texts of the rows are."""

    table: Positions
    back: Positions
    start: int = field(default=0)


_Plan = Sequence["int | Positions | _Run"]
"""The pieces of the documents of a shape: a constant, a position a record, or a run."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A field of one layer; `number` as the layer counts."""

    layer: int
    number: int


def _plan(layers: Sequence[Layer], layout: Layout, pool: Pool, members: Positions) -> _Plan:
    rows, back = zip(*(_rows(layer, members) for layer in layers), strict=True)
    keyed = [
        (key, _Slot(at, number)) for at, layer in enumerate(layers) for key, number in layer.slots(int(rows[at][0]))
    ]
    slots = [slot for _, slot in keyed]
    pieces = [
        piece if isinstance(piece, str) else slots[piece] for piece in _laid_out(layout, [key for key, _ in keyed])
    ]
    plan: list[int | Positions | _Run] = []
    for at, run in groupby(_with_layer(pieces, layers), key=lambda pair: pair[0]):
        filled = list(_filled(layers, pool, rows, [piece for _, piece in run]))
        plan += filled if at < 0 else [_Run(table(filled, len(rows[at])), back[at])]
    return plan


def _rows(layer: Layer, members: Positions) -> tuple[Positions, Positions]:
    """The rows of the layer that the records have, each once, and for each record which of them."""
    if layer.place is None:
        return members, members
    rows, back = np.unique(layer.place.to_numpy()[members], return_inverse=True)
    return rows.astype(np.int64), back


def _laid_out(layout: Layout, keys: list[str]) -> Sequence[Piece]:
    """Shapes come again in the next batch; long keys are somebody's data, and not remembered."""
    if sum(map(len, keys)) > _REMEMBERED_KEY_CHARACTERS:
        return layout([(key, at) for at, key in enumerate(keys)])
    return _remembered(layout, tuple(keys))


@lru_cache(maxsize=1024)
def _remembered(layout: Layout, keys: tuple[str, ...]) -> tuple[Piece, ...]:
    return tuple(layout([(key, at) for at, key in enumerate(keys)]))


def _with_layer(pieces: Sequence[str | _Slot], layers: Sequence[Layer]) -> Iterator[tuple[int, str | _Slot]]:
    """Each piece with the layer it is joined in, -1 for those whose rows are the records; text goes with the slot
    before it."""
    current = -1
    for piece in pieces:
        if isinstance(piece, _Slot):
            current = -1 if layers[piece.layer].place is None else piece.layer
        yield current, piece


def _filled(
    layers: Sequence[Layer], pool: Pool, rows: Sequence[Positions], pieces: Sequence[str | _Slot]
) -> Iterator[int | Positions]:
    """The pieces as positions; quotes join the constants around them."""
    constant = ""
    for piece in pieces:
        if isinstance(piece, str):
            constant += piece
            continue
        layer, own = layers[piece.layer], rows[piece.layer]
        quote = '"' if layer.quotes_around(piece.number, int(own[0])) else ""
        if constant or quote:
            yield pool.constant(constant + quote)
        yield pool.starts[piece.layer] + layer.at(piece.number, own)
        constant = quote
    if constant:
        yield pool.constant(constant)


def _positions(piece: int | Positions | _Run) -> int | Positions:
    return piece.start + piece.back if isinstance(piece, _Run) else piece
