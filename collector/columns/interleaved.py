"""Texts made of columns and of constants, a row each: all pieces of all rows are neighbours, so their bytes are copied once.

pieces   '{"at":"'   times   '"'   Member(',"who":"', names, '"')   '}'
row 0    {"at":"     12.5    "     ,"who":"  Ada  "                 }
row 1    {"at":"     12.7    "     (null: nothing of the member)    }
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from collector.columns.text_buffers import ranges, text_bytes


@dataclass(frozen=True, slots=True)
class Member:
    """A column with constants around it, that are only there where the column is not null."""

    before: str
    texts: pl.Series
    after: str = ""


Piece = str | pl.Series | Member
"""A constant, a column (null is empty), or both."""


def joined(pieces: Sequence[Piece], height: int) -> pl.Series:
    """One text a row, never null; a single column is given back as it is."""
    if len(pieces) == 1 and isinstance(pieces[0], pl.Series):
        return pieces[0]
    neighbours, width = _neighbours(pieces, height)
    return ranges(neighbours, np.arange(height + 1, dtype=np.int64) * width)


def joined_bytes(pieces: Sequence[Piece], height: int) -> bytes:
    """The same, all rows one after the other."""
    return text_bytes(_neighbours(pieces, height)[0])


def _neighbours(pieces: Sequence[Piece], height: int) -> tuple[pl.Series, int]:
    """All pieces of all rows, and how many a row has."""
    parts = list(_merged(_flat(pieces)))
    constants = {"": 0}
    for part in parts:
        for text in (part,) if isinstance(part, str) else (part.before, part.after):
            constants.setdefault(text, len(constants))
    columns = [part.texts.alias("") for part in parts if not isinstance(part, str)]
    pool = pl.concat([pl.Series("", list(constants), dtype=pl.String), *columns], rechunk=True)
    width = sum(1 if isinstance(part, str) else 1 + bool(part.before) + bool(part.after) for part in parts)
    places = np.empty((height, width), dtype=np.uint32)
    rows = np.arange(height, dtype=np.uint32)
    at, start = 0, len(constants)
    for part in parts:
        if isinstance(part, str):
            places[:, at] = constants[part]
            at += 1
            continue
        there = part.texts.is_not_null().to_numpy() if part.texts.has_nulls() else None
        for place in (constants[part.before], start + rows, constants[part.after]):
            if isinstance(place, int) and not place:
                continue
            places[:, at] = place if there is None else np.where(there, place, 0)  # bytes may stand behind a null
            at += 1
        start += height
    return pool[pl.Series(places.ravel())], width


def _flat(pieces: Sequence[Piece]) -> Iterator[str | Member]:
    """Members of which every row has one, or none, as constants and columns."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
            continue
        member = piece if isinstance(piece, Member) else Member("", piece)
        missing = member.texts.null_count()
        if missing == len(member.texts):
            continue
        if missing:
            yield member
        else:
            yield from (member.before, Member("", member.texts), member.after)


def _merged(parts: Iterator[str | Member]) -> Iterator[str | Member]:
    """Neighbouring constants as one."""
    constant = ""
    for part in parts:
        if isinstance(part, str):
            constant += part
            continue
        if constant:
            yield constant
        yield part
        constant = ""
    if constant:
        yield constant
