"""Journals and partitions written anew, without what was deleted of them: at a start, where somebody asked for it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from collector.backend.data_dir import DataDir
from collector.backend.freeze import FOLDER, frozen_rests
from collector.disk.compacting import compact
from collector.errors import Locked, NoRoom

ASKED = "compact.asked"


def ask(root: Path) -> None:
    """The next start writes journals and partitions anew."""
    (root / ASKED).touch(mode=0o600)


def is_asked(root: Path) -> bool:
    """Whether it will."""
    return (root / ASKED).exists()


def compact_all(data_dir: DataDir) -> list[str]:
    """All of a data directory that nobody runs on, and what backups that were killed have left; what could not be done, a sentence each.

    Raises:
        StorageError: one of them can't be read.
    """
    paths = [*(data_dir.journal(slot) for slot in data_dir.journal_slots()), data_dir.control]
    paths += [data_dir.partition(number) for number in range(data_dir.partitions)]
    left: list[str] = []
    for path in paths:
        try:
            compact(path)
        except (Locked, NoRoom) as error:
            left.append(str(error))
    with contextlib.suppress(Locked):  # one that is being made now
        frozen_rests(data_dir.root / FOLDER)
    return left


def compact_if_asked(data_dir: DataDir) -> list[str]:
    """As `compact_all`, where it was asked for; it is asked for no more when all of it is done. Killed in between, it begins anew."""
    if not is_asked(data_dir.root):
        return []
    left = compact_all(data_dir)
    if not left:
        (data_dir.root / ASKED).unlink(missing_ok=True)
    return left
