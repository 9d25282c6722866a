"""What commands see of a data directory, without its configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.backend.data_dir import DataDir, owner_of
from collector.backend.desk import LocalDesk
from collector.backend.freeze import frozen
from collector.backend.interface import Desk, Frozen, View
from collector.backend.local import control_intake
from collector.backend.scoped_desk import ScopedDesk
from collector.backend.view import LocalView
from collector.encryption.place import KeyPlace
from collector.errors import StorageError
from collector.journal.entry import Entry, Intake
from collector.scope import Scope

if TYPE_CHECKING:
    from collector.batch import LogBatch


def desk_of(root: Path, scope: Scope) -> Desk:
    """The dead letters of the scope.

    Raises:
    StorageError: there is no data directory of logboom.
    """
    place = KeyPlace.remembered(root)
    desk = LocalDesk(DataDir.found(root), None if place is None else place.ring(seals=False))
    return desk if scope.is_everything else ScopedDesk(desk, scope)


def waiting_of(root: Path, domain: str) -> Iterator[LogBatch | Sequence[Entry] | int]:
    """See `LocalDesk.waiting`. Raises `StorageError`, `KeysUnavailable`."""
    place = KeyPlace.remembered(root)
    return LocalDesk(DataDir.found(root), None if place is None else place.ring(seals=False)).waiting(domain)


def view_of(root: Path) -> View:
    """Raises:
    StorageError: there is no data directory of logboom.
    """
    return LocalView(DataDir.found(root))


def control_of(root: Path) -> Intake:
    """The control journal of a directory that no logboom runs on, for what is carried out when one does.

    Raises:
        StorageError: there is none, or one runs.
    """
    data_dir = DataDir.found(root)
    if owner := owner_of(root):
        raise StorageError(f"a logboom runs on {root} (process {owner})")
    place = KeyPlace.remembered(root)
    return control_intake(data_dir, _unwritten, None if place is None else place.ring())


def _unwritten(error: StorageError) -> None:
    """Whoever waits for the record is told."""
    del error


def frozen_of(root: Path) -> AbstractContextManager[Frozen]:
    """As `Backend.frozen`.

    Raises:
        StorageError: there is no data directory of logboom.
    """
    return frozen(DataDir.found(root))
