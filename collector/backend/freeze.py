"""One moment of journals and partitions, copied while others write.

Records go from a journal into partitions, and marks back: behind them the journal trims. So no order of copying is right by
itself. Journals first: a partition has read what their copies lack, and entries are passed over that come later under the same
offsets. Partitions first: a journal has trimmed what their copies have not read. What is taken:

    journals ──► partitions ──► journals again        a reading transaction of each: microseconds, nobody waits
        └────── was nothing trimmed between but what the partitions had done with? else once more

Stores are copied after that: what a partition has acknowledged is there, what it has not is sent again, and stored once.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.backend.data_dir import DataDir
from collector.backend.interface import Frozen
from collector.backend.opening import open_journal, open_partition
from collector.disk.directory import make_directory
from collector.disk.environment import Environment, Transaction
from collector.errors import Locked, NoRoom, StorageError
from collector.journal.kept import Looked
from collector.ledger import cursors, outbox, roster
from collector.ledger.spill import spilled_file
from collector.ledger.tables import Tables

FOLDER = "frozen"
_TRIES = 1000
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Partition:
    """An open partition; `tables` None: of an older version, which nobody has opened since."""

    environment: Environment
    tables: Tables | None


Look = tuple[Environment, Transaction]


@contextlib.contextmanager
def frozen(data_dir: DataDir, at: Callable[[str], None] = lambda _: None) -> Iterator[Frozen]:
    """See `Backend.frozen`. `at` is told of the points between the looks; tests change something there."""
    folder = data_dir.root / FOLDER
    with _alone(folder):
        yield Frozen(folder, sorted(_copied(data_dir, folder, at)))


def frozen_rests(folder: Path) -> None:
    """Delete what a backup that was killed has left. Raises `Locked`: one is being made."""
    if folder.exists():
        with _alone(folder):
            pass


def _copied(data_dir: DataDir, folder: Path, at: Callable[[str], None]) -> list[Path]:
    """What is in the folder now. No look outlasts this: they pin pages that writers need."""
    with contextlib.ExitStack() as opened:
        paths = [*(data_dir.journal(slot) for slot in data_dir.journal_slots()), data_dir.control]
        journals = {
            path: Looked.at(environment) for path in paths if (environment := _open_journal(opened, path)) is not None
        }
        partitions = {
            number: _Partition(environment, Tables.of(environment))
            for number in range(data_dir.partitions)
            if (environment := _open_partition(opened, data_dir.partition(number))) is not None
        }
        _check_room(
            folder, [*(one.environment for one in journals.values()), *(one.environment for one in partitions.values())]
        )
        with _moment(folder, journals, partitions, data_dir.control, at) as looks:
            files = [_copy(folder, path, look) for path, look in looks.items()]
    shutil.copy(data_dir.root / "layout.json", folder)
    return [*files, Path("layout.json"), *(path.relative_to(folder) for path in folder.glob("partition/*/spill/*/*"))]


@contextlib.contextmanager
def _moment(
    folder: Path,
    journals: Mapping[Path, Looked],
    partitions: Mapping[int, _Partition],
    control: Path,
    at: Callable[[str], None],
) -> Iterator[Mapping[Path, Look]]:
    """Looks that fit each other, by where their copies go."""
    for _ in range(_TRIES):
        with contextlib.ExitStack() as looks:
            before = {path: looks.enter_context(one.environment.read()) for path, one in journals.items()}
            at("journals")
            owned = {number: looks.enter_context(one.environment.read()) for number, one in partitions.items()}
            at("partitions")
            after = {path: looks.enter_context(one.environment.read()) for path, one in journals.items()}
            at("journals again")
            fit = all(
                one.holds_all(before[path], after[path], _marks(one, path == control, partitions, owned))
                for path, one in journals.items()
            ) and all(_link_spilled(folder, number, one, owned[number]) for number, one in partitions.items())
            if fit:
                found = {Path("journal") / path.name: (journals[path].environment, txn) for path, txn in after.items()}
                mine = {
                    Path("partition") / str(number): (partitions[number].environment, txn)
                    for number, txn in owned.items()
                }
                yield found | mine
                return
    raise StorageError("the journal is trimmed faster than it can be looked at: try again when there is less to do")


def _marks(
    journal: Looked, control: bool, partitions: Mapping[int, _Partition], owned: Mapping[int, Transaction]
) -> dict[str, int]:
    """Domain → the highest offset of the journal that nobody needs; each domain is of one partition."""
    marks: dict[str, int] = {}
    for number, partition in partitions.items():
        if (tables := partition.tables) is not None:
            txn = owned[number]
            readers = roster.readers(txn, tables, control)
            marks |= cursors.low_watermarks(txn, tables, readers, journal.environment.id)
    return marks


def _link_spilled(folder: Path, number: int, partition: _Partition, txn: Transaction) -> bool:
    """Give the spill files that the partition knows another name; False when one is gone, acknowledged since."""
    if (tables := partition.tables) is None:
        return True
    return all(
        _linked(folder, number, spilled_file(partition.environment.path, exporter, queued.seq))
        for exporter in outbox.all_totals(txn, tables)
        for queued in outbox.queue(txn, tables, exporter)
        if queued.spilled
    )


def _linked(folder: Path, number: int, file: Path) -> bool:
    target = folder / "partition" / str(number) / "spill" / file.parent.name / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except FileExistsError:
        return True  # an attempt before this one was as far
    except FileNotFoundError:
        return False
    return True


def _copy(folder: Path, path: Path, look: Look) -> Path:
    environment, txn = look
    (folder / path).mkdir(parents=True, exist_ok=True)
    environment.copy(folder / path, txn)
    return path / "data.mdb"


def _open_journal(opened: contextlib.ExitStack, path: Path) -> Environment | None:
    found = open_journal(path)
    return opened.enter_context(found) if found is not None else None


def _open_partition(opened: contextlib.ExitStack, path: Path) -> Environment | None:
    found = open_partition(path)
    return opened.enter_context(found) if found is not None else None


def _check_room(folder: Path, environments: list[Environment]) -> None:
    wanted = sum(environment.bytes_in_use() for environment in environments) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise NoRoom(f"{folder}: a copy needs {wanted >> 20} MiB beside the data and {free >> 20} MiB are free")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the folder, empty, for one at a time; what one that was killed has left goes with the next."""
    make_directory(folder)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _empty(folder)
        yield
        _empty(folder)
    except BlockingIOError:
        raise Locked(f"{folder}: another backup of this data directory is being made") from None
    finally:
        os.close(lock)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
