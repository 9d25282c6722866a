"""An environment written anew without the pages that are free: what was deleted from it stands in them, until they are used again.

    compacting/data.mdb     the copy, while it is made
    compacting/whole        it is on disk; from here on it takes the place of `data.mdb`, and `lock.mdb` goes: its numbers are of the old file

A kill at any point leaves the old file or the new one: whoever opens the environment for writing, or compacts it, ends what was begun
(`settle`), and a copy that did not take the place yet is thrown away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import lmdb

from collector.disk.directory import lock_writer, sync_directory
from collector.disk.handle import acquire
from collector.disk.slack import clear_slack
from collector.errors import Damaged, NoRoom, StorageError, storage_error

FOLDER, _WHOLE = "compacting", "whole"
_SPARE_BYTES = 16 << 20


def compact(path: Path, at: Callable[[str], None] = lambda _: None) -> bool:
    """Write the environment at `path` anew; False where there is none.

    Nobody writes it meanwhile, and who reads it finds the new file at the next look. What is left of the old one are blocks of the disk
    that are free: whoever reads the disk itself may find them.

    Args:
        at: told of each point at which a crash is interesting; tests die there.

    Raises:
        Locked: somebody has it open for writing.
        NoRoom: the file system has no room for a copy.
        StorageError: it can't be read or written; it is as it was.
    """
    if not (path / "data.mdb").exists():
        return False
    lock = lock_writer(path)
    try:
        settle(path)
        _check_room(path)
        _copy(path, at)
        _swap(path, at)
    except OSError as error:
        raise storage_error(f"{path} can't be compacted", error) from error
    finally:
        os.close(lock)
    return True


def settle(path: Path) -> None:
    """End what a compaction that was killed has begun. Call it as the writer, with the files closed.

    Raises:
        OSError: the disk refused.
    """
    folder = path / FOLDER
    if not folder.exists():
        return
    if (folder / _WHOLE).exists() and not (folder / "data.mdb").exists():
        (path / "lock.mdb").unlink(missing_ok=True)
    shutil.rmtree(folder)
    sync_directory(path)


def _check_room(path: Path) -> None:
    used, free = (path / "data.mdb").stat().st_size, shutil.disk_usage(path).free
    if free < used + _SPARE_BYTES:
        raise NoRoom(
            f"{path}: a compact copy needs up to {used >> 20} MiB beside the data, and {free >> 20} MiB are free"
        )


def _copy(path: Path, at: Callable[[str], None]) -> None:
    folder = path / FOLDER
    folder.mkdir(mode=0o700)
    at("begun")
    handle = acquire(path, 0)
    try:
        with handle.begin_read() as txn:
            handle.lmdb.copy(str(folder), compact=True, txn=txn)
    except lmdb.Error as error:
        kind = Damaged if isinstance(error, lmdb.CorruptedError | lmdb.PageNotFoundError) else StorageError
        raise kind(f"{path} can't be copied: {error}") from error
    finally:
        handle.release()
    (folder / "data.mdb").chmod(0o600)
    (folder / "lock.mdb").unlink(missing_ok=True)
    clear_slack(folder / "data.mdb")
    _sync(folder / "data.mdb")
    at("copied")
    (folder / _WHOLE).touch(mode=0o600)
    sync_directory(folder)
    sync_directory(path)


def _swap(path: Path, at: Callable[[str], None]) -> None:
    folder = path / FOLDER
    at("whole")
    (folder / "data.mdb").replace(path / "data.mdb")
    sync_directory(path)
    sync_directory(folder)
    at("swapped")
    settle(path)
    at("done")


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
