"""Documents whose layout depends on which fields a record has: laid out once a shape, filled a column at a time.

Records of one shape have the same fields in the same order. There are few shapes, for logs come from code. For each the
layout is worked out in Python, and its slots are filled for all its records at once:

    {"@timestamp":▢,"http":{"method":▢,"status":▢},"service":{"name":▢,"version":▢}}
                                                    └─ of one layer: joined once a resource
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import polars as pl

from collector.documents.nested.layers import Layer, Positions
from collector.documents.nested.layout import Field, Piece

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
    shapes = _shapes(layers, height)
    parts = [_of_shape(layers, layout, members) for members in shapes]
    if len(parts) < 2:
        return parts[0] if parts else pl.Series("document", [], dtype=pl.String)
    back = np.empty(height, dtype=np.uint32)
    back[np.concatenate(shapes)] = np.arange(height, dtype=np.uint32)
    return pl.concat(parts, rechunk=True).gather(pl.Series(back))


def _shapes(layers: Sequence[Layer], height: int) -> list[Positions]:
    """The records of each shape, as positions."""
    told = [shape if layer.place is None else shape.gather(layer.place) for layer in layers for shape in layer.shapes()]
    if not told:
        return [np.arange(height)] if height else []
    frame = pl.DataFrame([shape.alias(str(at)) for at, shape in enumerate(told)])
    groups = frame.with_row_index(_ROW).group_by(frame.columns).agg(_ROW)
    return [rows.to_numpy().astype(np.int64) for rows in groups.get_column(_ROW)]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A field of one layer; `number` as the layer counts."""

    layer: int
    number: int


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a layer that some records have: distinct `rows`, and for each record which of them; None = its own."""

    rows: Positions
    back: Positions | None


def _of_shape(layers: Sequence[Layer], layout: Layout, members: Positions) -> pl.Series:
    found = [_rows(layer, members) for layer in layers]
    slots: list[_Slot] = []
    keys: list[str] = []
    for at, (layer, rows) in enumerate(zip(layers, found, strict=True)):
        for key, number in layer.slots(int(rows.rows[0])):
            keys.append(key)
            slots.append(_Slot(at, number))
    pieces = [piece if isinstance(piece, str) else slots[piece] for piece in _laid_out(layout, keys)]
    runs = groupby(_with_layer(pieces, layers), key=lambda pair: pair[0])
    made = [one for at, run in runs for one in _filled(layers, found, at, [piece for _, piece in run])]
    joined = pl.select(pl.concat_str(made).alias("document")).to_series()
    return joined if len(joined) == len(members) else joined.new_from_index(0, len(members))


def _rows(layer: Layer, members: Positions) -> _Rows:
    if layer.place is None:
        return _Rows(members, None)
    rows, back = np.unique(layer.place.gather(members).to_numpy(), return_inverse=True)
    return _Rows(rows.astype(np.int64), back)


def _laid_out(layout: Layout, keys: list[str]) -> Sequence[Piece]:
    """Shapes come again in the next batch; long keys are somebody's data, and not remembered."""
    if sum(map(len, keys)) > _REMEMBERED_KEY_CHARACTERS:
        return layout([(key, at) for at, key in enumerate(keys)])
    return _remembered(layout, tuple(keys))


@lru_cache(maxsize=1024)
def _remembered(layout: Layout, keys: tuple[str, ...]) -> tuple[Piece, ...]:
    return tuple(layout([(key, at) for at, key in enumerate(keys)]))


def _with_layer(pieces: Sequence[str | _Slot], layers: Sequence[Layer]) -> Iterator[tuple[int, str | _Slot]]:
    """Each piece with the layer it is written with, -1 for those whose rows are the records; text goes with the slot
    before it."""
    current = -1
    for piece in pieces:
        if isinstance(piece, _Slot):
            current = -1 if layers[piece.layer].place is None else piece.layer
        yield current, piece


def _filled(
    layers: Sequence[Layer], found: Sequence[_Rows], at: int, pieces: Sequence[str | _Slot]
) -> Iterator[pl.Expr]:
    """The text of a run of pieces, in parts."""
    parts = _parts(layers, found, pieces)
    back = None if at < 0 else found[at].back
    if back is None:
        yield from parts
        return
    text = pl.select(pl.concat_str(list(parts)).alias("text")).to_series()
    yield pl.lit(text.item()) if len(text) == 1 else pl.lit(text.gather(back))


def _parts(layers: Sequence[Layer], found: Sequence[_Rows], pieces: Sequence[str | _Slot]) -> Iterator[pl.Expr]:
    constant = ""
    for piece in pieces:
        if isinstance(piece, str):
            constant += piece
            continue
        text = layers[piece.layer].text(piece.number, found[piece.layer].rows)
        quote = '"' if text.quotes else ""
        if constant or quote:
            yield pl.lit(constant + quote)
        yield pl.lit(text.texts)
        constant = quote
    if constant:
        yield pl.lit(constant)
