"""Fields by their paths: `body.x`, `attributes.y.z`, where `\\\\.` is a point in a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from collector.ottl.actions import changed
from collector.ottl.plain.places import ATTRIBUTES, BODY, Level, Place
from collector.ottl.statements.frame import Frame
from collector.ottl.statements.pool import Cells

_POINT = re.compile(r"(?<!\\)\.")


@dataclass(frozen=True, slots=True)
class Field:
    """What lies at `path` in the values of `place`; without a place it is all attributes."""

    place: Place | None
    path: tuple[str, ...]


def field_of(text: str) -> Field:
    """The field of a path as it is written."""
    first, *path = (part.replace("\\.", ".") for part in _POINT.split(text))
    if first == BODY:
        return Field(Place(Level.RECORD, BODY), tuple(path))
    return Field(Place(Level.RECORD, ATTRIBUTES, path[0]), tuple(path[1:])) if path else Field(None, ())


def take_out(frame: Frame, fields: Sequence[Field]) -> None:
    """Take fields out of all records."""
    rows = np.arange(frame.height(Level.RECORD))
    gone = np.full(len(rows), -1, dtype=np.int64)
    for field in fields:
        if field.place is None:
            for name in frame.maps(Level.RECORD, ATTRIBUTES).names():
                frame.write(Place(Level.RECORD, ATTRIBUTES, name), rows, gone)
        elif field.path:
            changed(frame, field.place, rows, partial(_without, path=field.path))
        else:
            frame.write(field.place, rows, gone)


def read(frame: Frame, field: Field) -> Cells:
    """The value of a field for each record; None where there is none."""
    if field.place is None:
        return frame.read(Place(Level.RECORD, ATTRIBUTES))
    cells = frame.read(field.place)
    return Cells(cells.codes, [_at(value, field.path) for value in cells.values]) if field.path else cells


def _without(value: Any, path: Sequence[str]) -> Any:
    """The value itself where nothing lies at the path."""
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: inner for key, inner in value.items() if key != path[0]}
    inner = _without(value[path[0]], path[1:])
    return value if inner is value[path[0]] else {**value, path[0]: inner}


def _at(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
