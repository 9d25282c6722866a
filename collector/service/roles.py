"""What the processes of logboom do: one table of roles. A new role is a line here and a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from collector.console.service_state import ServiceState
from collector.extensions.backup.config import BackupConfig
from collector.extensions.console.config import ConsoleConfig
from collector.extensions.opamp.config import OpampConfig
from collector.service.channel import Report, Start
from collector.service.plan import extension, extensions
from collector.settings.model import Settings

Place = tuple[str, int]
"""Role and number: (`ingest`, slot), (`worker`, number), (`backup`, 0), (`console`, 0) or (`opamp`, number)."""


class Role(Protocol):
    """What a child does: `run` until `stop` was called, then finish and return."""

    def run(self) -> None: ...
    def stop(self, deadline_secs: float, drain: bool = True) -> None: ...
    def report(self) -> Report | None:
        """The heartbeat, or None when a serving loop hangs: silence makes the supervisor act."""
        ...


@runtime_checkable
class Shows(Role, Protocol):
    """A role that shows people what the supervisor sees."""

    def show(self, state: ServiceState) -> None:
        """What it sees now. From the thread that hears the supervisor."""
        ...


@dataclass(frozen=True, slots=True)
class RoleKind:
    """One role.

    Args:
        make: imports and makes it; in the child, so that the supervisor loads nothing of it.
        count: how many processes of it a configuration asks for.
        takes_requests: senders are answered while one of these is ready.
        vital: nothing is ready without it, and what can't be restored is told as the end of the service; of others the service goes on
            without them, from the start on.
        shows: it is told what the supervisor sees.
        rests: it may say less often that it lives while what it would say stays the same.
    """

    make: Callable[[Start], Role]
    count: Callable[[Settings], int]
    takes_requests: bool = False
    vital: bool = True
    shows: bool = False
    rests: bool = False


def _ingest(start: Start) -> Role:
    from collector.service.ingest import Ingest

    return Ingest(start.settings, start.data_dir, start.index)


def _worker(start: Start) -> Role:
    from collector.service.worker import Worker

    return Worker(start.settings, start.data_dir, start.index)


def _backups(start: Start) -> Role:
    from collector.service.backups import Backups

    return Backups(start.settings, start.data_dir)


def _console(start: Start) -> Role:
    from collector.service.consoles import ConsoleRole

    return ConsoleRole(start.settings, start.data_dir)


def _opamp(start: Start) -> Role:
    from collector.service.managed import OpampRole

    return OpampRole(start.settings, start.data_dir, start.index)


ROLES: Mapping[str, RoleKind] = {
    "ingest": RoleKind(_ingest, lambda settings: settings.service.processes.ingest, takes_requests=True, rests=True),
    "worker": RoleKind(_worker, lambda settings: settings.service.processes.workers, rests=True),
    "backup": RoleKind(_backups, lambda settings: int(extension(settings, BackupConfig) is not None)),
    "console": RoleKind(
        _console, lambda settings: int(extension(settings, ConsoleConfig) is not None), vital=False, shows=True
    ),
    "opamp": RoleKind(_opamp, lambda settings: len(extensions(settings, OpampConfig)), vital=False, shows=True),
}
"""In the order in which they are made, and stopped: ingest first, so that the workers see all that was accepted; the backup last, so
that it has what they leave."""


def make_role(start: Start) -> Role:
    """The behaviour behind a role."""
    return ROLES[start.role].make(start)


def places(settings: Settings) -> list[Place]:
    """Every process of a configuration."""
    return [(name, number) for name, role in ROLES.items() for number in range(role.count(settings))]
