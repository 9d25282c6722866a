"""Protobuf's length-delimited fields, put on and taken off whole columns of bytes.

A field of wire type 2 is `tag, length, content`; tags below 16 take one byte and lengths a varint. Headers are computed
once per distinct length.
"""

from __future__ import annotations

import polars as pl

from otlp_wire.wire_fields import varint

ARRAY, KVLIST, BYTES, ENTITY_REF = b"\x2a", b"\x32", b"\x3a", b"\x1a"
"""Tags: AnyValue.array_value (5), kvlist_value (6), bytes_value (7), Resource.entity_refs (3)."""


def framed(tag: bytes, contents: pl.Series) -> pl.Series:
    """Each value as a field: tag, length, content; null stays null."""
    sizes = contents.bin.size()
    return _headers(tag, sizes, {size: size for size in sizes.drop_nulls().unique()}) + contents


def unframed(tag: bytes, fields: pl.Series) -> pl.Series:
    """The contents of values that are exactly one field with this tag; null for all others."""
    sizes = fields.bin.size()
    headers = _headers(tag, sizes, {size: _content_size(size) for size in sizes.drop_nulls().unique()})
    frame = pl.DataFrame({"field": fields, "header": headers})
    whole = pl.col("field").bin.starts_with(pl.col("header"))
    content = pl.col("field").bin.slice(pl.col("header").bin.size())
    return frame.select(pl.when(whole).then(content).alias(fields.name)).to_series()


def _headers(tag: bytes, sizes: pl.Series, content_size: dict[int, int]) -> pl.Series:
    headers = [tag + varint(max(size, 0)) for size in content_size.values()]
    return sizes.replace_strict(list(content_size), headers, default=None, return_dtype=pl.Binary)


def _content_size(field_size: int) -> int:
    """The size of the content of a field of `field_size` bytes with a one-byte tag."""
    for header in range(2, 7):
        if len(varint(max(field_size - header, 0))) == header - 1:
            return field_size - header
    return 0
