"""Columns of bytes on protobuf's wire: what each row writes, made of whole columns. No object is made for a row.

    field of text    tag │ length │ tag │ length │ text          what stands in front of a content is one column, however much it is

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.integer]
Rows = npt.NDArray[np.int64]
Item: TypeAlias = "bytes | Numbers | pa.LargeBinaryArray"
"""The same bytes in each row; a number in each, as a varint; bytes of each row."""
_LARGE = pa.large_binary()


class Field(NamedTuple):
    """What stands in each row, one item behind the other, and how many bytes that are."""

    items: Sequence[Item]
    sizes: Rows

    def delimited(self, tag: bytes) -> Field:
        """Behind a tag and its length."""
        return Field([tag, self.sizes, *self.items], len(tag) + varint_sizes(self.sizes) + self.sizes)

    def behind(self, head: bytes) -> Field:
        """Behind the same bytes."""
        return Field([head, *self.items], len(head) + self.sizes)


def of_bytes(column: pa.Array) -> Field:
    """The bytes of each row of a column of text or bytes with 64-bit offsets; none where there is null."""
    whole = pa.Array.from_buffers(_LARGE, len(column), [None, *column.buffers()[1:]], offset=column.offset)
    return Field([whole], np.diff(offsets_of(whole)))


def of_numbers(tag: bytes, numbers: Numbers) -> Field:
    """A varint in each row. What is negative takes ten bytes, as protobuf has it."""
    return Field([tag, numbers], len(tag) + varint_sizes(numbers))


def of_fixed(tag: bytes, numbers: npt.NDArray[np.generic]) -> Field:
    """The bytes of each number, little-endian."""
    width = numbers.dtype.itemsize
    data = pa.py_buffer(np.ascontiguousarray(numbers))
    sizes = np.full(len(numbers), width)
    return Field([tag, _array(_offsets(sizes), data)], len(tag) + sizes)


def varint_sizes(numbers: Numbers) -> Rows:
    """Bytes of each number as a varint."""
    values = numbers.astype(np.uint64, copy=False)
    found = np.ones(len(values), dtype=np.int64)
    most = int(values.max(initial=0))
    for bits in range(7, 64, 7):
        if most >> bits == 0:
            break
        found += values >= np.uint64(1 << bits)
    return found


def joined(items: Iterable[Item], height: int) -> pa.LargeBinaryArray:
    """One behind the other."""
    parts: list[Any] = []
    for plain, group in groupby(items, lambda item: not isinstance(item, pa.LargeBinaryArray)):
        found = list(group)
        parts += [_heads(found, height)] if plain else found
    if all(isinstance(part, pa.LargeBinaryScalar) for part in parts):
        return pa.repeat(pa.scalar(b"".join(part.as_py() for part in parts), _LARGE), height)
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, pa.scalar(b"", _LARGE))


def _heads(items: Sequence[bytes | Numbers], height: int) -> pa.LargeBinaryArray | pa.LargeBinaryScalar:
    if all(isinstance(item, bytes) for item in items):
        return pa.scalar(b"".join(items), _LARGE)  # type: ignore[arg-type]
    sizes = [None if isinstance(item, bytes) else varint_sizes(item) for item in items]
    widths = [len(item) if size is None else int(size.max(initial=1)) for item, size in zip(items, sizes, strict=True)]
    cells = np.empty((height, sum(widths)), dtype=np.uint8)
    kept: npt.NDArray[np.bool_] | None = None
    at = 0
    for item, size, width in zip(items, sizes, widths, strict=True):
        if isinstance(item, bytes):
            cells[:, at : at + width] = np.frombuffer(item, dtype=np.uint8)
        else:
            assert size is not None
            _write_varints(cells[:, at : at + width], item, size)
            if (size < width).any():
                kept = np.ones(cells.shape, dtype=np.bool_) if kept is None else kept
                kept[:, at : at + width] = np.arange(width) < size[:, None]
        at += width
    whole = sum(width if size is None else size for size, width in zip(sizes, widths, strict=True))
    return _array(_offsets(np.asarray(whole)), pa.py_buffer(cells if kept is None else cells[kept]))


def _write_varints(cells: npt.NDArray[np.uint8], numbers: Numbers, sizes: Rows) -> None:
    values = numbers.astype(np.uint64, copy=False)
    for at in range(cells.shape[1]):
        more = (sizes > at + 1).astype(np.uint8) << 7
        cells[:, at] = (values >> np.uint64(7 * at)).astype(np.uint8) & 0x7F | more


def _offsets(sizes: Rows) -> Rows:
    found = np.empty(len(sizes) + 1, dtype=np.int64)
    found[0] = 0
    np.cumsum(sizes, out=found[1:])
    return found


def _array(offsets: Rows, data: pa.Buffer) -> pa.LargeBinaryArray:
    return pa.Array.from_buffers(_LARGE, len(offsets) - 1, [None, pa.py_buffer(offsets), data])


def spread(column: pa.LargeBinaryArray, rows: Rows, height: int) -> pa.LargeBinaryArray:
    """In these rows (ascending) of so many; nothing stands in the others. Copies no byte."""
    begins = offsets_of(column)
    sizes = np.zeros(height, dtype=np.int64)
    sizes[rows] = np.diff(begins)
    return _array(begins[0] + _offsets(sizes), column.buffers()[2])


def merged(column: pa.LargeBinaryArray, ends: Rows) -> pa.LargeBinaryArray:
    """One row of all up to each end: what belongs together stands together already. Copies no byte."""
    return _array(offsets_of(column)[ends], column.buffers()[2])


def offsets_of(column: pa.LargeBinaryArray) -> Rows:
    """Where each row begins in the bytes of all, and where the last one ends."""
    whole = np.frombuffer(column.buffers()[1], dtype=np.int64)
    return whole[column.offset : column.offset + len(column) + 1]
