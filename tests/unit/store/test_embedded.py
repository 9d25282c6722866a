"""The SQLite file: rows exactly once, from any number of writers, through reopening and errors."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import sqlite3
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
import pytest

from collector.store.embedded import EmbeddedStore
from collector.store.rows import COLUMNS, Limits, rows
from collector.testing.row_batch import Row, batch_of


def frame(ids: range, prefix: str = "r") -> pl.DataFrame:
    return rows(batch_of([Row(f"{prefix}{n:06d}", [("n", n)]) for n in ids]), Limits())


def contents(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    ids = [record_id for (record_id,) in connection.execute("SELECT record_id FROM logs ORDER BY rowid")]
    connection.close()
    return ids


def counted_minutes(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        total: int | None = connection.execute("SELECT sum(n) FROM log_minutes").fetchone()[0]
        return total or 0


def store_at(path: Path) -> EmbeddedStore:
    store = EmbeddedStore(path)
    store.open()
    return store


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    """All columns, in order, over several statements' worth of rows."""
    store = store_at(tmp_path / "store.db")
    source = frame(range(777))
    assert store.insert(source) == 777
    assert store.select(f"SELECT {', '.join(COLUMNS)} FROM logs ORDER BY rowid") == source.rows()
    store.close()


@pytest.mark.parametrize("count", [0, 1, 2, 127, 255, 256, 257, 511, 512, 1000])
def test_any_number_of_rows(tmp_path: Path, count: int) -> None:
    """Around the numbers of rows that statements take."""
    store = store_at(tmp_path / "store.db")
    assert store.insert(frame(range(count))) == count
    store.close()
    assert contents(tmp_path / "store.db") == [f"r{n:06d}" for n in range(count)]


def test_a_resend_adds_nothing_and_a_mix_adds_the_new(tmp_path: Path) -> None:
    """Whole, shifted and repeated within one request."""
    store = store_at(tmp_path / "store.db")
    assert store.insert(frame(range(300))) == 300
    assert store.insert(frame(range(300))) == 0
    assert store.insert(frame(range(200, 400))) == 100
    assert store.insert(pl.concat([frame(range(400, 402)), frame(range(400, 402))])) == 2
    store.close()
    assert contents(tmp_path / "store.db") == [f"r{n:06d}" for n in range(402)]


def test_a_failed_insert_leaves_nothing_and_the_store_goes_on(tmp_path: Path) -> None:
    """A row that breaks a rule of the table takes its whole batch back, rows of earlier statements included."""
    path = tmp_path / "store.db"
    store = store_at(path)
    bad = pl.concat([frame(range(600)), frame(range(600, 601)).with_columns(domain=pl.lit(None, pl.String))])
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        store.insert(bad)
    assert contents(path) == []
    assert store.insert(frame(range(5))) == 5
    store.close()


def test_reopened_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """Closing is safe twice; rows of before are still known as duplicates."""
    path = tmp_path / "store.db"
    store = store_at(path)
    store.insert(frame(range(10)))
    store.close()
    store.close()
    assert store_and_close(path, frame(range(5, 15))) == 5
    assert contents(path) == [f"r{n:06d}" for n in range(15)]


def store_and_close(path: Path, source: pl.DataFrame) -> int:
    store = store_at(path)
    try:
        return store.insert(source)
    finally:
        store.close()


def write_many(path: Path, writer: int, batches: int) -> None:
    """A process of its own: batches of its own rows, and of rows that all writers send."""
    store = EmbeddedStore(path, busy_timeout_secs=60)
    store.open()
    for batch in range(batches):
        store.insert(frame(range(batch * 20, batch * 20 + 20), prefix=f"w{writer}-"))
        store.insert(frame(range(batch * 5, batch * 5 + 5), prefix="shared-"))
    store.close()


@pytest.mark.slow
def test_several_processes_write_one_file(tmp_path: Path) -> None:
    """Every row of every writer is there once, also those that all of them send."""
    path = tmp_path / "store.db"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(path, writer, 15)) for writer in range(3)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0, 0, 0]
    own = {f"w{writer}-{n:06d}" for writer in range(3) for n in range(300)}
    assert sorted(contents(path)) == sorted(own | {f"shared-{n:06d}" for n in range(75)})
    assert counted_minutes(path) == 975


def write_until_killed(path: Path, acknowledged: Connection) -> None:
    """A process of its own: batch after batch, each told once it is durable."""
    store = store_at(path)
    for batch in itertools.count():
        store.insert(frame(range(batch * 300, batch * 300 + 300)))
        acknowledged.send(batch)


@pytest.mark.slow
@pytest.mark.parametrize("batches", [1, 4, 9])
def test_a_killed_writer_leaves_whole_batches_and_all_that_it_acknowledged(tmp_path: Path, batches: int) -> None:
    """SIGKILL at some moment after so many batches; sending all again makes every row stand there once."""
    path = tmp_path / "store.db"
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=write_until_killed, args=(path, theirs))
    process.start()
    theirs.close()
    told = [ours.recv() for _ in range(batches)]
    process.kill()
    process.join()
    with contextlib.suppress(EOFError):
        while True:
            told.append(ours.recv())
    ours.close()
    found = contents(path)
    assert len(found) % 300 == 0
    assert len(found) // 300 - len(told) in (0, 1)  # the last one may be durable, and not yet told
    everything = frame(range(len(found) + 300))
    assert counted_minutes(path) == len(found), "rows and counts are one transaction"
    assert store_and_close(path, everything) == 300
    assert counted_minutes(path) == len(found) + 300
    assert contents(path) == everything.get_column("record_id").to_list()


def test_a_writer_waits_only_so_long_for_another(tmp_path: Path) -> None:
    """SQLITE_BUSY after the timeout, and the same batch goes in once the other is done."""
    path = tmp_path / "store.db"
    store = EmbeddedStore(path, busy_timeout_secs=0.05)
    store.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        store.insert(frame(range(3)))
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    other.execute("ROLLBACK")
    other.close()
    assert store.insert(frame(range(3))) == 3
    store.close()
