"""Entries as they are written: an entry may have 256 KB, so a longer text becomes several, which Google shows as one.

"insertId":"<id>.0","split":{"uid":"<id>","index":0,"totalSplits":3},"textPayload":"…"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.documents import quoted
from collector.documents.json_text import quoted_name
from exporters.googlecloud.payloads import Payloads

MOST_BYTES = 256_000
"""Of an entry."""
_ROOM = 1024
"""With less beside a text cutting it helps nobody."""


class Entries(NamedTuple):
    """`texts`: JSON. `owners`: of each entry the record's position in the batch; None: the same."""

    texts: pl.Series
    owners: npt.NDArray[np.uint32] | None


def split(heads: pl.Series, ids: pl.Series, payload: Payloads, most_bytes: int = MOST_BYTES) -> Entries:
    """`heads`: all of each entry but id and payload, without braces."""
    texts = _whole(heads, ids, payload)
    large = (heads.str.len_bytes() + payload.text.str.len_bytes().fill_null(0) > most_bytes).arg_true()
    if not len(large):
        return Entries(texts, None)
    parts = [
        (row, part)
        for row in large  # the oversized few
        for part in _parts(heads[row], ids[row], payload.text[row], most_bytes)
    ]
    rows, pieces = zip(*parts, strict=True) if parts else ((), ())
    whole = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "text": texts})
    made = pl.DataFrame({"row": pl.Series(rows, dtype=pl.UInt32), "text": pl.Series(pieces, dtype=pl.String)})
    kept = whole.join(made, on="row", how="anti", maintain_order="left")
    flat = pl.concat([kept, made]).sort("row", maintain_order=True)
    return Entries(flat.get_column("text"), flat.get_column("row").to_numpy())


def _whole(heads: pl.Series, ids: pl.Series, payload: Payloads) -> pl.Series:
    text = pl.concat_str(pl.lit(',"textPayload":'), pl.lit(quoted(payload.text)))
    structure = pl.concat_str(pl.lit(',"jsonPayload":'), pl.lit(payload.structure))
    pieces = [pl.lit("{"), pl.lit(heads), pl.lit(',"insertId":'), pl.lit(quoted(ids)), text, structure, pl.lit("}")]
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).alias("entry")).to_series()


def _parts(head: str, ident: str, text: str, most_bytes: int) -> Iterator[str]:
    """Nothing where the rest of the entry leaves no room: Google says so then."""
    room = most_bytes - len(head.encode())
    pieces = list(_cut(text.encode(), room)) if room >= _ROOM else []
    for index, piece in enumerate(pieces):
        which = f'"uid":{quoted_name(ident)},"index":{index},"totalSplits":{len(pieces)}'
        named = f'"insertId":{quoted_name(f"{ident}.{index}")},"split":{{{which}}}'
        yield f'{{{head},{named},"textPayload":{quoted_name(piece)}}}'


def _cut(text: bytes, room: int) -> Iterator[str]:
    """Pieces of at most `room` bytes, cut between characters."""
    start = 0
    while start < len(text):
        end = min(start + room, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[start:end].decode()
        start = end
