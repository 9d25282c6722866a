"""An environment written anew: nothing that was deleted is left in its file, and a kill leaves one of the two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.backend.compacting import ask, compact_if_asked, is_asked
from collector.backend.data_dir import DataDir
from collector.disk.compacting import FOLDER, compact
from collector.disk.environment import Environment
from collector.errors import Locked, NoRoom

MIB = 1 << 20
SECRET, KEPT = b"what was deleted is in the free pages", b"what is there stays"
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from collector.disk.compacting import compact

compact(Path(sys.argv[1]), lambda point: os.kill(os.getpid(), signal.SIGKILL) if point == sys.argv[2] else None)
"""


def opened(path: Path) -> Environment:
    return Environment.create(path, 4 * MIB, "test", 1)


def filled(path: Path) -> str:
    """An environment with a value, and one that was deleted; its id."""
    with opened(path) as environment:
        table = environment.db("values")
        for change in ("put", "delete"):
            with environment.write() as txn:
                if change == "put":
                    txn.put(b"kept", KEPT, db=table)
                for number in range(50):
                    value = (SECRET * 20,) if change == "put" else ()
                    getattr(txn, change)(b"%d" % number, *value, db=table)
        return environment.id


def write_later(path: Path) -> None:
    with opened(path) as environment:
        table = environment.db("values")
        with environment.write() as txn:
            txn.put(b"later", b"1", db=table)


def check(path: Path, ident: str) -> None:
    """All of it is there, and can be written."""
    with opened(path) as environment:
        table = environment.db("values")
        assert environment.id == ident
        for _ in range(3):
            with environment.write() as txn:
                assert txn.get(b"kept", db=table) == KEPT
                assert txn.stat(table)["entries"] <= 2
                txn.put(b"new", os.urandom(100), db=table)
    assert sorted(file.name for file in path.iterdir()) == ["data.mdb", "lock.mdb", "writer.lock"]


def test_nothing_that_was_deleted_is_left(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    ident = filled(path)
    assert SECRET in (path / "data.mdb").read_bytes()
    assert compact(path)
    data = (path / "data.mdb").read_bytes()
    assert SECRET not in data
    assert KEPT in data
    assert (path / "data.mdb").stat().st_mode & 0o777 == 0o600
    check(path, ident)


@pytest.mark.parametrize("point", ["begun", "copied", "whole", "swapped", "done"])
def test_killed_at_any_point(tmp_path: Path, point: str) -> None:
    path = tmp_path / "environment"
    ident = filled(path)
    killed = subprocess.run([sys.executable, "-c", KILLED_AT, str(path), point], timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    check(path, ident)
    assert compact(path)
    assert SECRET not in (path / "data.mdb").read_bytes()
    check(path, ident)


@pytest.mark.parametrize("point", ["begun", "copied", "whole", "swapped", "done"])
def test_killed_and_compacted_again_at_once(tmp_path: Path, point: str) -> None:
    path = tmp_path / "environment"
    ident = filled(path)

    class Dies(BaseException):
        pass

    def die(at: str) -> None:
        if at == point:
            raise Dies

    with pytest.raises(Dies):
        compact(path, die)
    assert compact(path)
    assert SECRET not in (path / "data.mdb").read_bytes()
    check(path, ident)


def test_what_was_written_after_a_kill_is_not_lost(tmp_path: Path) -> None:
    """A copy that had not taken the place yet is of the past."""
    path = tmp_path / "environment"
    filled(path)
    subprocess.run([sys.executable, "-c", KILLED_AT, str(path), "whole"], timeout=120, check=False)
    assert (path / FOLDER).exists()
    write_later(path)
    compact(path)
    with opened(path) as environment:
        table = environment.db("values")
        with environment.read() as txn:
            assert txn.get(b"later", db=table) == b"1"


def test_a_reader_finds_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    filled(path)
    reader = Environment.open(path, "test", 1)
    assert reader is not None
    compact(path)
    assert not reader.is_current()
    reader.close()
    write_later(path)
    again = Environment.open(path, "test", 1)
    assert again is not None
    table = again.db("values")
    with again.read() as txn:
        assert (txn.get(b"kept", db=table), txn.get(b"later", db=table)) == (KEPT, b"1")
    again.close()


def test_who_writes_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not compact(tmp_path / "none")
    filled(tmp_path / "environment")
    with opened(tmp_path / "environment"), pytest.raises(Locked):
        compact(tmp_path / "environment")
    monkeypatch.setattr("collector.disk.compacting.shutil.disk_usage", lambda _: _Full)
    with pytest.raises(NoRoom):
        compact(tmp_path / "environment")
    assert not (tmp_path / "environment" / FOLDER).exists()


class _Full:
    free = 0


def test_a_start_does_what_was_asked_for_once(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path, 1)
    for path in (data_dir.journal(0), data_dir.control, data_dir.partition(0)):
        filled(path)
    assert compact_if_asked(data_dir) == []
    assert SECRET in (data_dir.partition(0) / "data.mdb").read_bytes()
    ask(tmp_path)
    with opened(data_dir.partition(0)):
        assert len(compact_if_asked(data_dir)) == 1
    assert is_asked(tmp_path)
    assert compact_if_asked(data_dir) == []
    assert not is_asked(tmp_path)
    assert not [path for path in tmp_path.rglob("data.mdb") if SECRET in path.read_bytes()]
