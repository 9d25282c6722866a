"""Records of a person, or of a domain, leave an archive: the objects that hold them are written anew without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from collector.archive.catalog import Catalog, Listed
from collector.archive.records import batch_of
from collector.archive.rewriting import rewritten, tables
from collector.batch import LogBatch
from collector.component import ErasedSlice, Erasure, FoundSlice
from collector.privacy.subjects import held_by
from collector.store.rows import Limits, rows

_MEMORY = 32 << 20
_JSON = ("scope_attributes", "attributes", "resource", "truncated")


def erase(catalog: Catalog, erasure: Erasure, after: str, data: str, folder: Path) -> ErasedSlice:
    """The next object of the domain behind `after`, of whoever wrote it. Raises `TargetError`, `ArchiveError`, OSError."""
    listed = _next(catalog, erasure.domain, after)
    if listed is None:
        return ErasedSlice(0, None)
    found = sum(int(held_by(batch_of(table), erasure).sum()) for table in tables(catalog, listed))
    if found and not erasure.counts_only:
        rewritten(catalog, [listed], data, folder, _MEMORY, lambda table: _others(table, erasure))
    return ErasedSlice(found, listed.path)


def find_subject(catalog: Catalog, erasure: Erasure, after: str) -> FoundSlice:
    """What the next object holds of them, as rows of the store."""
    listed = _next(catalog, erasure.domain, after)
    if listed is None:
        return FoundSlice((), None)
    found: list[dict[str, Any]] = []
    for table in tables(catalog, listed):
        batch = batch_of(table)
        found += _documents(batch.filter(held_by(batch, erasure)))
    return FoundSlice(found, listed.path)


def _next(catalog: Catalog, domain: str, after: str) -> Listed | None:
    """By name: what is written anew stands behind or before the place, and holds nothing of them any more."""
    return min((each for each in catalog.all_of(domain) if each.path > after), key=lambda each: each.path, default=None)


def _others(table: pa.Table, erasure: Erasure) -> pa.Array:
    return pa.array((~held_by(batch_of(table), erasure)).to_numpy())


def _documents(batch: LogBatch) -> Iterator[dict[str, Any]]:
    if not len(batch):
        return
    for row in rows(batch, Limits()).iter_rows(named=True):
        yield {name: orjson.loads(value) if name in _JSON and value else value for name, value in row.items()}
