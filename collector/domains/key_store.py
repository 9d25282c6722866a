"""The keys in `access.db`. Commands write them; who checks keys reads them whole.

What SQLite calls `data_version` changes with each commit of another connection: asked each second, it makes a key that was
revoked useless everywhere within a second, without a signal.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from collector.domains.access_file import FILE, KEYS, AccessUnreadable, format_of, telling, writing
from collector.domains.keys import Key, KeyKind
from collector.errors import LogboomError
from collector.named_file import Identity, identity
from collector.sqlite_file import connect

__all__ = ["FILE", "KeyFile", "KeyStore", "KeysUnreadable", "NoSuchKey"]

_LISTS = ("networks", "origins", "scopes")
_COLUMNS = (
    "id", "kind", "domain", "digest", "name", "created_at", "not_before", "expires_at", "revoked_at", "networks", "origins",
    "scopes", "multi_domain", "limit", "successor", "last_used",
)  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_SELECT = f"SELECT {_NAMES} FROM keys ORDER BY created_at, id"  # noqa: S608
_INSERT = f"INSERT INTO keys ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


class KeysUnreadable(AccessUnreadable):
    """The file is there and can't be read, or is no store of keys: nobody can tell now who is who."""


class NoSuchKey(LogboomError):
    """No key has this id."""


class KeyStore:
    """What commands do with the keys; each call is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, key: Key) -> None:
        """A new key; makes the file where there is none."""
        with self._writing() as connection:
            connection.execute(_INSERT, _row(key))

    def all(self) -> list[Key]:
        """Every key, the oldest first; none where there is no file."""
        if identity(self._path) is None:
            return []
        with _telling(self._path), closing(connect(self._path)) as connection:
            return _read(connection, self._path)

    def find(self, ident: str) -> Key:
        """Raises NoSuchKey."""
        found = next((key for key in self.all() if key.id == ident), None)
        if found is None:
            raise NoSuchKey(f"there is no key {ident} in {self._path}")
        return found

    def rotate(self, successor: Key, predecessor: str, ends_at: int) -> None:
        """A new key in the place of another, which ends at `ends_at` unless it does before. Raises NoSuchKey."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE keys SET successor = ?1, expires_at = min(coalesce(expires_at, ?2), ?2) WHERE id = ?3",
                (successor.id, ends_at, predecessor),
            ).rowcount
            if not changed:
                raise NoSuchKey(f"there is no key {predecessor} in {self._path}")
            connection.execute(_INSERT, _row(successor))

    def revoke(self, ident: str, now: int) -> None:
        """From now on nobody is let in by it. Raises NoSuchKey."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE keys SET revoked_at = min(coalesce(revoked_at, ?1), ?1) WHERE id = ?2", (now, ident)
            ).rowcount
            if not changed:
                raise NoSuchKey(f"there is no key {ident} in {self._path}")

    def used(self, times: Mapping[str, int]) -> None:
        """When keys were last used; ids that are not there are left out."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE keys SET last_used = max(coalesce(last_used, 0), ?) WHERE id = ?",
                [(at, ident) for ident, at in times.items()],
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with _telling(self._path), writing(self._path, KEYS, KeysUnreadable) as connection:
            yield connection


class KeyFile:
    """The keys as a process sees them: read when they have changed, also when another file stands in the place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._version = -1

    def changed(self) -> list[Key] | None:
        """All keys, if they may be others than at the last call; None if not. Raises KeysUnreadable, then and until it can
        read: also when a file that was there is gone."""
        try:
            with _telling(self._path):
                return self._look()
        except KeysUnreadable:
            self._version = -1
            raise

    def close(self) -> None:
        """Safe twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> list[Key] | None:
        found = identity(self._path)
        if found != self._identity or (found is not None and self._connection is None):
            self.close()
            self._version = -1
            if found is None:
                raise KeysUnreadable(f"{self._path} is gone")
            self._connection = connect(self._path)
            self._identity = found
        if self._connection is None:
            if self._version == 0:
                return None
            self._version = 0
            return []
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return None
        keys = _read(self._connection, self._path)
        self._version = version
        return keys


def _read(connection: sqlite3.Connection, path: Path) -> list[Key]:
    """Every key, the oldest first. Raises sqlite3.Error, and KeysUnreadable for a format of later."""
    if format_of(connection, path, KeysUnreadable) < KEYS:
        return []
    return [_key(dict(zip(_COLUMNS, row, strict=True))) for row in connection.execute(_SELECT)]


def _telling(path: Path) -> AbstractContextManager[None]:
    return telling(path, "keys", KeysUnreadable)


def _row(key: Key) -> Sequence[Any]:
    values = {name: getattr(key, name) for name in _COLUMNS}
    values |= {name: json.dumps(list(values[name])) for name in _LISTS}
    values |= {"limit": json.dumps(dict(key.limit)), "kind": str(key.kind), "multi_domain": int(key.multi_domain)}
    return [values[name] for name in _COLUMNS]


def _key(row: dict[str, Any]) -> Key:
    row |= {name: tuple(json.loads(row[name])) for name in _LISTS}
    row |= {"limit": json.loads(row["limit"]), "kind": KeyKind(row["kind"]), "multi_domain": bool(row["multi_domain"])}
    return Key(**row)
