"""Facts from a file and from SQLite."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import orjson

from collector.named_file import Version, version
from processors.enrich.config import FileSource, SqliteSource
from processors.enrich.facts import Asked, Facts, Unanswered, by_key

_SECONDS = 5.0


class File:
    """All of it in memory; looked at again every so often."""

    batch, concurrency = 100_000, 1

    def __init__(self, config: FileSource, clock: Callable[[], float] = monotonic) -> None:
        self._config, self._clock = config, clock
        self._path = Path(config.path)
        self._facts: Mapping[str, Facts] = {}
        self._version: Version | None = None
        self._look_at = 0.0

    def open(self) -> None:
        """It is read with the first question."""

    def ask(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        """From memory. Raises `Unanswered`: it can't be read, and never was."""
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + self._config.reload_interval
            self._read()
        return {one: self._facts[one.key] for one in asked if one.key in self._facts}

    def close(self) -> None:
        """Nothing is open."""

    def _read(self) -> None:
        now = version(self._path)
        if now is not None and now == self._version:
            return
        try:
            text = self._path.read_bytes()
            self._facts = self._parsed(text)
        except (OSError, ValueError, csv.Error) as error:
            raise Unanswered(
                f"{self._path} can't be read: {getattr(error, 'strerror', None) or type(error).__name__}"
            ) from error
        self._version = now

    def _parsed(self, text: bytes) -> Mapping[str, Facts]:
        key, kind = self._config.key_field, self._config.format
        suffix = self._path.suffix.lower()
        if kind == "csv" or (kind == "auto" and suffix in (".csv", ".tsv")):
            rows = csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter="\t" if suffix == ".tsv" else ",")
            return {
                row[key]: {name: value for name, value in row.items() if name not in (None, key) and value}
                for row in rows
                if row.get(key)
            }
        try:
            return by_key(orjson.loads(text), key)
        except orjson.JSONDecodeError:
            return by_key([orjson.loads(line) for line in text.splitlines() if line.strip()], key)


class Sqlite:
    """A statement a key."""

    batch, concurrency = 1000, 1

    def __init__(self, config: SqliteSource) -> None:
        self._config = config
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """It is opened with the first question."""

    def ask(self, asked: list[Asked]) -> Mapping[Asked, Facts]:
        """The first row of each. Raises `Unanswered`; the next question opens the file anew."""
        try:
            if self._connection is None:
                uri = f"file:{quote(self._config.path)}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True, timeout=_SECONDS, check_same_thread=False)
                self._connection.row_factory = sqlite3.Row
            rows = {one: self._row(self._connection, one) for one in asked}
        except sqlite3.Error as error:
            self.close()
            raise Unanswered(f"{self._config.path}: {error}") from error
        return {one: row for one, row in rows.items() if row is not None}

    def _row(self, connection: sqlite3.Connection, one: Asked) -> Facts | None:
        row = connection.execute(self._config.query, {"key": one.key, "domain": one.domain}).fetchone()
        return None if row is None else dict(row)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
