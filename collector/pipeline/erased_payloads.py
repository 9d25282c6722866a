"""A payload without the records of an erasure."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import xxhash

import otlp_wire
from collector.batch import LogBatch
from collector.errors import Damaged
from collector.journal.entry import Entry
from collector.pipeline.decode import decode


def payload_without(entry: Entry, taken: Callable[[LogBatch], pl.Series]) -> Entry | None:
    """The payload as OTLP without the records that are taken; None: nothing is left; the same: none of them is in it.

    Raises:
        Damaged: it is none that can be decoded, so nobody can tell.
    """
    if entry.damaged:
        raise Damaged("the payload is not what was accepted")
    decoded = decode([entry])
    if decoded.dead_letters:
        raise Damaged(decoded.dead_letters[0].reason)
    going = taken(decoded.batch)
    if not going.any():
        return entry
    rest = decoded.batch.filter(~going).compact()
    if not len(rest):
        return None
    body = otlp_wire.encode(rest)
    return entry._replace(
        body=body,
        records=len(rest),
        digest=xxhash.xxh3_128_digest(body),
        price=0,
        first=0,
        rest=0,
        text=False,
        provenance="",
    )
