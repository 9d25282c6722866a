"""The sqlite exporter keeps the exporter contract: exactly once, on its own thread, each error with its meaning."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from collector.base32 import first_record_id
from collector.component import Context
from collector.errors import NoRoom, StorageError
from collector.outcomes import Blocked, Ok, Retry, Split, Verdict
from collector.store.embedded import EmbeddedStore
from collector.testing.row_batch import Row, batch_of
from exporters.sqlite import FACTORY
from exporters.sqlite.config import SqliteConfig
from exporters.sqlite.exporter import SqliteExporter
from exporters.sqlite.verdicts import Inserted, verdict_of

BATCH = batch_of([Row(f"r{n:03d}", [("n", n)]) for n in range(20)])
"""Ids that sort after every time of receipt."""


def with_exporter(data_dir: Path, work: Callable[[SqliteExporter], Awaitable[Any]], **options: Any) -> Any:
    """Start an exporter, do something with it, shut it down."""

    async def run() -> Any:
        exporter: SqliteExporter = FACTORY.create(FACTORY.config(**options), Context("sqlite", data_dir))
        try:
            await exporter.start()
            return await work(exporter)
        finally:
            await exporter.shutdown()

    return asyncio.run(run())


async def deliver(exporter: SqliteExporter) -> Verdict:
    """One attempt, as delivery makes it."""
    try:
        answer: object = await exporter.send(exporter.encode(BATCH))
    except sqlite3.Error as error:
        answer = error
    (verdict,) = exporter.classify(answer)
    return verdict


def stored(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT record_id, attributes FROM logs ORDER BY rowid").fetchall()
    connection.close()
    return rows


WANTED = [(f"r{n:03d}", f'{{"n":{n}}}') for n in range(20)]


def test_a_delivered_batch_is_on_disk_in_the_data_directory(tmp_path: Path) -> None:
    """Under DIR/store.db, readable by others while the exporter runs."""

    async def work(exporter: SqliteExporter) -> None:
        assert await deliver(exporter) == Ok()
        assert stored(tmp_path / "store.db") == WANTED

    with_exporter(tmp_path, work)


def test_a_resend_after_a_lost_answer_adds_nothing(tmp_path: Path) -> None:
    """Sent twice by one process and once more by the next one: one row a record."""

    async def twice(exporter: SqliteExporter) -> None:
        assert [await deliver(exporter), await deliver(exporter)] == [Ok(), Ok()]

    async def new_rows(exporter: SqliteExporter) -> int:
        return (await exporter.send(exporter.encode(BATCH))).new

    with_exporter(tmp_path, twice)
    assert with_exporter(tmp_path, new_rows) == 0
    assert stored(tmp_path / "store.db") == WANTED


def test_requests_in_flight_take_turns_off_the_event_loop(tmp_path: Path) -> None:
    """Many sends at once all arrive, on one thread that is not the loop's."""
    threads = set()

    async def work(exporter: SqliteExporter) -> None:
        insert = exporter._store.insert

        def noted(*request: Any) -> int:
            threads.add(threading.current_thread().name)
            return insert(*request)

        exporter._store.insert = noted  # type: ignore[method-assign]
        batches = [batch_of([Row(f"b{at}-{n}") for n in range(10)]) for at in range(12)]
        assert (
            await asyncio.gather(*(exporter.send(exporter.encode(batch)) for batch in batches)) == [Inserted(10)] * 12
        )

    with_exporter(tmp_path, work)
    assert threads == {"sqlite_0"}


def test_a_busy_file_is_retried_and_then_taken(tmp_path: Path) -> None:
    """Another process holds the write lock longer than `busy_timeout`."""

    async def work(exporter: SqliteExporter) -> None:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(await deliver(exporter), Retry)
        other.execute("ROLLBACK")
        other.close()
        assert await deliver(exporter) == Ok()

    with_exporter(tmp_path, work, busy_timeout="20ms")
    assert stored(tmp_path / "store.db") == WANTED


def test_a_full_file_blocks_and_a_probe_delivers_once_there_is_room(tmp_path: Path) -> None:
    """SQLITE_FULL keeps the data; nothing of the batch stands in the file."""

    async def work(exporter: SqliteExporter) -> None:
        pages = exporter._store.select("PRAGMA page_count")[0][0]
        exporter._store.select(f"PRAGMA max_page_count = {pages}")
        big = batch_of([Row(f"big{n}", [("x", "y" * 5000)]) for n in range(50)])
        with pytest.raises(sqlite3.OperationalError, match="full") as caught:
            await exporter.send(exporter.encode(big))
        assert exporter.classify(caught.value) == [Blocked("the disk is full: database or disk is full")]
        assert stored(tmp_path / "store.db") == []
        assert await exporter.send(exporter.encode(big)) == Inserted(50)  # the file was opened anew, without the limit

    with_exporter(tmp_path, work)


