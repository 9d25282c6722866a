"""What a write transaction changed, for a log that knows it before the disk does.

An environment with a `Log` is a copy of that log: at the end of each write transaction the log is given every row that changed, with its
last value, and makes them durable, all or none; then LMDB commits, with a mark that says how far the log has come. So the copy is never
ahead of the log, and whoever replays the log has the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from collector.errors import Lost

MARK = b"mark"
"""Its name among what an environment knows of itself."""
Changes = Mapping[tuple[str, bytes], bytes | None]
"""(table, key) → the value that the transaction left there; None: no row."""


class Log(Protocol):
    """Where the changes of one environment become durable. Called by whoever holds LMDB's writer lock: one at a time."""

    def publish(self, changes: Changes) -> bytes:
        """Make them durable, all or none; returns the mark behind them, a short text.

        Raises:
            CommitError: nothing of it was kept, and the same may be given again.
            Lost: see there.
        """
        ...

    def close(self) -> None:
        """Let go of it; safe twice."""
        ...


class Publishing:
    """An environment's write transactions on their way to its log. For whoever holds LMDB's writer lock.

    Args:
        meta: the table where the mark stands.
    """

    def __init__(self, log: Log, meta: Any) -> None:
        self.log = log
        self._meta = meta
        self._mark: bytes | None = None
        self._lost = ""

    def begin(self, txn: Any, names: Mapping[Any, str]) -> Recorded:
        """The transaction, recorded. Raises `Lost` where one before it was, or is in the log alone."""
        if not self._lost and self._mark is not None and txn.get(MARK, db=self._meta) != self._mark:
            self._lost = "the log has what the local copy has not"
        if self._lost:
            raise Lost(self._lost)
        return Recorded(txn, names)

    def end(self, txn: Any, recorded: Recorded) -> None:
        """Publish what it changed; LMDB is to commit it next. Raises as `Log.publish`."""
        if not recorded.changes:
            return
        try:
            self._mark = self.log.publish(recorded.changes)
        except Lost as lost:
            self._lost = str(lost)
            raise
        recorded.published = True
        txn.put(MARK, self._mark, db=self._meta)


class Recorded:
    """An LMDB write transaction that remembers what it changed. It has the methods of py-lmdb's, but for those that end it."""

    __slots__ = ("_names", "_txn", "changes", "get", "id", "published", "stat")

    def __init__(self, txn: Any, names: Mapping[Any, str]) -> None:
        self._txn = txn
        self._names = names
        self.changes: dict[tuple[str, bytes], bytes | None] = {}
        self.published = False
        self.get: Callable[..., Any] = txn.get
        self.id: Callable[[], int] = txn.id
        self.stat: Callable[[Any], Any] = txn.stat

    def put(
        self,
        key: bytes,
        value: bytes,
        dupdata: bool = True,
        overwrite: bool = True,
        append: bool = False,
        db: Any = None,
    ) -> bool:
        """See `lmdb.Transaction.put`."""
        done: bool = self._txn.put(key, value, dupdata, overwrite, append, db)
        if done:
            self.changes[self._names[db], bytes(key)] = bytes(value)
        return done

    def delete(self, key: bytes, value: bytes = b"", db: Any = None) -> bool:
        """See `lmdb.Transaction.delete`."""
        done: bool = self._txn.delete(key, value, db)
        if done:
            self.changes[self._names[db], bytes(key)] = None
        return done

    def pop(self, key: bytes, db: Any = None) -> bytes | None:
        """See `lmdb.Transaction.pop`."""
        before: bytes | None = self._txn.pop(key, db)
        if before is not None:
            self.changes[self._names[db], bytes(key)] = None
        return before

    def replace(self, key: bytes, value: bytes, db: Any = None) -> bytes | None:
        """See `lmdb.Transaction.replace`."""
        before: bytes | None = self._txn.replace(key, value, db)
        self.changes[self._names[db], bytes(key)] = bytes(value)
        return before

    def cursor(self, db: Any = None) -> RecordedCursor:
        """See `lmdb.Transaction.cursor`."""
        return RecordedCursor(self._txn.cursor(db), self._names[db], self.changes)


class RecordedCursor:
    """A cursor of such a transaction."""

    __slots__ = ("_changes", "_cursor", "_table", "item", "iternext", "iterprev", "key", "set_range", "value")

    def __init__(self, cursor: Any, table: str, changes: dict[tuple[str, bytes], bytes | None]) -> None:
        self._cursor = cursor
        self._table = table
        self._changes = changes
        self.set_range: Callable[[bytes], bool] = cursor.set_range
        self.iternext: Callable[..., Any] = cursor.iternext
        self.iterprev: Callable[..., Any] = cursor.iterprev
        self.key: Callable[[], bytes] = cursor.key
        self.value: Callable[[], bytes] = cursor.value
        self.item: Callable[[], tuple[bytes, bytes]] = cursor.item

    def __iter__(self) -> Any:
        return iter(self._cursor)

    def __getattr__(self, name: str) -> Any:
        if name not in _MOVES:
            raise AttributeError(f"what {name!r} does is not recorded")
        return getattr(self._cursor, name)

    def put(self, key: bytes, value: bytes, dupdata: bool = True, overwrite: bool = True, append: bool = False) -> bool:
        """See `lmdb.Cursor.put`."""
        done: bool = self._cursor.put(key, value, dupdata, overwrite, append)
        if done:
            self._changes[self._table, bytes(key)] = bytes(value)
        return done

    def putmulti(
        self, items: Iterable[tuple[bytes, bytes]], dupdata: bool = True, overwrite: bool = True, append: bool = False
    ) -> tuple[int, int]:
        """See `lmdb.Cursor.putmulti`; every row is written, or there is an error."""
        rows = [(bytes(key), bytes(value)) for key, value in items]
        if not overwrite:
            raise ValueError("rows that are passed over can't be told from those that were written")
        done: tuple[int, int] = self._cursor.putmulti(rows, dupdata, overwrite, append)
        table = self._table
        self._changes.update({(table, key): value for key, value in rows})
        return done

    def delete(self, dupdata: bool = False) -> bool:
        """See `lmdb.Cursor.delete`."""
        key = bytes(self._cursor.key())
        done: bool = self._cursor.delete(dupdata)
        if done:
            self._changes[self._table, key] = None
        return done

    def pop(self, key: bytes) -> bytes | None:
        """See `lmdb.Cursor.pop`."""
        before: bytes | None = self._cursor.pop(key)
        if before is not None:
            self._changes[self._table, bytes(key)] = None
        return before

    def replace(self, key: bytes, value: bytes) -> bytes | None:
        """See `lmdb.Cursor.replace`."""
        before: bytes | None = self._cursor.replace(key, value)
        self._changes[self._table, bytes(key)] = bytes(value)
        return before


_MOVES = frozenset({"first", "last", "next", "prev", "set_key", "get", "close"})
