"""What events describe, as documents: one for each table and domain, with the newest subjects. Works on the view's connection.

    {"v":1,"domain":"shop.example.com","rows":[{"deployment_id":…,"service":…,"version":…,"event_id":…},…]}     newest first

A row has the columns of the table in `sqlite` and `d1` but for `domain`; absent ones are left out, times are strings: all digits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from collector.component import StoreMark, Subject
from collector.store.describing import Described
from collector.store.projection import Projection
from collector.store.projections import PROJECTIONS

_SCHEMA = """
CREATE TABLE IF NOT EXISTS described (domain TEXT, name TEXT, subject TEXT, at INTEGER, version INTEGER, event_id TEXT, line TEXT,
    PRIMARY KEY (domain, name, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT, changes INTEGER);
INSERT INTO mark SELECT lower(hex(randomblob(16))), 0 WHERE NOT EXISTS (SELECT 1 FROM mark);
"""
_PUT = """INSERT INTO described VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    at = excluded.at, version = excluded.version, event_id = excluded.event_id, line = excluded.line
    WHERE (excluded.version, excluded.event_id) > (described.version, described.event_id)"""
_TRIM = """DELETE FROM described WHERE domain = ?1 AND name = ?2 AND subject IN (SELECT subject FROM described
    WHERE domain = ?1 AND name = ?2 ORDER BY at DESC, subject LIMIT -1 OFFSET ?3)"""
SHOWN = tuple(projection for projection in PROJECTIONS if projection.closed or not projection.alone)
"""What KV has documents of: not what is told so often that it stands in tables alone, unless only what is open of it is shown."""
BY_NAME = {projection.name: projection for projection in PROJECTIONS}
_CLOSED = -1
"""The time of rows that are not shown: they are kept behind all others, so that what is older does not bring them back."""
Place = tuple[str, str]
"""(domain, table)."""
Values = Mapping[str, object]


class Documents:
    """Args: connection: of the view. most: subjects that are kept for each table and domain."""

    def __init__(self, connection: sqlite3.Connection, most: int) -> None:
        self._connection = connection
        self._most = most
        connection.executescript(_SCHEMA)

    @property
    def mark(self) -> StoreMark:
        """By what the view is known again."""
        return StoreMark(*self._connection.execute("SELECT name, changes FROM mark").fetchone())

    def add(self, described: Iterable[Described]) -> set[Place]:
        """Write what is newer, within the transaction; the documents that may have changed."""
        changed: set[Place] = set()
        for table in described:
            rows = [_row(values) for values in table.rows.iter_rows(named=True)]
            changed |= self._put(table.projection, rows)
        if changed:
            self._connection.execute("UPDATE mark SET changes = changes + 1")
        return changed

    def erase(self, domain: str, subject: Subject | None) -> set[str]:
        """All of a domain, or a person's value in the rows of it, within the transaction; the tables that changed."""
        rows = self._connection.execute(
            "SELECT name, subject, line FROM described WHERE domain = ?", (domain,)
        ).fetchall()
        if subject is None:
            self._connection.execute("DELETE FROM described WHERE domain = ?", (domain,))
            return {name for name, _, _ in rows}
        held = [(name, key, line) for name, key, line in rows if subject.read_in(line)]
        hidden = [
            (orjson.dumps(subject.hidden_within(orjson.loads(line))).decode(), domain, name, key)
            for name, key, line in held
        ]
        self._connection.executemany(
            "UPDATE described SET line = ? WHERE domain = ? AND name = ? AND subject = ?", hidden
        )
        return {name for name, _, _ in held}

    def adopt(self, place: Place, value: Values) -> None:
        """Take over the rows of a document; those that are newer here stay."""
        domain, name = place
        rows = value.get("rows")
        given = [{**row, "domain": domain} for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        self._put(BY_NAME[name], given)

    def document(self, domain: str, name: str) -> tuple[str, dict[str, object]]:
        """The value of a key, and its metadata."""
        lines = [
            line for (line,) in self._connection.execute(
                "SELECT line FROM described WHERE domain = ? AND name = ? AND at >= 0 ORDER BY at DESC, subject", (domain, name)
            )
        ]  # fmt: skip
        text = orjson.dumps(domain).decode()
        return f'{{"v":1,"domain":{text},"rows":[{",".join(lines)}]}}', {"rows": len(lines)}

    def _put(self, projection: Projection, rows: Sequence[Values]) -> set[Place]:
        self._connection.executemany(_PUT, _stored(projection, rows))
        places = {(str(row["domain"]), projection.name) for row in rows}
        self._connection.executemany(_TRIM, [(*place, self._most) for place in sorted(places)])
        return places


def places_of(described: Iterable[Described]) -> set[Place]:
    """The documents that these rows belong to."""
    return {(domain, one.projection.name) for one in described for domain in one.rows.get_column("domain").unique()}


def _row(values: Values) -> Values:
    return {
        name: str(value) if name.endswith("_unix_nano") else value
        for name, value in values.items()
        if value is not None
    }


def _stored(projection: Projection, rows: Iterable[Values]) -> Iterator[tuple[object, ...]]:
    """What KV gave is checked: a row of another shape is left out."""
    for row in rows:
        subject = [row.get(column.name) for column in projection.key]
        version, event_id = row.get("version"), row.get("event_id")
        at = str(row.get(projection.aged_by, "0"))
        if None in subject or not isinstance(version, int) or not isinstance(event_id, str) or not at.isdecimal():
            continue
        line = orjson.dumps({name: value for name, value in row.items() if name != "domain"}).decode()
        place = _CLOSED if projection.is_closed(row) else int(at)
        yield row["domain"], projection.name, orjson.dumps(subject).decode(), place, version, event_id, line
