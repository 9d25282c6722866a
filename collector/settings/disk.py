"""How much disk a configuration may take, and whether it is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from collector.disk.allocation import MAP_FACTOR, STEP_BYTES
from collector.journal.limits import CONTROL_LIMITS
from collector.settings.model import Settings


def disk(settings: Settings) -> str:
    """The budgets of journal and partitions; stores and files of exporters come on top."""
    journal, ledger = settings.service.journal.max_bytes, settings.service.ledger.partition_bytes
    slots, partitions = settings.service.processes.ingest, settings.service.ledger.partitions
    return (
        f"{_mib(first_bytes(settings))} in the data directory at first, and up to {reserved_bytes(settings) / (1 << 30):.1f} GiB: journal {_mib(journal)} x {slots}, "
        f"partitions {_mib(ledger)} x {partitions}{_shared(settings)}, control {_mib(CONTROL_LIMITS.max_bytes)}, a quarter for pages in use; the store's records beside it"
    )


def _shared(settings: Settings) -> str:
    return " (copies; as many as this machine owns)" if settings.service.ledger.kafka is not None else ""


def reserved_bytes(settings: Settings) -> int:
    """What journal and partitions may take together."""
    return sum(_files(settings))


def first_bytes(settings: Settings) -> int:
    """What they take at the first start."""
    return sum(min(STEP_BYTES, most) for most in _files(settings))


def _files(settings: Settings) -> list[int]:
    """The most that each file may grow to: budget, pages of old transactions, and reserve."""
    service = settings.service
    budgets = [service.journal.max_bytes] * service.processes.ingest
    budgets += [service.ledger.partition_bytes] * service.ledger.partitions + [CONTROL_LIMITS.max_bytes]
    return [int(budget * MAP_FACTOR) for budget in budgets]


def disk_warning(settings: Settings, data_dir: Path, free_bytes: int | None = None) -> str | None:
    """A sentence when the file system has less room than that, what is there already counted in."""
    data_dir = data_dir.resolve()
    if free_bytes is None:
        place = next(path for path in (data_dir, *data_dir.parents) if path.exists())
        free_bytes = shutil.disk_usage(place).free
    taken = sum(path.stat().st_blocks * 512 for path in data_dir.glob("*/*/*.mdb"))
    wanted = reserved_bytes(settings)
    if free_bytes + taken >= wanted:
        return None
    return (
        f"the data directory {data_dir} may take {_mib(wanted)}, and {_mib(free_bytes + taken)} are free: lower "
        "service.journal.max_bytes or service.ledger.max_bytes, or give it a larger disk"
    )


def _mib(count: int) -> str:
    return f"{count >> 20} MiB"
