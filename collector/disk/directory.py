"""The directory of an environment: private, durable, with one writer."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from collector.errors import Locked, storage_error

LOCK_TABLE_BYTES = 8192
"""What LMDB makes for its 126 readers; a larger file would change their number."""


def make_directory(path: Path) -> None:
    """Make it, with its parents, for this user alone; its name is durable.

    Raises:
        StorageError: it can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        sync_directory(path.parent)
    except OSError as error:
        raise storage_error(f"{path}: the directory can't be made", error) from error


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def lock_writer(path: Path) -> int:
    """Become the writer of the environment at `path`, until the returned descriptor is closed or the process ends.

    Raises:
        StorageError: there is a writer.
    """
    try:
        fd = os.open(path / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(f"{path}: writer.lock can't be opened", error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise Locked(f"{path} already has a writer: another process holds writer.lock") from error
    return fd


def allocate_lock_table(path: Path) -> None:
    """Give LMDB's table of readers its blocks before LMDB maps it: a page of the map without a block would end the
    process by a signal when the disk is full.

    Raises:
        NoRoom: the file system has none.
    """
    # Not opened where it has them: closing it would drop the locks of who has it open in this process.
    if _has_blocks(path / "lock.mdb"):
        return
    try:
        fd = os.open(path / "lock.mdb", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, LOCK_TABLE_BYTES)
        finally:
            os.close(fd)
    except OSError as error:
        raise storage_error(f"{path}: lock.mdb can't be made", error) from error


def _has_blocks(table: Path) -> bool:
    try:
        found = table.stat()
    except FileNotFoundError:
        return False
    return found.st_size >= LOCK_TABLE_BYTES and found.st_blocks * 512 >= LOCK_TABLE_BYTES
