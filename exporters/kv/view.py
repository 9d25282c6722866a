"""The view on this machine: what KV has is a copy of it. So a resend counts nothing twice, and a lost answer, or a
process that died, costs at most writing the same values again. Where the file is new, KV comes first: `adoption.py`.

SQLite, `DIR/kv-*.db`. `seen` holds the ids of the last records; `recent` the newest lines of each domain, numbered; `counts`
the hours; `described` what events describe; `dirty` the keys whose value in KV is older than here, with a version that grows with each change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from collector.component import Erasure, StoreMark
from collector.named_file import NamedFile
from collector.store.describing import Described
from exporters.kv.adoption import Adoption, Wanted
from exporters.kv.described import Documents
from exporters.kv.keys import counts_key, described_key, recent_key
from exporters.kv.records import received_hours

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS recent (domain TEXT, number INTEGER, line TEXT, PRIMARY KEY (domain, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS next (domain TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (domain TEXT, hour TEXT, level TEXT, component TEXT, records INTEGER,
    PRIMARY KEY (domain, hour, level, component)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dirty (key TEXT PRIMARY KEY, domain TEXT, kind TEXT, part TEXT, version INTEGER) WITHOUT ROWID;
"""
_MARK = "INSERT INTO dirty VALUES (?, ?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET version = version + 1"
_OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Shape:
    """How much is kept, and under which keys."""

    prefix: str
    recent: int
    chunk: int
    max_components: int
    seen: int = 200_000
    described: int = 100

    @property
    def slots(self) -> int:
        """Chunks of a domain: enough for `recent` records wherever the newest chunk begins."""
        return -(-self.recent // self.chunk) + 1


@dataclass(frozen=True, slots=True)
class Change:
    """A key whose value must be written. `version`: of the value, for `published`."""

    key: str
    domain: str
    kind: str
    value: str
    metadata: dict[str, object]
    version: int


class View:
    """All methods belong to one thread. `open` before, `close` after."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self._path = path
        self._shape = shape
        self._name = NamedFile(path)
        self._opened = False
        self.mark: StoreMark | None = None
        """By what the view is known again; None before it was opened."""

    def open(self) -> None:
        """Open or make the file (0600). A damaged one is set aside: it is a copy, and KV gives what it had."""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self.close()
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            self._path.replace(self._path.with_name(self._path.name + ".damaged"))
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._open()

    def refresh(self) -> None:
        """Open the file anew if its name leads to another one, or to none, and if it could not be opened before."""
        if not self._opened or self._name.lost() is not None:
            self.close()
            self.open()

    def _open(self) -> None:
        self._path.touch(mode=0o600)
        self._name.opened()
        self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
        self._opened = True
        self._connection.executescript(_SCHEMA)
        self._documents = Documents(self._connection, self._shape.described)
        self._adoption = Adoption(self._connection, self._documents, self._shape.prefix, self._shape.slots)
        self.mark = self._documents.mark

    def close(self) -> None:
        """Close the file; safe without `open`."""
        if self._opened:
            self._opened = False
            self._connection.close()

    def wanted(self, frame: pl.DataFrame, described: Sequence[Described] = ()) -> Sequence[Wanted]:
        """What must be read from KV and given to `adopt` before these records are added."""
        return self._adoption.wanted(frame, described)

    def adopt(self, wanted: Sequence[Wanted], values: Mapping[str, str | None]) -> None:
        """Take over what KV had; key → value, None where there is none."""
        self._adoption.adopt(wanted, values)

    def add(self, frame: pl.DataFrame, described: Sequence[Described] = ()) -> int:
        """Records as `exporters.kv.records.viewed`, and what events among them describe; those that were added before change nothing.
        Returns the new ones."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            fresh = self._unseen(frame)
            for (domain,), own in fresh.group_by("domain", maintain_order=True):
                self._add_recent(str(domain), own.get_column("line").to_list())
                self._add_counts(str(domain), own.filter(~pl.col("made")))
            self._add_described(described)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self.mark = self._documents.mark if described else self.mark
        return fresh.height

    def changes(self, domains: Iterable[str], most: int = 5000) -> list[Change]:
        """What must be written of these domains, oldest mark first."""
        found = self._connection.execute(
            "SELECT key, domain, kind, part, version FROM dirty WHERE domain IN (SELECT value FROM json_each(?)) LIMIT ?",
            (orjson.dumps(list(domains)).decode(), most),
        ).fetchall()
        return [self._change(*row) for row in found]

    def held(self, erasure: Erasure) -> tuple[int, int]:
        """How many records are to be erased, and the number of the newest of them (-1: none is)."""
        theirs = self._theirs(erasure)
        return len(theirs), max(theirs, default=-1)

    def _theirs(self, erasure: Erasure) -> list[int]:
        rows = self._connection.execute("SELECT number, line FROM recent WHERE domain = ?", (erasure.domain,))
        return [number for number, line in rows.fetchall() if _is_theirs(line, erasure)]

    def erase(self, erasure: Erasure, newest: int) -> None:
        """Take records up to that number out of the view, and a person's value out of what events describe; the keys concerned are to be
        written."""
        domain, subject = erasure.domain, erasure.subject
        theirs = [number for number in self._theirs(erasure) if number <= newest]
        shape = self._shape
        slots = {number // shape.chunk % shape.slots for number in theirs}
        marks = [(recent_key(shape.prefix, domain, slot), domain, "recent", str(slot)) for slot in sorted(slots)]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(
                "DELETE FROM recent WHERE domain = ? AND number = ?", [(domain, n) for n in theirs]
            )
            if subject is None:
                hours = self._connection.execute(
                    "SELECT DISTINCT hour FROM counts WHERE domain = ?", (domain,)
                ).fetchall()
                self._connection.execute("DELETE FROM counts WHERE domain = ?", (domain,))
                marks += [(counts_key(shape.prefix, domain, hour), domain, "counts", hour) for (hour,) in hours]
            tables = self._documents.erase(domain, subject)
            marks += [(described_key(shape.prefix, domain, name), domain, "described", name) for name in sorted(tables)]
            self._connection.executemany(_MARK, marks)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def published(self, changes: Sequence[Change]) -> None:
        """KV has these values; what changed meanwhile stays to be written."""
        self._connection.executemany(
            "DELETE FROM dirty WHERE key = ? AND version = ?", [(change.key, change.version) for change in changes]
        )

    def _unseen(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame = frame.unique("record_id", keep="first", maintain_order=True)
        ids = frame.get_column("record_id").hash(seed=0).reinterpret(signed=True)
        asked = orjson.dumps(ids.to_list()).decode()
        known = self._connection.execute(
            "SELECT id FROM seen WHERE id IN (SELECT value FROM json_each(?))", (asked,)
        ).fetchall()
        fresh = ~ids.is_in(pl.Series([id_ for (id_,) in known], dtype=pl.Int64).implode())
        new = orjson.dumps(ids.filter(fresh).to_list()).decode()
        self._connection.execute(
            "INSERT INTO seen (id) SELECT value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING", (new,)
        )
        self._connection.execute(
            "DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ?", (self._shape.seen,)
        )
        return frame.filter(fresh)

    def _add_recent(self, domain: str, lines: list[str]) -> None:
        shape = self._shape
        found = self._connection.execute("SELECT number FROM next WHERE domain = ?", (domain,)).fetchone()
        first = found[0] if found else 0
        end = first + len(lines)
        kept = range(max(first, end - shape.recent), end)
        self._connection.executemany(
            "INSERT INTO recent VALUES (?, ?, ?)", [(domain, number, lines[number - first]) for number in kept]
        )
        self._connection.execute(
            "INSERT INTO next VALUES (?, ?) ON CONFLICT DO UPDATE SET number = excluded.number", (domain, end)
        )
        self._connection.execute("DELETE FROM recent WHERE domain = ? AND number < ?", (domain, end - shape.recent))
        chunks = range(kept.start // shape.chunk, (end - 1) // shape.chunk + 1)
        marks = [
            (recent_key(shape.prefix, domain, c % shape.slots), domain, "recent", str(c % shape.slots)) for c in chunks
        ]
        self._connection.executemany(_MARK, marks)

    def _add_counts(self, domain: str, own: pl.DataFrame) -> None:
        hour = received_hours(own.get_column("record_id")).alias("hour")
        counted = own.with_columns(hour).group_by("hour", "level", "component").len().sort("hour", "component", "level")
        for at, level, component, records in counted.iter_rows():
            name = self._counted_as(domain, at, component)
            self._connection.execute(
                "INSERT INTO counts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET records = records + excluded.records",
                (domain, at, level, name, records),
            )
        for at in counted.get_column("hour").unique().to_list():
            self._connection.execute(_MARK, (counts_key(self._shape.prefix, domain, at), domain, "counts", at))

    def _add_described(self, described: Sequence[Described]) -> None:
        for domain, table in sorted(self._documents.add(described)):
            self._connection.execute(
                _MARK, (described_key(self._shape.prefix, domain, table), domain, "described", table)
            )

    def _counted_as(self, domain: str, hour: str, component: str) -> str:
        names = {
            name for (name,) in self._connection.execute(
                "SELECT DISTINCT component FROM counts WHERE domain = ? AND hour = ?", (domain, hour)
            )
        }  # fmt: skip
        return component if component in names or len(names) < self._shape.max_components else _OTHER

    def _change(self, key: str, domain: str, kind: str, part: str, version: int) -> Change:
        if kind == "described":
            value, metadata = self._documents.document(domain, part)
        else:
            value, metadata = self._chunk(domain, int(part)) if kind == "recent" else self._hour(domain, part)
        return Change(key, domain, kind, value, {"v": 1, **metadata}, version)

    def _chunk(self, domain: str, slot: int) -> tuple[str, dict[str, object]]:
        shape = self._shape
        rows = self._connection.execute(
            "SELECT number, line FROM recent WHERE domain = ? AND (number / ?) % ? = ? ORDER BY number",
            (domain, shape.chunk, shape.slots, slot),
        ).fetchall()
        newest = [row for row in rows if rows[-1][0] // shape.chunk == row[0] // shape.chunk]
        first = newest[0][0] if newest else 0
        lines = ",".join(line for _, line in newest)
        return f'{{"v":1,"first":{first},"records":[{lines}]}}', {"first": first, "records": len(newest)}

    def _hour(self, domain: str, hour: str) -> tuple[str, dict[str, object]]:
        levels: dict[str, int] = {}
        components: dict[str, dict[str, int]] = {}
        for level, component, records in self._connection.execute(
            "SELECT level, component, records FROM counts WHERE domain = ? AND hour = ?", (domain, hour)
        ):
            levels[level] = levels.get(level, 0) + records
            components.setdefault(component, {})[level] = records
        value = {"v": 1, "domain": domain, "hour": hour, "levels": levels, "components": components}
        return orjson.dumps(value).decode(), dict(levels)


def _is_theirs(line: str, erasure: Erasure) -> bool:
    """A line has no attributes: whatever holds the value as a word goes, for the view is a copy of what is newest."""
    if str(orjson.loads(line).get("record_id", "")) >= erasure.before_record_id:
        return False
    return erasure.subject is None or erasure.subject.read_in(line)
