"""Records on their way into an archive: apart by domain, hour and levels, in bounded memory, the rest on disk.

    add ──► held in memory, by place ──(over the budget)──► a spill: tables one after the other in one file
                     └──────────────────► finish ◄─────────────┘   a Parquet file for each place

What stands on disk need not survive: whoever gives the records gives them again. Each step may fail (a full disk) and be tried again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import ipc

from collector.archive.maps import coded, plain
from collector.archive.names import HOUR_NS, Place
from collector.archive.sealing import encrypted_of
from collector.archive.writing import ROW_GROUP, ArchiveFile, Footer
from collector.levels import LEVELS

Classes = Callable[[str], Sequence[tuple[str, ...]]]
"""Domain → its levels, those together that are kept for the same time."""
_FEW = 4
_LZ4 = ipc.IpcWriteOptions(compression="lz4")


def all_together(domain: str) -> Sequence[tuple[str, ...]]:
    """No level apart."""
    del domain
    return (LEVELS,)


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that is whole."""

    place: Place
    path: Path
    footer: Footer


class _Spilled(NamedTuple):
    file: Path
    offset: int
    records: int
    size: int


class Staging:
    """One run of records. Belongs to one thread at a time.

    Args:
        folder: made when it is needed; `discard` removes it.
        budget_bytes: of memory that held records may take.
    """

    def __init__(self, folder: Path, budget_bytes: int, classes: Classes = all_together) -> None:
        self._folder = folder
        self._budget = budget_bytes
        self._classes = classes
        self._held: dict[Place, list[pa.Table]] = {}
        self.held_bytes = 0
        self._spilled: dict[Place, list[_Spilled]] = {}
        self._spills = 0
        self._encrypted: tuple[str, ...] = ()
        self.records = 0

    def add(self, table: pa.Table) -> None:
        """More records, columns `SCHEMA`; the same of them sealed in all. Raises OSError; then nothing of them was taken."""
        size = table.nbytes
        if self._held and self.held_bytes + size > self._budget:
            self.spill()
        self._encrypted = encrypted_of(table)
        for place, part in split(table, self._classes):
            self._held.setdefault(place, []).append(part)
        self.held_bytes += size
        self.records += table.num_rows

    def finish(self, replaces: Sequence[str] = ()) -> Sequence[Staged]:
        """A file for each place, in their order. Raises OSError; then it may be called again."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        places = sorted({*self._held, *self._spilled}, key=lambda place: (place.domain, place.hour, place.levels))
        return [
            self._written(place, self._folder / f"{number}.parquet", replaces) for number, place in enumerate(places)
        ]

    def discard(self) -> None:
        """Nothing of it is needed any more."""
        self._held.clear()
        self._spilled.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _written(self, place: Place, path: Path, replaces: Sequence[str]) -> Staged:
        file = ArchiveFile(path)
        waiting: list[pa.Table] = []
        records = size = 0
        for table, table_bytes in self._tables(place):
            if waiting and (records + table.num_rows > ROW_GROUP or size + table_bytes > self._budget):
                file.add(_joined(waiting))
                waiting, records, size = [], 0, 0
            waiting.append(table)
            records, size = records + table.num_rows, size + table_bytes
        file.add(_joined(waiting))
        return Staged(place, path, file.close(replaces, self._encrypted))

    def _tables(self, place: Place) -> Iterator[tuple[pa.Table, int]]:
        for spilled in self._spilled.get(place, ()):
            with pa.memory_map(str(spilled.file)) as source:
                source.seek(spilled.offset)
                yield ipc.open_stream(source).read_all(), spilled.size
        for table in self._held.get(place, ()):
            yield table, table.nbytes

    def spill(self) -> None:
        """All that is held, to disk. Raises OSError; then it is held still."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"spill-{self._spills}"
        found: dict[Place, _Spilled] = {}
        with pa.OSFile(str(path), "wb") as file:
            for place, tables in self._held.items():
                joined = _joined(tables)
                found[place] = _Spilled(path, file.tell(), joined.num_rows, joined.nbytes)
                with ipc.new_stream(file, joined.schema, options=_LZ4) as stream:
                    stream.write_table(joined)
        self._spills += 1
        for place, spilled in found.items():
            self._spilled.setdefault(place, []).append(spilled)
        self._held.clear()
        self.held_bytes = 0


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """As one, each column in one piece, with one dictionary."""
    return pa.concat_tables([coded(table) for table in tables]).combine_chunks()


def split(table: pa.Table, classes: Classes) -> Sequence[tuple[Place, pa.Table]]:
    """The records of each place."""
    if not table.num_rows:
        return []
    keys = pl.DataFrame(
        {
            "domain": pl.Series(table.column("domain")),
            "hour": pl.Series(table.column("time")).cast(pl.Int64) // HOUR_NS,
            "level": pl.Series(table.column("level")),
        }
    )
    apart = {domain: classes(domain) for domain in keys.get_column("domain").unique().to_list()}
    classed = _numbered(keys, apart)
    groups = classed.with_row_index("row").group_by("domain", "hour", "class").agg("row")
    if groups.height == 1:
        domain, hour, number, _ = groups.row(0)
        return [(Place(domain, hour, apart[domain][number]), table)]
    ends = np.cumsum(groups.get_column("row").list.len().to_numpy())
    rows = groups.get_column("row").explode().to_numpy()
    ordered = (table if groups.height <= _FEW else plain(table)).take(rows)
    starts = [0, *ends[:-1].tolist()]
    return [
        (Place(domain, hour, apart[domain][number]), ordered.slice(start, end - start))
        for (domain, hour, number), start, end in zip(
            groups.select("domain", "hour", "class").iter_rows(), starts, ends.tolist(), strict=True
        )
    ]


def _numbered(keys: pl.DataFrame, apart: dict[str, Sequence[tuple[str, ...]]]) -> pl.DataFrame:
    """`class`: the number of the level's class among those of its domain."""
    if all(len(own) == 1 for own in apart.values()):
        return keys.with_columns(pl.lit(0, pl.UInt8).alias("class"))
    rows = [
        (domain, level, number)
        for domain, own in apart.items()
        for number, levels in enumerate(own)
        for level in levels
    ]
    known = pl.DataFrame(rows, {"domain": pl.String, "level": pl.String, "class": pl.UInt8}, orient="row")
    return keys.join(known, on=["domain", "level"], how="left", maintain_order="left").with_columns(
        pl.col("class").fill_null(0)
    )
