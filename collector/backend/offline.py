"""What commands see of a data directory, without its configuration."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from collector.backend.data_dir import DataDir
from collector.backend.desk import LocalDesk
from collector.backend.freeze import frozen
from collector.backend.interface import Desk, Frozen, View
from collector.backend.scoped_desk import ScopedDesk
from collector.backend.view import LocalView
from collector.encryption.place import KeyPlace
from collector.scope import Scope


def desk_of(root: Path, scope: Scope) -> Desk:
    """The dead letters of the scope.

    Raises:
    StorageError: there is no data directory of logboom.
    """
    place = KeyPlace.remembered(root)
    desk = LocalDesk(DataDir.found(root), None if place is None else place.ring(seals=False))
    return desk if scope.is_everything else ScopedDesk(desk, scope)


def view_of(root: Path) -> View:
    """Raises:
    StorageError: there is no data directory of logboom.
    """
    return LocalView(DataDir.found(root))


def frozen_of(root: Path) -> AbstractContextManager[Frozen]:
    """As `Backend.frozen`.

    Raises:
        StorageError: there is no data directory of logboom.
    """
    return frozen(DataDir.found(root))
