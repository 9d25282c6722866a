"""New objects of old ones: joined, and without some of the records.

The new object is written first, and says of which it was made; then those are deleted. Killed in between, both are there: readers leave the old
ones out, and `leftovers` deletes them. The same records give the same name, so whoever does it again makes no second one.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from collector.archive.catalog import Catalog, Listed
from collector.archive.maps import as_written
from collector.archive.names import ObjectName
from collector.archive.sealing import marked
from collector.archive.staging import Staged, Staging
from collector.archive.writing import ROW_GROUP, ArchiveError, footer_of
from collector.object_storage import Exists, Unconditional

Keep = Callable[[pa.Table], pa.ChunkedArray | pa.Array]
"""A mask: which records stay."""


def tables(catalog: Catalog, listed: Listed) -> Iterator[pa.Table]:
    """An object's records, a row group at a time, in the columns in which they are written, sealed where they are. Raises `ArchiveError`: they are not what was
    written."""
    content = catalog.target.get(listed.path)
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        footer = footer_of(file.metadata, listed.path)
        seen = 0
        for group in range(file.num_row_groups):
            if file.metadata.row_group(group).num_rows > ROW_GROUP:  # a few bytes can say that there are billions
                raise ArchiveError(f"{listed.path} has more records in a piece than logboom writes")
            table = file.read_row_group(group)
            seen += table.num_rows
            yield marked(as_written(table), footer.encrypted)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveError(f"{listed.path} is damaged: {error}") from None
    if seen != footer.records:
        raise ArchiveError(f"{listed.path} is damaged: it has {seen} of {footer.records} records")


def rewritten(
    catalog: Catalog, sources: Sequence[Listed], data: str, folder: Path, budget_bytes: int, keep: Keep | None = None
) -> tuple[str, int]:
    """One object in place of several of the same hour, levels and sealed columns, each record once, without those that `keep` leaves out; its name ("" where
    nothing is left) and how many records were left out. Raises `TargetError`, `ArchiveError`, OSError."""
    name, gone = written_anew(catalog, sources, data, folder, budget_bytes, keep)
    catalog.target.delete([source.path for source in sources if source.path != name])
    return name, gone


def written_anew(
    catalog: Catalog, sources: Sequence[Listed], data: str, folder: Path, budget_bytes: int, keep: Keep | None = None
) -> tuple[str, int]:
    """`rewritten`, whose old objects are there still."""
    staging = Staging(folder, budget_bytes)
    seen = pl.Series("record_id", [], dtype=pl.String)
    gone = 0
    try:
        for source in sources:
            for table in tables(catalog, source):
                if keep is not None:
                    kept = table.filter(keep(table))
                    gone, table = gone + table.num_rows - kept.num_rows, kept
                ids = pl.Series("record_id", table.column("record_id"))
                table = table.filter(pa.array((~ids.is_in(seen.implode())).to_numpy()))
                seen = pl.concat([seen, ids])
                if table.num_rows:
                    staging.add(table)
        staged = staging.finish(tuple(source.path for source in sources)) if staging.records else []
        if len(staged) > 1:
            raise ArchiveError(f"{sources[0].path} has records of other hours or domains than its name says")
        name = _put(catalog, sources[0].name, data, staged[0]) if staged else ""
    finally:
        staging.discard()
    return name, gone


def leftovers(catalog: Catalog, listed: Sequence[Listed]) -> list[Listed]:
    """Of the objects of whole hours those of which another was made that is there, too."""
    current = {each.path for each in catalog.current(listed)}
    return [each for each in listed if each.path not in current]


def _put(catalog: Catalog, like: ObjectName, data: str, staged: Staged) -> str:
    name = str(replace(like, data=data, cut=None, digest=staged.footer.digest))
    with staged.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            catalog.target.put(name, content, new=True)
        except Exists:
            pass
        except Unconditional:
            catalog.target.put(name, content)
    return name
