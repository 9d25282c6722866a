"""`keys.db`: the keys of domains, wrapped by the master key, and the data keys that they wrap. SQLite (WAL, 0600), apart from data and
backups.

    facts         `master`: id of the master key that new domain keys are wrapped with; `destroyed`: counts destructions
    domain_keys   domain → its key, wrapped
    data_keys     id → domain, what it is for, itself wrapped by the domain's; of one that was destroyed the bytes are gone, the row stays:
                  so what it encrypted is known to be erased, and not to wait for a lost file

`secure_delete` zeroes what is deleted, and the write-ahead log is emptied after a destruction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from collector.encryption.master_key import Wrapped
from collector.errors import KeysUnavailable
from collector.named_file import Identity, identity
from collector.sqlite_file import connect, transaction

FILE = "keys.db"
FORMAT = 1
_BUSY_SECS = 2.0
_TABLES = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT",
    """CREATE TABLE domain_keys (
  domain TEXT PRIMARY KEY, id BLOB NOT NULL UNIQUE, master TEXT NOT NULL, wrapped BLOB NOT NULL, created_at INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE data_keys (
  id BLOB PRIMARY KEY, domain TEXT NOT NULL, purpose TEXT NOT NULL, domain_key BLOB NOT NULL, wrapped BLOB, created_at INTEGER NOT NULL,
  destroyed_at INTEGER
) STRICT""",
    "CREATE UNIQUE INDEX live_keys ON data_keys (domain, purpose) WHERE wrapped IS NOT NULL",
)


class DomainKey(NamedTuple):
    """The key of a domain, as it is kept."""

    domain: str
    id: bytes
    wrapped: Wrapped
    created_at: int


class DataKey(NamedTuple):
    """A key of a domain for one purpose (`day 20787`, `lasting`, `pseudonyms`). `wrapped` is None when it was destroyed."""

    id: bytes
    domain: str
    purpose: str
    domain_key: bytes
    wrapped: bytes | None
    created_at: int


_DOMAIN_KEY = "SELECT domain, id, master, wrapped, created_at FROM domain_keys"
_DATA_KEY = "SELECT id, domain, purpose, domain_key, wrapped, created_at FROM data_keys"


class KeyStore:
    """What a process does with the file; one connection for reading, a transaction for each change. Not thread-safe; each method may
    raise `KeysUnavailable`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._version = -1

    def close(self) -> None:
        """Safe twice; the next question opens the file again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._version = -1

    def prepare(self, master: str, new: bool = True) -> None:
        """Make what is missing; `master` is the master key, if none is named yet.

        Args:
            new: False where something is encrypted already: then a file that is not there is a lost one, and none is made in its place.
        """
        if not new and identity(self.path) is None:
            raise KeysUnavailable(
                f"the keys in {self.path} are gone, and what waits was encrypted with them: put the file back, or the copy of it"
            )
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES ('master', ?), ('destroyed', 0)", (master,))

    def changed(self) -> bool:
        """Whether another process, or another connection, may have changed it since the last call. Raises: it is gone."""
        with self._telling():
            reopened = self._reading() is None
            version: int = self._open().execute("PRAGMA data_version").fetchone()[0]
        known, self._version = self._version, version
        return reopened or version != known

    def master(self) -> str | None:
        """The id of the master key that new keys of domains are wrapped with."""
        found = self._one("SELECT value FROM facts WHERE name = 'master'")
        return None if found is None else str(found[0])

    def destructions(self) -> int:
        """How many there were, ever."""
        found = self._one("SELECT value FROM facts WHERE name = 'destroyed'")
        return 0 if found is None else int(found[0])

    def domain_key(self, domain: str) -> DomainKey | None:
        """The one of a domain."""
        row = self._one(f"{_DOMAIN_KEY} WHERE domain = ?", domain)
        return None if row is None else _domain_key(row)

    def domain_keys(self) -> list[DomainKey]:
        """All of them, by domain."""
        return [_domain_key(row) for row in self._all(f"{_DOMAIN_KEY} ORDER BY domain")]

    def data_key(self, key_id: bytes) -> DataKey | None:
        """By its id, also one that was destroyed."""
        row = self._one(f"{_DATA_KEY} WHERE id = ?", key_id)
        return None if row is None else DataKey(*row)

    def live_key(self, domain: str, purpose: str) -> DataKey | None:
        """The one of a domain for a purpose."""
        row = self._one(f"{_DATA_KEY} WHERE domain = ? AND purpose = ? AND wrapped IS NOT NULL", domain, purpose)
        return None if row is None else DataKey(*row)

    def live_keys(self) -> list[DataKey]:
        """All that were not destroyed, the oldest first."""
        return [DataKey(*row) for row in self._all(f"{_DATA_KEY} WHERE wrapped IS NOT NULL ORDER BY created_at, id")]

    def destroyed_keys(self) -> dict[str, int]:
        """Domain → how many of its data keys were destroyed."""
        rows = self._all("SELECT domain, count(*) FROM data_keys WHERE wrapped IS NULL GROUP BY domain ORDER BY domain")
        return {str(domain): int(count) for domain, count in rows}

    def add_domain_key(self, key: DomainKey) -> DomainKey | None:
        """Keep it, unless there is one: returns the one that is there. None: another master key is the one now."""
        with self._writing() as connection:
            now = connection.execute("SELECT value FROM facts WHERE name = 'master'").fetchone()
            if now is not None and now[0] != key.wrapped.master:
                return None
            connection.execute(
                "INSERT OR IGNORE INTO domain_keys VALUES (?, ?, ?, ?, ?)",
                (key.domain, key.id, key.wrapped.master, key.wrapped.data, key.created_at),
            )
            row = connection.execute(f"{_DOMAIN_KEY} WHERE domain = ?", (key.domain,)).fetchone()
        return _domain_key(row)

    def add_data_key(self, key: DataKey) -> DataKey | None:
        """Keep it, unless there is one: returns the one that is there. None: the domain's key was destroyed meanwhile."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO data_keys SELECT ?, domain, ?, id, ?, ?, NULL FROM domain_keys WHERE domain = ? AND id = ?",
                (key.id, key.purpose, key.wrapped, key.created_at, key.domain, key.domain_key),
            )
            row = connection.execute(
                f"{_DATA_KEY} WHERE domain = ? AND purpose = ? AND wrapped IS NOT NULL", (key.domain, key.purpose)
            ).fetchone()
        return None if row is None else DataKey(*row)

    def rewrapped(self, old: DomainKey, wrapped: Wrapped) -> None:
        """The key of a domain is wrapped by another master key now, unless it changed meanwhile."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE domain_keys SET master = ?, wrapped = ? WHERE id = ? AND wrapped = ?",
                (*wrapped, old.id, old.wrapped.data),
            )
        self._empty_log()

    def set_master(self, master: str) -> None:
        """From now on keys of domains are wrapped with it."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('master', ?)", (master,))

    def destroy_domain(self, domain: str, now: int) -> int:
        """All keys of a domain. Returns how many data keys there were."""
        with self._writing() as connection:
            connection.execute("DELETE FROM domain_keys WHERE domain = ?", (domain,))
            gone = self._gone(connection, now, "domain = ?", domain)
        self._empty_log()
        return gone

    def destroy_before(self, created: int, now: int, held: Collection[str] = ()) -> int:
        """The data keys of days that were made before, of all domains but those that are held. Returns how many there were."""
        which = "created_at <= ? AND purpose LIKE 'day %' AND domain NOT IN (SELECT value FROM json_each(?))"
        with self._writing() as connection:
            gone = self._gone(connection, now, which, created, json.dumps(list(held)))
        if gone:
            self._empty_log()
        return gone

    def _gone(self, connection: sqlite3.Connection, now: int, which: str, *values: object) -> int:
        gone = connection.execute(
            f"UPDATE data_keys SET wrapped = NULL, destroyed_at = ? WHERE wrapped IS NOT NULL AND {which}",  # noqa: S608
            (now, *values),
        ).rowcount
        connection.execute("UPDATE facts SET value = value + 1 WHERE name = 'destroyed'")
        return gone

    def _empty_log(self) -> None:
        """What was deleted stands in the write-ahead log as well, until it is written over."""
        with self._telling():
            self._open().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        with self._telling():
            row: tuple[Any, ...] | None = self._open().execute(sql, values).fetchone()
        return row

    def _all(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self._telling():
            rows: Sequence[tuple[Any, ...]] = self._open().execute(sql).fetchall()
        return rows

    def _reading(self) -> sqlite3.Connection | None:
        """The connection, while its file is the one that stands at the path."""
        found = identity(self.path)
        if found is None or found != self._identity:
            self.close()
        self._identity = found
        return self._connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if identity(self.path) is None:
                raise KeysUnavailable(f"the keys in {self.path} are gone: put the file back")
            self._identity = identity(self.path)
            self._connection = connect(self.path, _BUSY_SECS)
            self._check(self._connection)
        return self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._telling(), transaction(self.path, _BUSY_SECS) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            if self._check(connection) == 0:
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            yield connection

    def _check(self, connection: sqlite3.Connection) -> int:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise KeysUnavailable(f"{self.path} was written by a later logboom (format {found}): use that one")
        return found

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.close()
            reason = error.strerror if isinstance(error, OSError) else error
            raise KeysUnavailable(f"the keys in {self.path} can't be used: {reason}") from error


def _domain_key(row: Sequence[Any]) -> DomainKey:
    domain, key_id, master, wrapped, created_at = row
    return DomainKey(domain, key_id, Wrapped(master, wrapped), created_at)
