"""One declaration of a table that is made of events: columns, keys, indexes, who may see it. What SQLite and D1 run, the view for
a domain's reader, and KV's documents come from it.

An event describes its subject whole, with a `version` that only grows: `logboom.version`, max(the last one + 1, time of receipt
in ms). A row is written where the event is newer, by version and then by the event's record id: a total order, so neither the order of
events nor how often one comes matters, and an owner that has lost its memory goes on above what it had told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

VERSION_ATTRIBUTE = "logboom.version"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the attribute of the event that it shows; empty: the event's own time, in nanoseconds."""

    name: str
    kind: Literal["TEXT", "INTEGER"] = "TEXT"
    attribute: str = ""


_DOMAIN = Column("domain")
_LAST = (Column("version", "INTEGER", VERSION_ATTRIBUTE), Column("event_id"))


@dataclass(frozen=True, slots=True)
class Projection:
    """A table of what events describe. Every one has `domain` in front, `version` and `event_id` (the record in `logs`) behind.

    Args:
        name: of the table.
        kinds: the events, by name or the front of names (`logboom.issue.*`).
        key: what names a subject within its domain.
        columns: all else.
        indexes: name → columns, behind `domain`.
        aged_by: the column of a time in ns; rows that are older than the retention of events go. Empty: they stay.
        expiring: `aged_by` says when a row may go; the retention of events says nothing of it.
        confidential: a reader of domains sees nothing of it, unless it is named.
        alone: its events are no rows of `logs`: there are many, and each says again what the table shows.
        closed: column → values of rows that nobody has to look at any more: a view of the newest leaves them out.
    """

    name: str
    kinds: Sequence[str]
    key: Sequence[Column]
    columns: Sequence[Column]
    indexes: dict[str, Sequence[str]] = field(default_factory=dict)
    aged_by: str = ""
    closed: dict[str, Sequence[str]] = field(default_factory=dict)
    alone: bool = False
    expiring: bool = False
    confidential: bool = False

    @property
    def primary_key(self) -> Sequence[Column]:
        """Key columns of the table."""
        return (_DOMAIN, *self.key)

    @property
    def all_columns(self) -> Sequence[Column]:
        """In the order of the table."""
        return (*self.primary_key, *self.columns, *_LAST)

    def is_closed(self, row: Mapping[str, object]) -> bool:
        """Whether a row is one that `closed` names."""
        return any(row.get(name) in values for name, values in self.closed.items())

    @property
    def create(self) -> Sequence[str]:
        """Makes table and indexes."""
        needed = {column.name for column in (*self.primary_key, *_LAST)}
        lines = [f"{column.name} {column.kind}{' NOT NULL' * (column.name in needed)}" for column in self.all_columns]
        lines.append(f"PRIMARY KEY ({_names(self.primary_key)})")
        body = ",\n".join(f"    {line}" for line in lines)
        table = f"CREATE TABLE IF NOT EXISTS {self.name} (\n{body}\n) WITHOUT ROWID"
        return [table, *(self._index(name, columns) for name, columns in self.indexes.items())]

    def add(self, column: Column) -> str:
        """Adds a column to a table that lacks it."""
        return f"ALTER TABLE {self.name} ADD COLUMN {column.name} {column.kind}"

    def upsert(self, source: str) -> str:
        """Writes what `source` selects (columns as in the table) where it is newer. `source` ends with a WHERE, or is VALUES."""
        keys = {column.name for column in self.primary_key}
        told = ", ".join(f"{one.name} = excluded.{one.name}" for one in self.all_columns if one.name not in keys)
        return (
            f"INSERT INTO {self.name} ({_names(self.all_columns)}) {source}"
            f" ON CONFLICT ({_names(self.primary_key)}) DO UPDATE SET {told}"
            f" WHERE (excluded.version, excluded.event_id) > ({self.name}.version, {self.name}.event_id)"
        )

    @property
    def delete_old(self) -> str:
        """Parameters: domains as JSON, a time in ns, rows at most."""
        names = _names(self.primary_key)
        return (
            f"DELETE FROM {self.name} WHERE ({names}) IN (SELECT {names} FROM {self.name}"  # noqa: S608 - constants
            f" WHERE domain IN (SELECT value FROM json_each(?1)) AND {self.aged_by} < ?2 LIMIT ?3) RETURNING 1"
        )

    def _index(self, name: str, columns: Sequence[str]) -> str:
        return f"CREATE INDEX IF NOT EXISTS {name} ON {self.name} ({', '.join(('domain', *columns))})"


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)
