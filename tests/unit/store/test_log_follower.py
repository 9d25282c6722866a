"""Pages that follow a store, however its log begins anew: at any round, a copy brought forward is the store."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from collector.backup.tail import bring_forward, pack, unpack
from collector.errors import Replaced, StorageError
from collector.store.copying import check_store, copy_store
from collector.store.log_follower import LogFollower, joined
from collector.store.wal import Changes, Place, read_changes
from counterparts.examples import rounds


def opened(path: Path, checkpoint: int = 0) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoint}")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, text TEXT)")
    connection.execute("CREATE INDEX IF NOT EXISTS by_text ON rows (text)")
    return connection


def insert(connection: sqlite3.Connection, first: int, count: int = 20) -> None:
    connection.execute("BEGIN IMMEDIATE")
    rows = [(number, f"{number * 7919 % 1000:04d}" * 100) for number in range(first, first + count)]
    connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
    connection.execute("COMMIT")


def content(path: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute("SELECT * FROM rows ORDER BY n").fetchall()


@pytest.mark.parametrize("checkpoint", [0, 1, 50], ids=["never", "each commit", "some"])
@pytest.mark.parametrize("most_frames", [10, 1 << 20], ids=["copies back", "lets it grow"])
def test_each_round_brings_a_copy_to_a_commit(tmp_path: Path, checkpoint: int, most_frames: int) -> None:
    store, copy = tmp_path / "store.db", tmp_path / "copy.db"
    with closing(opened(store, checkpoint)) as writer, closing(opened(store)) as reader:
        insert(writer, 0)
        with closing(LogFollower(store, most_frames)) as follower:
            follower._checkpointed_at = -1000.0
            copy_store(store, copy)
            for round_ in range(1, 30):
                insert(writer, 1000 * round_)
                if round_ % 3 == 0:
                    writer.execute("DELETE FROM rows WHERE n < ?", (1000 * (round_ - 2),))
                if round_ == 17:
                    writer.execute("VACUUM")
                if round_ % 4 == 0:
                    reader.execute("SELECT count(*) FROM rows").fetchall()
                    follower._checkpointed_at = -1000.0
                changes = follower.take()
                assert changes is not None
                bring_forward(copy, iter([unpack("x", pack(changes))]))
                assert content(copy) == content(store)
                assert copy.stat().st_size == changes.count * changes.page_size
            assert follower.take() is None


def salts(store: Path) -> bytes:
    """Of the log's header: they are others each time it begins anew (SQLite's file format, section 4.1)."""
    with store.with_name("store.db-wal").open("rb") as log:
        return log.read(24)[16:]


def test_while_a_writer_is_busy_nothing_is_missed_and_the_log_stays_small(tmp_path: Path) -> None:
    store, copy = tmp_path / "store.db", tmp_path / "copy.db"
    enough = threading.Event()
    with closing(opened(store, 100)) as writer:

        def write() -> None:
            for number in range(0, 1 << 40, 20):
                if enough.wait(0.0005):
                    return
                insert(writer, number)

        insert(writer, -100)
        writing = threading.Thread(target=write, daemon=True)
        writing.start()
        with closing(LogFollower(store, most_frames=300)) as follower:
            waiting, begun = None, set()
            copy_store(store, copy)
            for _ in range(rounds(150, 50)):
                follower._checkpointed_at -= 1000.0
                waiting = joined(waiting, follower.take())
                begun.add(salts(store))
                enough.wait(0.005)
            enough.set()
            writing.join()
            waiting = joined(waiting, follower.take())
            assert waiting is not None
            bring_forward(copy, iter([waiting]))
            assert content(copy) == content(store)
            assert len(begun) > 1, "the log was never begun anew"


def test_what_was_taken_is_seen_by_whoever_looks_then(tmp_path: Path) -> None:
    """A copy that is made behind it has it: a commit stands in the log before it is seen, so its writer is waited for."""
    store = tmp_path / "store.db"
    with closing(opened(store)) as writer, closing(LogFollower(store)) as follower:
        insert(writer, 0)
        writer.execute("BEGIN IMMEDIATE")
        taken = threading.Event()

        def take() -> None:
            assert follower.take() is not None
            taken.set()

        taking = threading.Thread(target=take, daemon=True)
        taking.start()
        assert not taken.wait(0.2), "a writer is under way"
        writer.execute("ROLLBACK")
        taking.join(30)
        assert taken.is_set()


def test_what_is_not_committed_is_not_told(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with closing(opened(store)) as writer, closing(LogFollower(store)) as follower:
        writer.execute("PRAGMA cache_size = 5")
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany("INSERT INTO rows VALUES (?, ?)", [(number, "x" * 3000) for number in range(100)])
        assert follower.take() is None
        writer.execute("COMMIT")
        assert follower.take() is not None


def test_a_torn_frame_ends_what_is_read(tmp_path: Path) -> None:
    store, log = tmp_path / "store.db", tmp_path / "store.db-wal"
    with closing(opened(store)) as writer:
        insert(writer, 0)
        whole = read_changes(log, Place())
        insert(writer, 100)
        both = read_changes(log, Place())
        assert whole is not None
        assert both is not None
        content_ = bytearray(log.read_bytes())
        content_[32 + (24 + 4096) * whole.frames + 100] ^= 1
        (tmp_path / "torn").write_bytes(content_)
        torn = read_changes(tmp_path / "torn", Place())
        assert torn == whole
        rest = read_changes(log, whole.place)
        assert rest is not None
        assert rest.pages == {page: bytes_ for page, bytes_ in both.pages.items() if page in rest.pages}
        assert joined(whole, rest) == Changes(4096, both.count, both.pages, both.frames, both.place)


def test_a_file_that_takes_its_name_is_noticed(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with closing(opened(store)), closing(LogFollower(store)) as follower:
        store.rename(tmp_path / "moved.db")
        with pytest.raises(Replaced, match="moved or deleted"):
            follower.take()
    with pytest.raises(StorageError):
        LogFollower(tmp_path / "none.db")


def test_a_damaged_store_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with closing(opened(store)) as writer:
        for number in range(0, 2000, 20):
            insert(writer, number)
    assert check_store(store) == ""
    with store.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(b"\xff" * 4096 * 3)
    assert check_store(store)
