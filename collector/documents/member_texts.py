"""Attribute tables as members of JSON objects.

Each attribute becomes a piece of text; the pieces of one owner are neighbours in the text column's buffer, so an
object is a range of that buffer and nothing has to be joined:

    piece    {"method":"GET"   ,"status":200   ,"path":"/"}   {"method":"PUT"  …
    owner    0                 0               0              1
    object   └──────────────── 0 ───────────────────────────┘ └──── 1 ───── …

A piece is three texts of one pool: what stands before its value, which few keys make, the value, and what closes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.columns.text_buffers import ranges
from collector.documents.json_text import IS_QUOTED, PLAIN, Style, escaped, values

_EMPTY = pl.Series([""])
_FEW = 512
_NEIGHBOURS = 32
"""Owners with more attributes than this are looked through for repeated keys by hashing, not by comparing."""


def table_members(
    table: pl.DataFrame, height: int, style: Style = PLAIN, *, opening: str = ",", closing: str = ""
) -> pl.Series:
    """An attribute table as members: for each of `height` owners `,"key":value,"key":value…`, or an empty string.

    Args:
        opening: stands before an owner's first member.
        closing: stands behind its last one.
    """
    if not table.height:
        return _EMPTY.new_from_index(0, height)
    table = one_of_each_key(table)
    ends = np.zeros(height + 1, dtype=np.int64)
    np.cumsum(np.bincount(table.get_column("owner").to_numpy(), minlength=height), out=ends[1:])
    return ranges(_pieces(table, ends, style, opening, closing), ends * 3)


def _pieces(table: pl.DataFrame, ends: npt.NDArray[np.int64], style: Style, opening: str, closing: str) -> pl.Series:
    """What stands before each value, the value, and what stands behind it. An owner's attributes are `ends[i]:ends[i + 1]`."""
    found = values(table, style)
    quoted = IS_QUOTED[found.kinds]
    names, codes = _names(table.get_column("key"), style)
    first, last = np.zeros((2, table.height), dtype=np.uint32)
    begins = np.flatnonzero(ends[1:] > ends[:-1])
    quote = style.quote
    befores = (",",) if opening == "," else (",", opening)
    first[ends[begins]], last[ends[begins + 1] - 1] = 2 * (len(befores) - 1), 2
    heads = _heads(names, befores, ("", quote))
    tails = [f"{mark}{behind}" for behind in ("", closing) for mark in ("", quote)]
    pool = pl.concat([heads, pl.Series("", tails, dtype=pl.String), found.texts.alias("")], rechunk=True)
    places = np.empty((table.height, 3), dtype=np.uint32)
    places[:, 0] = codes + (first + quoted) * np.uint32(len(names))
    places[:, 1] = found.place + np.uint32(len(heads) + len(tails))
    places[:, 2] = last + quoted + np.uint32(len(heads))
    return pool[pl.Series(places.ravel())]


def _heads(names: pl.Series, befores: Sequence[str], marks: Sequence[str]) -> pl.Series:
    """Each name between what may stand before and behind it. Ids as keys are as many as records: those never become objects of Python."""
    if len(names) <= _FEW:  # a query costs as much as some hundred strings
        named = names.to_list()
        heads = [f"{before}{name}:{mark}" for before in befores for mark in marks for name in named]
        return pl.Series("", heads, dtype=pl.String)
    kinds = [pl.concat_str(pl.lit(before), pl.lit(names), pl.lit(f":{mark}")) for before in befores for mark in marks]
    return pl.concat([pl.select(kind).to_series().alias("") for kind in kinds])


def _names(keys: pl.Series, style: Style) -> tuple[pl.Series, npt.NDArray[np.uint32]]:
    """The distinct keys in quotes, and for each row which of them it has."""
    coded = keys.alias("").to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    distinct = pl.from_arrow(coded.dictionary)
    assert isinstance(distinct, pl.Series)
    quote = style.quote
    named = escaped(distinct, style).alias("name")
    names = pl.select(pl.concat_str(pl.lit(quote), pl.lit(named), pl.lit(quote))).to_series()
    return names, coded.indices.to_numpy().astype(np.uint32)


def one_of_each_key(table: pl.DataFrame) -> pl.DataFrame:
    """An attribute table ordered by owner, of each owner's repeated keys the first alone."""
    return _first_of_each_key(_by_owner(table)) if table.height else table


def _by_owner(table: pl.DataFrame) -> pl.DataFrame:
    """The attributes with those of an owner together. They mostly are; edits append at the end of the table."""
    owners = table.get_column("owner").to_numpy()
    if (owners[1:] >= owners[:-1]).all():
        return table
    return table[np.argsort(owners, kind="stable")]


def _first_of_each_key(table: pl.DataFrame) -> pl.DataFrame:
    """Leave out attributes whose key their owner had before. Repeats are rare, so looking for them must be cheap:
    hashes of keys are compared with those of their next neighbours, and only a hit pays for the exact answer."""
    owners = table.get_column("owner").to_numpy()
    most = int(np.bincount(owners).max())
    if most <= _NEIGHBOURS and not _may_repeat(owners, table.get_column("key").hash().to_numpy(), most):
        return table
    return table.unique(["owner", "key"], keep="first", maintain_order=True)


def _may_repeat(owners: npt.NDArray[np.uint32], hashes: npt.NDArray[np.uint64], most: int) -> bool:
    marks = hashes ^ (owners.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return any(bool((marks[distance:] == marks[:-distance]).any()) for distance in range(1, most))
