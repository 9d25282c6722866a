"""Parquet files of archived records: what stands in their footers, and the digest that names them.

    logboom.archive     the format
    logboom.records     how many
    logboom.digest      of their ids, in any order
    logboom.first       the earliest time, ns; logboom.last: the latest
    logboom.levels      level → records, JSON
    logboom.encrypted   columns whose values are sealed, JSON (`sealing.py`)
    logboom.replaces    names of the objects that it was made of, JSON: whoever finds both reads this one alone

Pages have checksums (CRC-32), which readers compare.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from collector.archive.schema import FORMAT, SCHEMA
from collector.columns.text_buffers import text_bytes
from collector.errors import LogboomError

ZSTD_LEVEL = 3
ROW_GROUP = 131_072
"""Records of a row group, at most."""
_STATISTICS = [
    "record_id", "domain", "time", "severity_number", "level", "service_name", "trace_id", "issue_id", "pattern_id",
]  # fmt: skip
"""Columns by which readers leave row groups out."""
_HEX = 64
_MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ALL_BITS = (1 << 64) - 1


class ArchiveError(LogboomError):
    """An object of the archive is not what was written."""


class Footer(NamedTuple):
    """What a file says of itself; times in ns, 0 = it has no records."""

    records: int
    digest: str
    first: int = 0
    last: int = 0
    levels: dict[str, int] = {}
    replaces: tuple[str, ...] = ()
    encrypted: tuple[str, ...] = ()


class Digest:
    """Of a set of record ids, in whatever order and pieces they come."""

    def __init__(self) -> None:
        self._sum = 0
        self.records = 0

    def add(self, ids: pa.ChunkedArray) -> None:
        """Some more."""
        self.records += len(ids)
        self._sum = (self._sum + int(_numbers(ids).sum(dtype=np.uint64))) & _ALL_BITS

    def hexdigest(self) -> str:
        """16 digits."""
        return f"{(self._sum ^ self.records * int(_MIX[0])) & _ALL_BITS:016x}"


def _numbers(ids: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """A number for each id, the same everywhere and always."""
    text = pl.Series(ids).str.encode("hex").str.head(_HEX).str.pad_end(_HEX, "0")
    mixed = np.full(len(ids), _MIX[0], dtype=np.uint64)
    for word in np.frombuffer(text_bytes(text), dtype="<u8").reshape(len(ids), _HEX // 8).T:
        mixed ^= word
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
        mixed ^= mixed >> np.uint64(31)
    return mixed


class ArchiveFile:
    """A file in the making: row groups, then `close`. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._digest = Digest()
        self._levels: Counter[str] = Counter()
        self._first, self._last = 0, 0
        self._writer = pq.ParquetWriter(
            path, SCHEMA, compression="zstd", compression_level=ZSTD_LEVEL, store_schema=False,
            write_statistics=_STATISTICS, write_page_checksum=True, use_dictionary=_DICTIONARY,
        )  # fmt: skip

    def add(self, table: pa.Table) -> None:
        """Records as row groups, by time."""
        table = table.sort_by([("time", "ascending"), ("record_id", "ascending")])
        self._digest.add(table.column("record_id"))
        counted = pc.value_counts(table.column("level")).to_pylist()
        self._levels.update({count["values"]: count["counts"] for count in counted})
        times = table.column("time")
        first, last = times[0].value, times[-1].value
        self._first, self._last = min(self._first or first, first), max(self._last, last)
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def close(self, replaces: Sequence[str] = (), encrypted: Sequence[str] = ()) -> Footer:
        """The file is whole, and on disk."""
        footer = Footer(
            self._digest.records, self._digest.hexdigest(), self._first, self._last, dict(self._levels), tuple(replaces), tuple(encrypted),
        )  # fmt: skip
        self._writer.add_key_value_metadata(_written(footer))
        self._writer.close()
        return footer

    def discard(self) -> None:
        """It was not needed."""
        self._writer.close()
        self.path.unlink(missing_ok=True)


_DICTIONARY = [
    name for name in SCHEMA.names if name not in ("record_id", "time", "observed_time", "body", "trace_id", "span_id")
]  # fmt: skip


def _written(footer: Footer) -> dict[str, str]:
    return {
        "logboom.archive": FORMAT,
        "logboom.records": str(footer.records),
        "logboom.digest": footer.digest,
        "logboom.first": str(footer.first),
        "logboom.last": str(footer.last),
        "logboom.levels": orjson.dumps(footer.levels, option=orjson.OPT_SORT_KEYS).decode(),
        **({"logboom.encrypted": orjson.dumps(footer.encrypted).decode()} if footer.encrypted else {}),
        **({"logboom.replaces": orjson.dumps(footer.replaces).decode()} if footer.replaces else {}),
    }


def footer_of(metadata: Any, name: str) -> Footer:
    """What a Parquet file's metadata (`pyarrow.parquet.FileMetaData`) says. Raises `ArchiveError`: it is none of ours, or of a later logboom."""
    said = {
        key.decode(): value.decode() for key, value in (metadata.metadata or {}).items() if key.startswith(b"logboom.")
    }
    if "logboom.archive" not in said:
        raise ArchiveError(f"{name} is no object of an archive")
    if said["logboom.archive"] != FORMAT:
        raise ArchiveError(
            f"{name} was written by a newer logboom (format {said['logboom.archive']}): upgrade this one"
        )
    try:
        return Footer(
            int(said["logboom.records"]), said["logboom.digest"], int(said["logboom.first"]), int(said["logboom.last"]),
            orjson.loads(said["logboom.levels"]), tuple(orjson.loads(said.get("logboom.replaces", "[]"))),
            tuple(orjson.loads(said.get("logboom.encrypted", "[]"))),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise ArchiveError(f"{name} is damaged: {error}") from None


def sync(path: Path) -> None:
    """What was written is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