def test_a_file_that_went_bad_blocks_until_it_is_replaced(tmp_path: Path) -> None:
    """A damaged file loses nothing that is still to be delivered: a fresh one takes it at the next attempt."""
    path = tmp_path / "store.db"

    async def work(exporter: SqliteExporter) -> None:
        exporter._store.close()
        path.write_bytes(b"not a database any more" * 200)
        assert isinstance(await deliver(exporter), Blocked)
        path.unlink()
        delivered = await deliver(
            exporter
        )  # it says that the file was replaced, unless the new one has the inode of the old
        assert isinstance(delivered, Ok)
        assert not delivered.rejected

    with_exporter(tmp_path, work)
    assert stored(path) == WANTED


def test_a_store_of_somebody_else_stops_the_start(tmp_path: Path) -> None:
    """And leaves it as it is; shutdown after that is safe."""
    other = sqlite3.connect(tmp_path / "mine.db")
    other.execute("CREATE TABLE logs (line)")
    other.close()
    with pytest.raises(StorageError, match="did not make"):
        with_exporter(tmp_path, deliver, path="mine.db")


def test_a_path_that_cannot_be_a_store_stops_the_start(tmp_path: Path) -> None:
    """A directory: the sentence names the path."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder can't be"):
        with_exporter(tmp_path, deliver, path="folder")


def header_overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(1).randbytes(8192))


def page_overwritten(path: Path) -> None:
    """The schema's root page is whole, the table's is not."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 12)


def cut_short(path: Path) -> None:
    os.truncate(path, 5000)


def something_else(path: Path) -> None:
    path.write_text("remember the milk " * 100)


@pytest.mark.parametrize("damage", [header_overwritten, page_overwritten, cut_short, something_else])
def test_a_damaged_file_blocks_its_exporter_and_not_the_start(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """The file is left as it is, people are told what to do, and once they did it, delivery goes on by itself."""
    path = tmp_path / "store.db"
    with_exporter(tmp_path, deliver)
    damage(path)
    before = path.read_bytes()

    async def work(exporter: SqliteExporter) -> None:
        for _ in range(2):
            verdict = await deliver(exporter)
            assert isinstance(verdict, Blocked)
            assert "move it aside" in verdict.reason
        assert path.read_bytes() == before
        path.rename(tmp_path / "aside.db")
        assert isinstance(await deliver(exporter), Ok)

    with_exporter(tmp_path, work)
    assert stored(path) == WANTED


def test_a_file_that_is_busy_at_the_start_stops_nothing(tmp_path: Path) -> None:
    """The first batches are retried, and go in once the other process is done."""
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")

    async def work(exporter: SqliteExporter) -> None:
        assert isinstance(await deliver(exporter), Retry)
        other.execute("ROLLBACK")
        assert await deliver(exporter) == Ok()

    with_exporter(tmp_path, work, busy_timeout="20ms", indexes=["event"])
    assert other.execute("SELECT name FROM sqlite_master WHERE name = 'logs_by_event'").fetchall()
    other.close()
    assert stored(tmp_path / "store.db") == WANTED


def test_shutdown_is_safe_without_start_and_twice(tmp_path: Path) -> None:
    """Making an exporter touches nothing."""

    async def work() -> None:
        exporter = FACTORY.create(FACTORY.config(), Context("sqlite", tmp_path))
        await exporter.shutdown()
        await exporter.shutdown()

    asyncio.run(work())
    assert list(tmp_path.iterdir()) == []


def sqlite_error(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("what SQLite says")
    error.sqlite_errorcode = code
    return error


VERDICTS: dict[str, tuple[object, type[Verdict]]] = {
    "rows": (7, Ok),
    "no new rows": (0, Ok),
    "busy": (sqlite_error(sqlite3.SQLITE_BUSY), Retry),
    "busy, a snapshot": (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), Retry),
    "locked": (sqlite_error(sqlite3.SQLITE_LOCKED), Retry),
    "interrupted": (sqlite_error(sqlite3.SQLITE_INTERRUPT), Retry),
    "out of memory": (sqlite_error(sqlite3.SQLITE_NOMEM), Retry),
    "timed out": (TimeoutError(), Retry),
    "unknown": (RuntimeError("?"), Retry),
    "full": (sqlite_error(sqlite3.SQLITE_FULL), Blocked),
    "corrupt": (sqlite_error(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), Blocked),
    "not a database": (sqlite_error(sqlite3.SQLITE_NOTADB, sqlite3.DatabaseError), Blocked),
    "read-only": (sqlite_error(sqlite3.SQLITE_READONLY), Blocked),
    "read-only, moved": (sqlite_error(sqlite3.SQLITE_READONLY_DBMOVED), Blocked),
    "can't open": (sqlite_error(sqlite3.SQLITE_CANTOPEN), Blocked),
    "I/O error": (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), Blocked),
    "no such table": (sqlite_error(sqlite3.SQLITE_ERROR), Blocked),
    "foreign schema": (StorageError("store.db was written by a newer logboom"), Blocked),
    "too big": (sqlite_error(sqlite3.SQLITE_TOOBIG, sqlite3.DataError), Split),
    "constraint": (sqlite_error(sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.IntegrityError), Split),
    "a value that can't be bound": (sqlite3.InterfaceError("type"), Split),
    "an integer that can't be bound": (OverflowError("too large"), Split),
}


