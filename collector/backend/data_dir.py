"""The data directory: who owns it, and what stands where.

DIR/lock                 held (flock) by the supervisor and inherited by its children: free when all are gone
DIR/layout.json          format and number of partitions, fixed when the directory is made
DIR/journal/<slot>/      one LMDB environment an ingest process
DIR/journal/control/     one for what people do and the service knows, written by ingest slot 0
DIR/limits.bin           what was taken of the rates of domains and credentials, shared by ingest processes
DIR/quotas/<slot>        what an ingest process took of the day's quotas
DIR/partition/<p>/       one LMDB environment a partition
DIR/frozen/              copies of one moment, while a backup is made (`freeze.py`)
DIR/keys.db              keys of domains, wrapped, where what waits is encrypted
DIR/encryption.json      where these keys and their master key are
DIR/opamp/               ids, and the configuration that an OpAMP server gave
DIR/links.key            by which links in messages to people are signed
DIR/cluster.json         with `service.ledger.kafka`: ids of the topics
DIR/cluster/             with it: what each worker owns; how the brokers are reached (0600)
DIR/compact.asked        journals and partitions are to be written anew at the next start (`compacting.py`)
DIR/store.db             the embedded store (exporter `sqlite`)
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.errors import StorageError, storage_error
from collector.release import newer, release

FORMAT = 1


@dataclass(frozen=True, slots=True)
class DataDir:
    """The paths of one data directory."""

    root: Path
    partitions: int

    def journal(self, slot: int) -> Path:
        """Where ingest slot `slot` writes."""
        return self.root / "journal" / str(slot)

    @property
    def control(self) -> Path:
        """Where ingest slot 0 writes what people do and the service knows."""
        return self.root / "journal" / "control"

    def partition(self, number: int) -> Path:
        """Where the owner of partition `number` writes."""
        return self.root / "partition" / str(number)

    @classmethod
    def found(cls, root: Path) -> DataDir:
        """That of another process, as it is on disk.

        Raises:
            StorageError: it is none.
        """
        numbers = _numbers(root / "partition")
        if not numbers:
            raise StorageError(f"{root} is no data directory of logboom: say which with --data-dir DIR")
        return cls(root, numbers[-1] + 1)

    def journal_slots(self) -> list[int]:
        """The slots that exist on disk, also those of an earlier, larger configuration: their backlog is still read."""
        return _numbers(self.root / "journal")


def open_data_dir(root: Path, partitions: int) -> DataDir:
    """Make or check the directory.

    Raises:
        StorageError: it is of another format, or has another number of partitions.
    """
    layout = root / "layout.json"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not layout.exists():
            _write_durably(layout, json.dumps({"format": FORMAT, "partitions": partitions, "logboom": release()}))
        found = _parse(layout)
        for name in ("journal", "partition"):
            (root / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise storage_error(f"{error.filename or root} can't be used", error) from error
    _check(root, found, partitions)
    return DataDir(root, partitions)


def renumbered(root: Path, partitions: int) -> None:
    """A machine of a cluster has copies of partitions, of another number from now on. Raises `StorageError`."""
    layout = root / "layout.json"
    if not layout.exists() or (found := _parse(layout)).partitions == partitions:
        return
    try:
        told = {"format": found.format, "partitions": partitions, "logboom": found.logboom}
        _write_durably(layout, json.dumps(told))
    except OSError as error:
        raise storage_error(f"{error.filename or root} can't be used", error) from error


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.glob("[0-9]*") if path.name.isdecimal())


def check_data_dir(root: Path, partitions: int) -> str:
    """What is there, in a few words; empty: no data directory yet. Changes nothing.

    Raises:
        StorageError: as `open_data_dir`.
    """
    if not (root / "layout.json").exists():
        return ""
    found = _parse(root / "layout.json")
    _check(root, found, partitions)
    return f"format {found.format}, {found.partitions} partitions"


def owner_of(root: Path) -> str:
    """The process that has the directory; empty: nobody."""
    try:
        descriptor = os.open(root / "lock", os.O_RDWR)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 32, 0).decode().strip() or "unknown"
    finally:
        os.close(descriptor)
    return ""


def _check(root: Path, found: Layout, partitions: int) -> None:
    if found.format != FORMAT:
        raise StorageError(newer(root, str(found.format), found.logboom, f"format {FORMAT} only"))
    if found.partitions != partitions:
        raise StorageError(
            f"{root} was made with {found.partitions} partitions and the configuration says {partitions}: "
            f"set service.ledger.partitions to {found.partitions}, or use another --data-dir"
        )


class Layout(NamedTuple):
    """What `layout.json` says; `logboom`: the version that wrote it, empty for the first ones."""

    format: int
    partitions: int
    logboom: str


def _parse(layout: Path) -> Layout:
    try:
        found = json.loads(layout.read_text())
        return Layout(int(found["format"]), int(found["partitions"]), str(found.get("logboom", "")))
    except (ValueError, KeyError, TypeError):
        raise StorageError(f"{layout} is damaged: it says neither the format nor the partitions") from None


def _write_durably(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def lock_data_dir(root: Path, wait_secs: float = 15.0) -> int:
    """Take the directory for this process and its children; returns the file descriptor that holds it.

    The children of a supervisor that was killed still hold it while they stop: then this waits.

    Raises:
        StorageError: another logboom runs on it.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"--data-dir {root} can't be used: {error.strerror}") from error
    deadline = time.monotonic() + wait_secs
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            owner = os.pread(descriptor, 32, 0).decode().strip()
            if time.monotonic() > deadline or _alive(owner):
                os.close(descriptor)
                raise StorageError(_in_use(root, owner)) from None
            time.sleep(0.1)
    with contextlib.suppress(OSError):  # a full disk: the name is for people, the lock is what counts
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(descriptor, True)
    return descriptor


def _in_use(root: Path, owner: str) -> str:
    if owner and not _alive(owner):
        return f"{root} is still held by children of process {owner}, which is gone: end them (logboom ingest, worker)"
    return f"{root} is in use by process {owner or 'unknown'}: stop it, or give another --data-dir"


def _alive(pid: str) -> bool:
    try:
        return pid.isdigit() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
