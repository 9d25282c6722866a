"""The SQLite file of an exporter: each thread keeps a few connections, one for each scope that was asked for lately."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from collector.console.slow_questions import TimedConnection
from collector.named_file import Identity, identity
from collector.scope import Scope
from collector.store.reading import Readable, connect, guarded

_KEPT = 4
_VERSION = "PRAGMA data_version"


class _Kept:
    """A connection, the file that it is on, and the guard around it."""

    def __init__(self, path: Path, scope: Scope, also: Sequence[str] = (), *, narrow: bool = True) -> None:
        self.file = identity(path)
        self.name = secrets.token_hex(8)
        self.connection = connect(path, TimedConnection)
        self._guard = contextlib.ExitStack()
        if narrow:
            self._guard.enter_context(guarded(self.connection, scope, also))

    def close(self) -> None:
        self._guard.close()
        self.connection.close()


class FileSource:
    """See `collector.console.stores.Source`."""

    kind = "sqlite"
    look_secs = 0.2
    most_tails = 64

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = threading.local()
        self._all: list[_Kept] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def connected(self, scope: Scope, also: Sequence[str] = ()) -> Iterator[Readable]:
        """Raises `NoStore`."""
        yield self._kept(scope, tuple(also)).connection

    def names(self, scope: Scope) -> None:
        """The file knows."""

    def interrupt(self, connection: Readable) -> None:
        """A statement that runs on it ends with an error."""
        if isinstance(connection, sqlite3.Connection):
            connection.interrupt()

    def version(self) -> object:
        """Which file it is, and SQLite's number of its changes, which is that of a connection: each thread has its own."""
        kept = self._watch()
        return kept.file, kept.name, kept.connection.execute(_VERSION).fetchone()[0]

    def whole(self, scope: Scope) -> tuple[object, Readable]:  # noqa: ARG002 - it is one file
        """See `Source`."""
        kept = self._watch()
        return kept.name, kept.connection

    def close(self) -> None:
        """Interrupt what runs; connections close with their threads."""
        with self._lock:
            for kept in self._all:
                kept.connection.interrupt()

    def _kept(self, scope: Scope, also: tuple[str, ...]) -> _Kept:
        known: OrderedDict[tuple[Scope, tuple[str, ...]], _Kept] = self._here.__dict__.setdefault(
            "known", OrderedDict()
        )
        found = known.pop((scope, also), None)
        if found is not None and found.file != self._now():
            self._let_go(found)
            found = None
        known[scope, also] = found or self._made(scope, also)
        while len(known) > _KEPT:
            self._let_go(known.popitem(last=False)[1])
        return known[scope, also]

    def _watch(self) -> _Kept:
        """A connection without the guard: for the version, whose PRAGMA it lets not pass, and for rowids, which are not in views."""
        found: _Kept | None = self._here.__dict__.get("watch")
        if found is not None and found.file == self._now():
            return found
        if found is not None:
            self._let_go(found)
        self._here.watch = self._made(Scope.everything(), narrow=False)
        made: _Kept = self._here.watch
        return made

    def _made(self, scope: Scope, also: Sequence[str] = (), *, narrow: bool = True) -> _Kept:
        kept = _Kept(self._path, scope, also, narrow=narrow)
        with self._lock:
            self._all.append(kept)
        return kept

    def _let_go(self, kept: _Kept) -> None:
        with self._lock:
            self._all.remove(kept)
        kept.close()

    def _now(self) -> Identity | None:
        return identity(self._path)