@pytest.mark.parametrize(("answer", "kind"), VERDICTS.values(), ids=VERDICTS.keys())
def test_what_each_answer_means(answer: object, kind: type[Verdict]) -> None:
    """The reason carries what SQLite said."""
    verdict = verdict_of(answer)
    assert type(verdict) is kind
    assert isinstance(verdict, Ok) or str(answer) in verdict.reason


def test_retention_sweeps_by_domain_and_level(tmp_path: Path) -> None:
    """The options reach the statements; new rows and the newest stay."""
    now = 1_700_000_000 * 10**9
    hour = 3600 * 10**9
    ages = {"debug": 2, "info": 2, "warning": 30}
    made = [
        Row(
            first_record_id((now - age * hour) // 10**6) + level[:5].upper(),
            fields={"time_unix_nano": now - age * hour},
        )
        for level, age in ages.items()
    ]
    newest = Row(first_record_id(now // 10**6) + "NEWST", fields={"time_unix_nano": now})
    batch = batch_of([*made, newest]).with_attributes({"logboom.triage.level": pl.Series([*ages, "info"])})

    async def work(exporter: SqliteExporter) -> int:
        await exporter.send(exporter.encode(batch))
        return await exporter.sweep(now)

    retention = {"default": "24h", "levels": {"debug": "1h"}, "domains": {"other.com": {"default": "1m"}}}
    assert with_exporter(tmp_path, work, retention=retention) == 2
    left = [str(record_id)[21:] for record_id, _ in stored(tmp_path / "store.db")]
    assert left == ["INFO", "NEWST"]


def test_sweeps_go_on_by_themselves_between_inserts(tmp_path: Path) -> None:
    """Old rows disappear while the exporter runs; what is new stays."""

    async def work(exporter: SqliteExporter) -> None:
        old = batch_of([Row(f"{n:026d}", fields={"time_unix_nano": 1}) for n in range(30)])
        await exporter.send(exporter.encode(old))
        await exporter.send(exporter.encode(BATCH))
        while len(stored(tmp_path / "store.db")) > 20:
            await asyncio.sleep(0.005)
        assert stored(tmp_path / "store.db") == WANTED

    with_exporter(tmp_path, work, retention={"default": "1h", "interval": "10ms", "batch_rows": 7})


def test_limits_of_the_options_reach_the_rows(tmp_path: Path) -> None:
    """A body over `max_body_size` is cut and marked."""

    async def work(exporter: SqliteExporter) -> list[tuple[Any, ...]]:
        long = batch_of([Row("a", [("k", "v" * 2000)], fields={"body": "b" * 3000})])
        await exporter.send(exporter.encode(long))
        return exporter._store.select("SELECT length(body), attributes ->> '$.k', truncated FROM logs")

    ((body, attribute, truncated),) = with_exporter(
        tmp_path, work, max_body_size="1KiB", max_attribute_size="1KiB", indexes=["trace"]
    )
    assert (body, attribute, json.loads(truncated)) == (1024, "v" * 1024, {"body": 3000, "attributes": 2000})


@pytest.mark.parametrize(
    "options",
    [
        {"pth": "x"},
        {"indexes": ["body"]},
        {"retention": {"levels": {"error": "1h"}}},
        {"retention": {"default": 30}},
        {"retention": {"interval": "0s"}},
        {"max_body_size": "10"},
    ],
    ids=str,
)
def test_mistakes_in_the_options_are_refused(options: dict[str, Any]) -> None:
    """Unknown keys, unknown indexes and levels, durations without a unit."""
    with pytest.raises(ValidationError):
        FACTORY.config(**options)


def deleted(path: Path) -> None:
    for file in path.parent.glob("store.db*"):
        file.unlink()


def deleted_without_its_log(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replaced_by_a_backup(path: Path) -> None:
    """As an operator restores one."""
    copy = sqlite3.connect(path)
    copy.execute("VACUUM INTO ?", (str(path.with_name("backup.db")),))
    copy.close()
    path.with_name("backup.db").replace(path)


def replaced_by_an_old_store(path: Path) -> None:
    """One without any migration, beside the log of the open file."""
    other = path.with_name("old.db")
    sqlite3.connect(other).close()
    other.touch()
    other.replace(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (deleted, False),
        (deleted_without_its_log, False),
        (moved, False),
        (replaced_by_a_backup, True),
        (replaced_by_an_old_store, False),
    ],
)
@pytest.mark.parametrize("watched", [False, True])
def test_the_open_file_is_the_file_of_that_name(
    tmp_path: Path, change: Callable[[Path], None], kept: bool, watched: bool
) -> None:
    """What is acknowledged after the change is in the file of that name, whole, and said once; a reader that still has the
    old file open disturbs nothing."""
    path = tmp_path / "store.db"
    before, after = (batch_of([Row(f"{name}{n:02d}") for n in range(20)]) for name in ("before", "after"))
    reader = None

    async def work(exporter: SqliteExporter) -> None:
        nonlocal reader
        assert exporter.classify(await exporter.send(exporter.encode(before))) == [Ok()]
        if watched:
            reader = sqlite3.connect(path)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM logs").fetchall()
        change(path)
        (verdict,) = exporter.classify(await exporter.send(exporter.encode(after)))
        assert isinstance(verdict, Ok)
        assert str(path) in verdict.warning
        assert verdict.moved
        assert exporter.classify(await exporter.send(exporter.encode(after))) == [Ok()]

    with_exporter(tmp_path, work, busy_timeout="500ms")  # so long it waits for the reader of the old one
    if reader is not None:
        reader.close()
    found = {record_id for record_id, _ in stored(path)}
    assert found == {*after.column("record_id"), *(before.column("record_id") if kept else ())}
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()
    if (tmp_path / "moved.db").exists() and not watched:
        assert {record_id for record_id, _ in stored(tmp_path / "moved.db")} == set(before.column("record_id"))


def test_a_file_that_vanishes_during_the_transaction_is_written_again(tmp_path: Path) -> None:
    """The rows are in the next file, not in one that nobody can open."""

    async def work(exporter: SqliteExporter) -> None:
        insert, calls = exporter._store._insert, []

        def vanishing(*request: Any) -> int:
            new = insert(*request)
            if not calls:
                deleted(tmp_path / "store.db")
            calls.append(new)
            return new

        exporter._store._insert = vanishing  # type: ignore[method-assign]
        assert isinstance(await deliver(exporter), Ok)
        assert calls == [20, 20]

    with_exporter(tmp_path, work)
    assert stored(tmp_path / "store.db") == WANTED


def test_a_disk_without_room_for_the_file_stops_nothing_but_the_exporter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts, and stores when there is room."""

    async def run() -> None:
        exporter = SqliteExporter(SqliteConfig(), Context("sqlite", tmp_path))
        with monkeypatch.context() as disk:
            disk.setattr(EmbeddedStore, "_make_file", refuse)
            await exporter.start()
            with pytest.raises(NoRoom):
                await exporter.send(exporter.encode(batch_of([Row("r1")])))
        await exporter.send(exporter.encode(batch_of([Row("r1")])))
        await exporter.shutdown()

    def refuse(_: EmbeddedStore) -> None:
        raise NoRoom("store.db can't be opened: No space left on device")

    asyncio.run(run())
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as store:
        assert store.execute("SELECT count(*) FROM logs").fetchone() == (1,)


@pytest.mark.parametrize("left", [0, 1000])
def test_a_log_that_can_not_be_made_waits_only_where_no_more_files_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """SQLite says "unable to open database file" for both."""
    (tmp_path / "store.db-wal").symlink_to(tmp_path / "no" / "folder")
    state = SimpleNamespace(f_files=2000, f_favail=left)
    monkeypatch.setattr("collector.store.embedded.os.statvfs", lambda _: state)

    async def run() -> None:
        exporter = SqliteExporter(SqliteConfig(), Context("sqlite", tmp_path))
        await exporter.start()
        (tmp_path / "store.db-wal").unlink()
        await exporter.send(exporter.encode(batch_of([Row("r1")])))
        await exporter.shutdown()

    with contextlib.nullcontext() if not left else pytest.raises(StorageError, match="unable to open"):
        asyncio.run(run())
