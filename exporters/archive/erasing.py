"""Records of a person, or of a domain, leave an archive: the objects that hold them are written anew without them.

An old object is deleted by the slice behind the one that wrote it anew, when its number of records is told: who dies before that finds the
object again, and tells the same number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from collector.archive.catalog import Catalog, Listed
from collector.archive.records import batch_of
from collector.archive.rewriting import leftovers, tables, written_anew
from collector.archive.sealing import Opening
from collector.batch import LogBatch
from collector.component import ErasedSlice, Erasure, FoundSlice
from collector.encryption import Keys
from collector.privacy.subjects import held_by
from collector.store.rows import Limits, rows

_MEMORY = 32 << 20
_DELETE = "delete "
_DAY_HOURS, _EPOCH = 24, date(1970, 1, 1)
_JSON = ("scope_attributes", "attributes", "resource", "truncated")


def erase(catalog: Catalog, erasure: Erasure, after: str, data: str, folder: Path, keys: Keys | None) -> ErasedSlice:
    """The next object of the domain behind `after`, of whoever wrote it. Raises `TargetError`, `ArchiveError`, OSError, and
    `KeysUnavailable`: what is encrypted can't be looked into. What was encrypted with a key that was destroyed is nobody's any more."""
    if after.startswith(_DELETE):
        old = after.removeprefix(_DELETE)
        catalog.target.delete([old])
        return ErasedSlice(0, old)
    listed = _next(catalog, erasure.domain, after)
    if listed is None:
        return ErasedSlice(0, None)
    found = sum(int(_theirs(table, erasure, keys).sum()) for table in tables(catalog, listed))
    if found and not erasure.counts_only:
        _without_leftovers(catalog, listed)
        name, _ = written_anew(catalog, [listed], data, folder, _MEMORY, lambda table: _others(table, erasure, keys))
        if name != listed.path:  # what is the same, down to its digest, has the same name
            return ErasedSlice(found, f"{_DELETE}{listed.path}")
    return ErasedSlice(found, listed.path)


def find_subject(catalog: Catalog, erasure: Erasure, after: str, keys: Keys | None) -> FoundSlice:
    """What the next object holds of them, as rows of the store, opened. Raises as `erase`."""
    listed = _next(catalog, erasure.domain, after)
    if listed is None:
        return FoundSlice((), None)
    found: list[dict[str, Any]] = []
    for table in tables(catalog, listed):
        batch = _batch(table, keys)
        found += _documents(batch.filter(held_by(batch, erasure)))
    return FoundSlice(found, listed.path)


def _next(catalog: Catalog, domain: str, after: str) -> Listed | None:
    """By name: what is written anew stands behind or before the place, and holds nothing of them any more."""
    for day in catalog.days(domain):
        if day < after.partition("/date=")[2][: len(day)]:
            continue
        first = (date.fromisoformat(day) - _EPOCH).days * _DAY_HOURS
        behind = [each for each in catalog.all_of(domain, first, first + _DAY_HOURS - 1) if each.path > after]
        if behind:
            return min(behind, key=lambda each: each.path)
    return None


def _without_leftovers(catalog: Catalog, listed: Listed) -> None:
    """What it was made of, where who made it died before that was deleted: what is left of it does not say so."""
    hour, replaced = listed.name.place.hour, set(catalog.footer(listed).replaces) - {listed.path}
    if replaced:
        company = catalog.all_of(listed.name.place.domain, hour, hour)
        old = {each.path for each in leftovers(catalog, company)}
        catalog.target.delete(sorted(replaced & old))


def _others(table: pa.Table, erasure: Erasure, keys: Keys | None) -> pa.Array:
    return pa.array((~_theirs(table, erasure, keys)).to_numpy())


def _theirs(table: pa.Table, erasure: Erasure, keys: Keys | None) -> pl.Series:
    return held_by(batch_of(table) if erasure.subject is None else _batch(table, keys), erasure)


def _batch(table: pa.Table, keys: Keys | None) -> LogBatch:
    return batch_of(Opening(keys, strict=True).opened(table))


def _documents(batch: LogBatch) -> Iterator[dict[str, Any]]:
    if not len(batch):
        return
    for row in rows(batch, Limits()).iter_rows(named=True):
        yield {name: orjson.loads(value) if name in _JSON and value else value for name, value in row.items()}
