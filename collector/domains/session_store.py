"""Sessions of the console in `access.db`, links that begin one, and where the console is. Of what opens anything there is only the SHA-256."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from collector.domains.access_file import SESSIONS, AccessUnreadable, format_of, telling, writing
from collector.domains.credential import Credential
from collector.named_file import identity
from collector.sqlite_file import connect

_COLUMNS = "id, login, who, mark, scopes, domains, address, created_at, used_at, expires_at"
_MOST_OF_ONE = 50
"""Sessions of the same person at once; the one that was used the longest ago goes."""


class SessionsUnreadable(AccessUnreadable):
    """The file is there and can't be read: nobody can tell now who is logged in."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in. Times are seconds since the epoch.

    Args:
        id: public, by which lists and the log name it.
        login: id of the extension that let them in, or `link`.
        who: the credential's id there.
        mark: what that extension knew the credential by; another one ends the session.
        scopes: what they may do.
        domains: whose records exist for them; None: all.
        address: from where they logged in.
    """

    id: str
    login: str
    who: str
    mark: str
    scopes: frozenset[str]
    domains: frozenset[str] | None
    address: str
    created_at: int
    used_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link lets in, once."""

    who: str
    scopes: frozenset[str]
    domains: frozenset[str] | None
    expires_at: int


def new_token() -> str:
    """256 random bits, for a cookie or a link."""
    return secrets.token_urlsafe(32)


def domains_of(credential: Credential) -> frozenset[str] | None:
    """The domains whose records a credential reads; None: all. One that belongs to no domain, or to several, reads all."""
    if credential.domain is None or credential.multi_domain:
        return None
    return frozenset({credential.domain, *credential.domains})


class SessionStore:
    """Each call is durable when it returns, and raises SessionsUnreadable where the file can't be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, token: str, session: Session) -> None:
        """From now on who shows the token is in it. What is over goes."""
        with self._writing() as connection:
            connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (session.created_at,))
            connection.execute(
                "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE login = ? AND who = ?"
                " ORDER BY used_at DESC LIMIT -1 OFFSET ?)",
                (session.login, session.who, _MOST_OF_ONE - 1),
            )
            connection.execute(
                f"INSERT INTO sessions (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                (_digest(token), session.id, session.login, session.who, session.mark, _scopes(session.scopes),
                 _domains(session.domains), session.address, session.created_at, session.used_at, session.expires_at),
            )  # fmt: skip

    def find(self, token: str) -> Session | None:
        """Whose token it is, also when the session is over."""
        with self._reading() as connection:
            rows = _rows(connection, f"SELECT {_COLUMNS} FROM sessions WHERE digest = ?", _digest(token))  # noqa: S608
            return next(rows, None)

    def all(self) -> list[Session]:
        """The newest first."""
        with self._reading() as connection:
            return list(_rows(connection, f"SELECT {_COLUMNS} FROM sessions ORDER BY created_at DESC, id"))  # noqa: S608

    def used(self, token: str, at: int) -> None:
        """Somebody was there."""
        with self._writing() as connection:
            connection.execute("UPDATE sessions SET used_at = max(used_at, ?) WHERE digest = ?", (at, _digest(token)))

    def end(self, token: str) -> None:
        """Whoever shows the token is nobody."""
        with self._writing() as connection:
            connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(token),))

    def end_of(self, ident: str = "") -> int:
        """End the session of this id, or all; how many there were."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM sessions WHERE ? IN (id, '')", (ident,)).rowcount

    def add_link(self, token: str, link: Link) -> None:
        """A link that was not followed yet."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO links (digest, who, scopes, domains, expires_at) VALUES (?, ?, ?, ?, ?)",
                (_digest(token), link.who, _scopes(link.scopes), _domains(link.domains), link.expires_at),
            )

    def redeem(self, token: str, now: int) -> Link | None:
        """Whom it lets in, the first time; afterwards, and when it is over, None."""
        with self._writing() as connection:
            found = connection.execute(
                "DELETE FROM links WHERE digest = ? RETURNING who, scopes, domains, expires_at", (_digest(token),)
            ).fetchall()
            connection.execute("DELETE FROM links WHERE expires_at <= ?", (now,))
        links = [Link(who, frozenset(json.loads(scopes)), _set(domains), at) for who, scopes, domains, at in found]
        return next((link for link in links if link.expires_at > now), None)

    def console_at(self, address: str) -> bool:
        """Remember where the console is, for who makes links to it; whether this is the first one of the data directory."""
        with self._writing() as connection:
            first = not connection.execute("DELETE FROM console").rowcount
            connection.execute("INSERT INTO console (address) VALUES (?)", (address,))
            return first

    def console_address(self) -> str:
        """Where the console that asks for a login was last; empty: there was none."""
        with self._reading() as connection:
            found = connection.execute("SELECT address FROM console").fetchone() if _has_sessions(connection) else None
            return str(found[0]) if found else ""

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with telling(self._path, "sessions", SessionsUnreadable):
            there = identity(self._path) is not None
            with closing(connect(self._path) if there else sqlite3.connect(":memory:")) as connection:
                format_of(connection, self._path, SessionsUnreadable)
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with (
            telling(self._path, "sessions", SessionsUnreadable),
            writing(self._path, SESSIONS, SessionsUnreadable) as connection,
        ):
            yield connection


def _has_sessions(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] >= SESSIONS)


def _rows(connection: sqlite3.Connection, statement: str, *values: object) -> Iterator[Session]:
    if not _has_sessions(connection):
        return
    for id_, login, who, mark, scopes, domains, *rest in connection.execute(statement, values):
        yield Session(id_, login, who, mark, frozenset(json.loads(scopes)), _set(domains), *rest)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _scopes(scopes: frozenset[str]) -> str:
    return json.dumps(sorted(scopes))


def _domains(domains: frozenset[str] | None) -> str:
    return json.dumps(None if domains is None else sorted(domains))


def _set(text: str) -> frozenset[str] | None:
    found: Sequence[str] | None = json.loads(text)
    return None if found is None else frozenset(found)
