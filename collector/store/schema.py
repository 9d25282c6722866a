"""Which migrations there are, which a database still needs, and which databases are not ours to touch.

A database carries its history in `logboom_migrations`. Migration files are never edited once released: a change is a
new file. The statements here are run by every driver (SQLite, D1), each in its own kind of transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from collector.errors import StorageError
from collector.store.minutes import ROLLUPS
from collector.store.projections import PROJECTIONS

HISTORY = """CREATE TABLE IF NOT EXISTS logboom_migrations (
    version INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    applied_unix_ms INTEGER NOT NULL
)"""
APPLIED = "SELECT version, name FROM logboom_migrations ORDER BY version"
RECORD = "INSERT INTO logboom_migrations (version, name, applied_unix_ms) VALUES (?1, ?2, ?3)"
OF_DOMAINS = (
    "logs",
    *(rollup.name for rollup in ROLLUPS),
    *(projection.name for projection in PROJECTIONS if not projection.confidential),
)
"""Tables whose rows each belong to a domain, named by their column `domain`. Whoever reads for one domain sees its rows of
these and no other table of the store."""
CONFIDENTIAL = tuple(projection.name for projection in PROJECTIONS if projection.confidential)
"""Others of that kind, which are seen by who names them: by those who may see more than records."""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"

OPTIONAL_INDEXES: Mapping[str, str] = {
    "service": "(domain, service_name, time_unix_nano)",
    "component": "(domain, component, time_unix_nano)",
    "endpoint": "(domain, endpoint, time_unix_nano)",
    "severity": "(domain, severity_number, time_unix_nano)",
    "trace": "(trace_id) WHERE trace_id IS NOT NULL",
    "event": "(domain, event_name, time_unix_nano) WHERE event_name IS NOT NULL",
}
"""Indexes that a setting adds. Each costs 1.5 to 2 µs and 20 to 50 bytes a record here, and one billed row on D1."""

_OPTIONAL = "logs_by_"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step: `version` from its file name, its statements in order."""

    version: int
    name: str
    statements: tuple[str, ...]


@cache
def migrations() -> Sequence[Migration]:
    """Every migration this version of logboom knows, oldest first."""
    found = [
        entry for entry in files("collector.store").joinpath("migrations").iterdir() if entry.name.endswith(".sql")
    ]
    return tuple(_parse(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda entry: entry.name))


def _parse(file_name: str, text: str) -> Migration:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    statements = tuple(part.strip() for part in code.split(";") if part.strip())
    name = file_name.removesuffix(".sql")
    return Migration(int(name.split("_")[0]), name, statements)


def pending(store: str, tables: Iterable[str], applied: Sequence[tuple[int, str]]) -> Sequence[Migration]:
    """The migrations that a database still needs.

    Args:
        store: how to name it in an error.
        tables: the tables it has.
        applied: its history, (version, name), oldest first; empty when it has none.

    Raises:
        StorageError: it was made by a newer logboom, or it is somebody else's database.
    """
    known = migrations()
    if not applied:
        if "logs" in set(tables):
            raise StorageError(
                f"{store} has a table logs that logboom did not make (no history in logboom_migrations): "
                "name another file or database"
            )
        return known
    if applied[-1][0] > known[-1].version:
        raise StorageError(
            f"{store} was written by a newer logboom (schema {applied[-1][0]}, this one knows {known[-1].version}): "
            "install that version of logboom or a later one, or name another file or database"
        )
    for (version, name), ours in zip(applied, known, strict=False):
        if (version, name) != (ours.version, ours.name):
            raise StorageError(
                f"{store} has a foreign schema: its migration {version} is {name!r}, ours is {ours.name!r}"
            )
    return known[len(applied) :]


def index_statements(wanted: Iterable[str], existing: Iterable[str]) -> Sequence[str]:
    """Statements that make the optional indexes equal to the setting. `existing` are all index names there are."""
    names = {_OPTIONAL + name: name for name in wanted}
    present = {name for name in existing if name.startswith(_OPTIONAL)}
    return [
        *(f"DROP INDEX IF EXISTS {name}" for name in sorted(present - names.keys())),
        *(
            f"CREATE INDEX IF NOT EXISTS {name} ON logs {OPTIONAL_INDEXES[names[name]]}"
            for name in sorted(names.keys() - present)
        ),
    ]
