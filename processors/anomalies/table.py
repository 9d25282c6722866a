"""Columns that grow: a numpy array for each field, a row for each subject. What is kept of a domain is a few of these.

On disk a table is chunks of `CHUNK_ROWS` rows, each the rows' bytes field after field, so that what has not changed is not written
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK_ROWS = 256
Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


class Table:
    """Rows of named fields, all zero when they are made.

    Args:
        fields: name → numpy type, and the shape of one row's value.
    """

    def __init__(self, fields: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
        self._fields = dict(fields)
        self._room = {name: np.zeros((0, *shape), dtype) for name, (dtype, shape) in self._fields.items()}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """All rows of a field: a view, which is written through."""
        return self._room[name][: self._rows]

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return sum(array.nbytes for array in self._room.values())

    def add(self, rows: int) -> range:
        """Make so many rows; their positions."""
        start, end = self._rows, self._rows + rows
        for name, array in self._room.items():
            if end > len(array):
                grown = np.zeros((max(64, 2 * end), *array.shape[1:]), array.dtype)
                grown[:start] = array[:start]
                self._room[name] = grown
        self._rows = end
        return range(start, end)

    def keep(self, rows: Mask) -> None:
        """Forget all other rows; those that stay close up."""
        kept = int(rows.sum())
        for name in self._room:
            self._room[name] = np.ascontiguousarray(self[name][rows])
        self._rows = kept

    def chunks(self) -> list[bytes]:
        """The rows as bytes."""
        starts = range(0, self._rows, CHUNK_ROWS)
        return [b"".join(self[name][i : i + CHUNK_ROWS].tobytes() for name in self._fields) for i in starts]

    def load(self, chunks: list[bytes]) -> None:
        """Take rows that `chunks` gave, in their order."""
        width = sum(self._bytes_of(name) for name in self._fields)
        for chunk in chunks:
            rows, offset = len(chunk) // width, 0
            place = self.add(rows)
            for name, (dtype, shape) in self._fields.items():
                taken = rows * self._bytes_of(name)
                values = np.frombuffer(chunk[offset : offset + taken], dtype).reshape(rows, *shape)
                self._room[name][place.start : place.stop] = values
                offset += taken

    def _bytes_of(self, name: str) -> int:
        dtype, shape = self._fields[name]
        return int(np.dtype(dtype).itemsize * np.prod(shape, dtype=np.int64))
