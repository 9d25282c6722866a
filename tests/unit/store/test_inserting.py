"""However rows go in, the same rows are in the table."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from collector.store.embedded import EmbeddedStore
from collector.store.rows import COLUMNS, Limits, rows
from collector.testing.row_batch import Row, batch_of

COUNT = 600
ABSENT = {"event_name": "", "trace_id": b"", "span_id": b"", "body": None, "severity_text": "", "severity_number": 0}


def made(different: int, said: int, cut: bool = False) -> pl.DataFrame:
    """Rows of so many services, of which each `said`th says all that a record can (0: none does)."""
    fields = [
        {
            "domain": f"{n % 3}.com",
            "flags": n % 2 * 0xFFFFFFFF,
            "time_unix_nano": (1 << 62) + n,
            "trace_id": n.to_bytes(16, "big"),
            "span_id": n.to_bytes(8, "big"),
            "body": f"ünï\x00code {n}",
            "event_name": f"e{n % 2}",
            **({} if said and n % said == 0 else ABSENT),
        }
        for n in range(COUNT)
    ]
    given = [
        Row(f"r{n:06d}", [("n", n)], resource=[("service.name", f"s{n % different}")], fields=each)
        for n, each in enumerate(fields)
    ]
    found = {
        f"logboom.{key}": pl.Series(
            [f"{key} {n % 2}" if said and n % said == 0 else None for n in range(COUNT)], dtype=pl.String
        )
        for key in ("component", "triage.level", "pattern.id", "issue.id")
    }
    frame = rows(batch_of(given).with_attributes(found), Limits(body_bytes=8 if cut else 1 << 20))
    return frame.with_columns(generation=pl.Series([n % 2 or None for n in range(COUNT)], dtype=pl.UInt8))


@pytest.mark.parametrize("size", [10, 63, 64, 300, COUNT])
@pytest.mark.parametrize("different", [1, 7, COUNT], ids=["all alike", "few different", "all different"])
@pytest.mark.parametrize("said", [0, 1, 2], ids=["nothing said", "all said", "said by half"])
def test_every_way_in_keeps_every_value(tmp_path: Path, size: int, different: int, said: int) -> None:
    """NULL stays NULL and nothing else becomes it, in columns that all rows, some, or none have; the order is that of the rows."""
    store = EmbeddedStore(tmp_path / "store.db")
    source = made(different, said, cut=size % 2 == 1)
    assert sum(store.insert(part) for part in source.iter_slices(size)) == COUNT
    assert store.select(f"SELECT {', '.join(COLUMNS)} FROM logs ORDER BY rowid") == source.rows()
    assert store.insert(source) == 0
    store.close()


def test_what_is_said_is_that_of_the_batch(tmp_path: Path) -> None:
    """Neither a batch before, nor one that was taken back, leaves anything that the next one joins with."""
    store = EmbeddedStore(tmp_path / "store.db")
    first, second = made(1, 1), made(7, 2)
    store.insert(first.head(100))
    with pytest.raises(Exception, match="NOT NULL"):
        store.insert(second.with_columns(domain=pl.lit(None, pl.String)))
    store.insert(second.tail(500))
    stored = store.select(f"SELECT {', '.join(COLUMNS)} FROM logs ORDER BY rowid")
    assert stored == [*first.head(100).rows(), *second.tail(500).rows()]
    store.close()
