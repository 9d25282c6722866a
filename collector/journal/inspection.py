"""A journal read from end to end, for whoever asks whether the disk gives back what it was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector.disk.environment import Environment
from collector.errors import StorageError
from collector.journal.damage import chunks_of
from collector.journal.layout import (
    DOMAIN_KEY,
    DOMAINS,
    ENTRIES,
    ENTRY_KEY,
    FORMAT_VERSION,
    KIND,
    OLDEST_FORMAT,
    EntryHeader,
    entry_key,
)


def damage_of(path: Path) -> str:
    """What is wrong with the entries of the journal at `path`; empty: nothing."""
    try:
        environment = Environment.open(path, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        if environment is None:
            return ""
        with environment:
            entries, damaged = _read(environment)
    except StorageError as error:
        return str(error)
    return f"{path}: {damaged} of {entries} entries are not what was accepted" if damaged else ""


def _read(environment: Environment) -> tuple[int, int]:
    """How many entries there are, and how many of them are damaged."""
    domains, table = environment.db(DOMAINS), environment.db(ENTRIES)
    if domains is None or table is None:
        return 0, 0
    entries = damaged = 0
    with environment.read() as txn:
        cursor = txn.cursor(db=table)
        for key, _ in txn.cursor(db=domains):
            (domain,) = DOMAIN_KEY.unpack(key)
            there = cursor.set_range(entry_key(domain, 0))
            while there and cursor.key()[: DOMAIN_KEY.size] == key:
                offset = ENTRY_KEY.unpack_from(cursor.key())[1]
                entries += 1
                damaged += not _is_whole(cursor, domain, offset)
                there = cursor.set_range(entry_key(domain, offset + 1))
    return entries, damaged


def _is_whole(cursor: Any, domain: int, offset: int) -> bool:
    first, *others = chunks_of(cursor, domain, offset)
    header = EntryHeader.parse(first, domain, offset)
    content = b"".join((first, *others))
    return header is not None and header.is_of(content[header.size :])
