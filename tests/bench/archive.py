"""Columns → Parquet files of the archive: µs of CPU and bytes a record, one thread.

POLARS_MAX_THREADS=1 .venv/bin/python tests/bench/archive.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
from sample_records import micros, triaged

from collector.archive.columns import table_of
from collector.archive.sealing import Opening, sealed
from collector.archive.staging import Staging
from collector.batch import LogBatch
from collector.encryption.key_ring import KeyRing
from collector.encryption.key_store import FILE
from collector.encryption.master_key import LocalMasterKey, new_master_key

_PIECES = 8
_MEMORY = 48 << 20
_SEALED = (("body",), ("attributes",), ("body", "attributes", "resource"))


def pieces() -> Sequence[LogBatch]:
    """Eight batches of ten thousand records, each record with an id, a time and a body of its own."""
    batch, made = triaged(), []
    for piece in range(_PIECES):
        row = pl.select(pl.int_range(piece * len(batch), (piece + 1) * len(batch)).cast(pl.String)).to_series()
        fields = {
            "record_id": batch.column("record_id").str.slice(0, 18) + row.str.zfill(8),
            "body": batch.column("body") + " " + row,
            "time_unix_nano": batch.column("time_unix_nano") + piece * 1_000_000_000,
        }
        made.append(replace(batch.with_fields(fields), sent=None))
    return made


def main() -> None:
    """Print the figures."""
    batches = pieces()
    records = sum(map(len, batches))
    tables = [table_of(batch) for batch in batches]
    with tempfile.TemporaryDirectory() as folder:

        def written(memory: int, tables: Sequence[pa.Table] = tables) -> int:
            staging = Staging(Path(folder) / "staging", memory)
            for table in tables:
                staging.add(table)
            size = sum(staged.path.stat().st_size for staged in staging.finish())
            staging.discard()
            return size

        columns = micros(lambda: [table_of(batch) for batch in batches], records, 5)
        held, spilled = (micros(lambda memory=memory: written(memory), records, 5) for memory in (1 << 30, _MEMORY))
        print("| | µs a record | bytes a record |")
        print("| --- | --- | --- |")
        print(f"| columns | {columns:.2f} | {sum(table.nbytes for table in tables) / records:.0f} |")
        print(f"| files, all in memory | {held:.2f} | {written(1 << 30) / records:.0f} |")
        print(f"| files, in 48 MiB of memory | {spilled:.2f} | {written(_MEMORY) / records:.0f} |")
        master = new_master_key()
        keys = KeyRing(Path(folder) / FILE, lambda: LocalMasterKey(lambda: [master]))
        keys.check()
        for names in _SEALED:
            shut = [sealed(table, names, keys) for table in tables]
            sealing = micros(lambda names=names: [sealed(table, names, keys) for table in tables], records, 5)
            opening = micros(lambda shut=shut: [Opening(keys).opened(table) for table in shut], records, 5)
            size = written(1 << 30, shut) / records
            print(f"| sealing {', '.join(names)} (opening: {opening:.2f}) | {sealing:.2f} | {size:.0f} in files |")


if __name__ == "__main__":
    main()
