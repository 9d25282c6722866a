"""How much disk a configuration may take, and whether it is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from collector.settings.model import Settings

_MAP_FACTOR = 1.25
"""LMDB's files may be larger than the budget of what is in them: pages of old transactions, and reserve."""


def disk(settings: Settings) -> str:
    """The budgets of journal and partitions; stores and files of exporters come on top."""
    journal, ledger = settings.service.journal.max_bytes, settings.service.ledger.max_bytes
    slots, partitions = settings.service.processes.ingest, settings.service.ledger.partitions
    return (
        f"up to {reserved_bytes(settings) / (1 << 30):.1f} GiB in the data directory: journal {_mib(journal)} x {slots}, "
        f"partitions {_mib(ledger)} x {partitions}, a quarter for pages in use; the store's records beside it"
    )


def reserved_bytes(settings: Settings) -> int:
    """What journal and partitions may take together."""
    service = settings.service
    budgets = (
        service.journal.max_bytes * service.processes.ingest + service.ledger.max_bytes * service.ledger.partitions
    )
    return int(budgets * _MAP_FACTOR)


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
