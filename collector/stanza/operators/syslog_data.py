"""Structured data of RFC 5424 as serialised maps by their ids, whole columns at a time.

`[id name="value" …][…]` → `{id: {name: value, …}, …}`. What stands in a row is the concatenation of its elements, and an element of its
parameters: columns of bytes, one behind the other, are one already, so only their bounds are new.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

import otlp_wire
from otlp_wire import framing

_NAME = r"[^\s=\]\"]+"
_VALUE = r"\"(?:[^\"\\]|\\.)*\""
_ELEMENTS = rf"\[{_NAME}(?: {_NAME}={_VALUE})*\]"
_PARAMETERS = rf" {_NAME}={_VALUE}"
_PARTS = rf"(?s)^ ({_NAME})=\"(.*)\"$"
_ESCAPED = r"\\([\"\\\]])"
_ELEMENT = re.compile(rf"\[({_NAME})((?: {_NAME}={_VALUE})*)\]", re.DOTALL)
_PARAMETER = re.compile(rf" ({_NAME})=\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_FIRST, _SECOND = b"\x0a", b"\x12"
"""Tags: AnyValue.string_value, KeyValueList.values, KeyValue.key (1); KeyValue.value (2)."""
Counts = npt.NDArray[np.int64]


def structured(text: str) -> dict[str, dict[str, str]]:
    """One of them."""
    return {
        match[1]: {name: re.sub(_ESCAPED, r"\1", value) for name, value in _PARAMETER.findall(match[2])}
        for match in _ELEMENT.finditer(text)
    }


def packed(texts: pl.Series) -> pl.Series:
    """Each as a serialised AnyValue; none is null."""
    elements = texts.str.extract_all(_ELEMENTS)
    in_row = elements.list.len().to_numpy().astype(np.int64)
    each = elements.list.explode(empty_as_null=False).cast(pl.String)
    parameters = each.str.extract_all(_PARAMETERS)
    in_element = parameters.list.len().to_numpy().astype(np.int64)
    ids = each.str.extract(rf"^\[({_NAME})")
    parts = parameters.list.explode(empty_as_null=False).cast(pl.String).str.extract_groups(_PARTS).struct.unnest()
    names, values = parts.get_columns()
    row, element = np.repeat(np.arange(len(texts)), in_row), np.repeat(np.arange(len(each)), in_element)
    if _twice(row, ids) or _twice(element, names):
        return pl.Series([otlp_wire.any_from_python(structured(text)) for text in texts.to_list()], dtype=pl.Binary)
    values = values.str.replace_all(_ESCAPED, "$1")
    maps = _map(_entries(names, framing.framed(_FIRST, values.cast(pl.Binary))), in_element)
    return _map(_entries(ids, maps), in_row)


def _twice(owner: Counts, names: pl.Series) -> bool:
    """Whether an owner has a name twice: the last counts, so it is done one by one."""
    different = names.unique()
    codes = names.replace_strict(different, pl.Series(np.arange(len(different))), return_dtype=pl.Int64).to_numpy()
    return len(names) > 0 and pl.Series(owner * len(different) + codes).n_unique() < len(names)


def _entries(names: pl.Series, values: pl.Series) -> pl.Series:
    """Key and value as an entry of a map; `values` are AnyValues."""
    return framing.framed(_FIRST, framing.framed(_FIRST, names.cast(pl.Binary)) + framing.framed(_SECOND, values))


def _map(entries: pl.Series, counts: Counts) -> pl.Series:
    """As many entries as each count says, as an AnyValue."""
    array = entries.to_arrow().cast(pa.large_binary())
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    bounds = (
        offsets[np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])]
        if len(array)
        else np.zeros(len(counts) + 1, dtype=np.int64)
    )
    buffers = [None, pa.py_buffer(bounds.tobytes()), array.buffers()[2] or pa.py_buffer(b"")]
    contents = pl.from_arrow(pa.Array.from_buffers(pa.large_binary(), len(counts), buffers))
    assert isinstance(contents, pl.Series)
    return framing.framed(framing.KVLIST, contents)
