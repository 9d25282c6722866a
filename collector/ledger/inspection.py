"""A partition read from end to end, for whoever asks whether the disk gives back what it was given."""

from __future__ import annotations

from pathlib import Path

from collector.disk.chunks import get_chunks
from collector.disk.environment import Database, Environment, Transaction
from collector.errors import Damaged, StorageError
from collector.ledger.codec import check
from collector.ledger.tables import FORMAT_VERSION, KIND, OLDEST_FORMAT, U64, Tables


def damage_in(path: Path) -> str:
    """What is wrong with what is kept in the partition at `path`; empty: nothing."""
    try:
        environment = Environment.open(path, KIND, FORMAT_VERSION, OLDEST_FORMAT)
        if environment is None:
            return ""
        with environment:
            if (tables := Tables.of(environment)) is None:
                return ""
            with environment.read() as txn:
                damaged = _damaged(txn, tables.content) + _damaged(txn, tables.dead_content)
    except StorageError as error:
        return str(error)
    return f"{path}: {damaged} contents of outbox and dead letters are not what was written" if damaged else ""


def _damaged(txn: Transaction, table: Database) -> int:
    """How many values of a table of contents are not what was written."""
    numbers = {key[: U64.size] for key, _ in txn.cursor(db=table)}
    return sum(not _is_whole(get_chunks(txn, table, number) or b"") for number in numbers)


def _is_whole(content: bytes) -> bool:
    try:
        check(content)
    except Damaged:
        return False
    return True
