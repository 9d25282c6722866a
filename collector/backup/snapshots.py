"""Takes a snapshot of a data directory that runs, and makes a data directory of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from collector.backend.interface import Frozen
from collector.backup import tail
from collector.backup.errors import BackupError
from collector.backup.manifest import FilePart, Snapshot, new_id, of_now
from collector.backup.repository import Repository, known_chunks
from collector.backup.tail import Tail
from collector.disk.directory import sync_directory
from collector.errors import storage_error
from collector.store.copying import copy_store

Freeze = Callable[[], AbstractContextManager[Frozen]]
Follows = tuple[str, int, int] | None
"""Stream, and the first and the last object that bring a copy to a commit."""


def take(
    repository: Repository, freeze: Freeze, stores: Sequence[Path], tails: Mapping[Path, Tail] | None = None
) -> Snapshot:
    """A snapshot, which is in the target when this returns.

    The ledger first, the stores after it: what the ledger says is delivered is in the store. What is in the store and waits in
    the ledger is sent again and stored once.

    Args:
        tails: store → what follows it into the same target, meanwhile and after.

    Raises:
        LogboomError: it could not be made; nothing refers to what was written of it.
    """
    known = known_chunks(repository)
    parts: list[FilePart] = []
    stored_bytes = 0
    with freeze() as frozen:
        sources: list[tuple[str, Path, Follows]] = [
            (path.as_posix(), frozen.folder / path, None) for path in frozen.files
        ]
        for store in stores:
            follower = (tails or {}).get(store)
            begins = follower.next if follower is not None else 0
            copy_store(store, copied := frozen.folder / store.name)
            sources.append((store.name, copied, (follower.stream, begins, follower.settle()) if follower else None))
        for path, file, follows in sources:
            part, new = repository.write_file(path, file, known, follows)
            parts.append(part)
            stored_bytes += new
            file.unlink()
    snapshot = of_now(new_id(), parts, stored_bytes)
    repository.write_snapshot(snapshot)
    return snapshot


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    snapshot: Snapshot
    tail_objects: int


def restore(repository: Repository, snapshot: Snapshot, root: Path) -> Restored:
    """Make the data directory `root` of a snapshot, and what its stores did after it. It is there when it is whole.

    Raises:
        BackupError: there is something at `root`, or the backup is damaged.
        StorageError: the disk refused.
    """
    if root.exists() and {path.name for path in root.iterdir()} - {"lock"}:
        raise BackupError(f"{root} is not empty: name another --data-dir, or move it aside first")
    making = root.with_name(f".{root.name}.restoring")
    try:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        objects = sum(_restore_file(repository, part, making) for part in snapshot.files)
        if root.exists():
            (root / "lock").unlink(missing_ok=True)
            root.rmdir()
        making.rename(root)
        sync_directory(root.parent)
    except OSError as error:
        raise storage_error(f"{error.filename or root} can't be written", error) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Restored(snapshot, objects)


def verify(repository: Repository, snapshot: Snapshot) -> int:
    """Read all of a snapshot and its tail as a restore would; how many bytes. Raises `BackupError`: it can't be restored."""
    read = 0
    for part in snapshot.files:
        read += sum(map(len, repository.read_file(part)))
        read += sum(sum(map(len, changes.pages.values())) for changes in tail.of_part(repository, part))
    return read


def _restore_file(repository: Repository, part: FilePart, root: Path) -> int:
    place = PurePosixPath(part.path)
    if place.is_absolute() or ".." in place.parts:
        raise BackupError(f"{part.path} is no path within a data directory")
    file = root / place
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as opened:
        for chunk in repository.read_file(part):
            opened.write(chunk)
    objects = tail.bring_forward(file, tail.of_part(repository, part)) if part.tail is not None else 0
    with file.open("rb") as written:
        os.fsync(written.fileno())
    sync_directory(file.parent)
    return objects
