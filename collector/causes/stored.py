"""Rows of a store's table `logs` as a frame (`frame.py`). What a resource says is read once for each resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import polars as pl

from collector.causes.frame import ERROR, FIELDS, places, texts
from collector.causes.onset import Window
from collector.causes.words import PREFIX, of_attributes, of_lines
from collector.store.reading import Readable

_COLUMNS = (
    "time_unix_nano", "service_name", "severity_number", "trace_id", "span_id", "body", "pattern_id", "issue_id", "environment",
    "component", "endpoint", "error_type", "attributes", "resource",
)  # fmt: skip
_HAVE_A_COLUMN = {
    "deployment.environment.name": "environment", "logboom.component": "component", "logboom.endpoint": "endpoint",
    "logboom.error_type": "error_type",
}  # fmt: skip
_BODY = 2000
_FEW, _MOST_MEASURES = 20, 8
_NO_SIZE = re.compile(r"(?i)(?:^|[._-])(?:\w*id|pid|port|line|lineno|number|code|version|time|timestamp|seq|sequence)$")


def read(
    connection: Readable, domain: str, window: Window, most: int, *, latest: bool = False
) -> tuple[pl.DataFrame, pl.Series]:
    """The sent records of a domain in a window, with the issue of each (null: none); at most `most`, from its beginning on, or up to its end.
    Behind the frame's columns stand the numbers that they say in attributes (`measures`),
    and words of their own (`words`)."""
    order = "DESC" if latest else "ASC"
    columns = ", ".join(f"substr(body, 1, {_BODY})" if name == "body" else name for name in _COLUMNS)
    rows = connection.execute(
        f"SELECT {columns} FROM logs WHERE domain = ? AND time_unix_nano >= ? AND time_unix_nano < ?"  # noqa: S608 - constants
        f" AND generation IS NULL ORDER BY time_unix_nano {order}, rowid {order} LIMIT ?",
        (domain, window.since, window.until, most),
    ).fetchall()
    return _frame(rows), pl.Series("issue_id", [row[7] for row in rows], pl.String)


def _frame(rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    said = {name: [row[at] for row in rows] for at, name in enumerate(_COLUMNS)}
    told = [_Told(row) for row in rows]
    text = {name: pl.Series([one.first((name,)) for one in told], dtype=pl.String) for name in _TEXTS}
    body = pl.Series(said["body"], dtype=pl.String).fill_null("")
    code = pl.Series([one.code() for one in told], dtype=pl.String)
    pattern = pl.Series(said["pattern_id"], dtype=pl.String)
    severity = pl.Series(said["severity_number"], dtype=pl.Int64).fill_null(0)
    fields = [pl.Series(name, [one.first(keys) for one in told], pl.String) for name, keys in FIELDS.items()]
    measures = _measures(told)
    said_words = of_attributes([one.own for one in told], _KNOWN)
    words = [*said_words, *of_lines(body, [*_KNOWN, *(one.name.removeprefix(PREFIX) for one in said_words)])]
    return pl.DataFrame(
        [
            pl.Series("time", said["time_unix_nano"], pl.Int64),
            pl.Series("service", said["service_name"], pl.String).fill_null(""),
            places(code, pattern, body).alias("place"),
            (severity >= ERROR).alias("error"),
            pl.Series("trace", said["trace_id"], pl.String),
            pl.Series("span", said["span_id"], pl.String),
            texts([*text.values(), body]).alias("text"),
            *fields,
            *measures,
            *words,
        ]
    )


def measures(frame: pl.DataFrame) -> list[str]:
    """The columns of a frame that are numbers of attributes."""
    return [name for name, dtype in frame.schema.items() if dtype == pl.Float64]


def _measures(told: Sequence[_Told]) -> list[pl.Series]:
    """Attributes that some records give as a number, those that most do first; no ids, ports, lines and codes, whose size says nothing."""
    given = Counter(key for one in told for key in one.numbers())
    names = [
        key
        for key, n in sorted(given.items(), key=lambda pair: (-pair[1], pair[0]))
        if n >= _FEW and not _NO_SIZE.search(key)
    ]
    return [pl.Series(key, [one.number(key) for one in told], pl.Float64) for key in names[:_MOST_MEASURES]]


_KNOWN = frozenset(key for keys in FIELDS.values() for key in keys) | {"exception.message", "exception.stacktrace"}
_TEXTS = ("exception.type", "exception.message")


class _Told:
    """What a row says of itself, then of its resource."""

    def __init__(self, row: Sequence[Any]) -> None:
        own = {key: row[_COLUMNS.index(name)] for key, name in _HAVE_A_COLUMN.items()}
        attributes = orjson.loads(row[-2]) if len(row[-2]) > len("{}") else {}
        self.own: Mapping[str, Any] = attributes
        self._maps = ({key: value for key, value in own.items() if value is not None}, attributes, _resource(row[-1]))

    def first(self, keys: Sequence[str]) -> str | None:
        """The first of the keys that it says, as text."""
        for key in keys:
            for said in self._maps:
                value = said.get(key)
                if isinstance(value, str | int | float):
                    return str(value)
        return None

    def numbers(self) -> Iterator[str]:
        """The attributes of its own that are numbers."""
        return (
            key
            for key, value in self._maps[1].items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        )

    def number(self, key: str) -> float | None:
        """One of them."""
        value = self._maps[1].get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def code(self) -> str | None:
        """Function and line."""
        function = self.first(("code.function.name", "code.function"))
        line = self.first(("code.line.number", "code.lineno"))
        return f"{function}:{line}" if function is not None and line is not None else None


@lru_cache(maxsize=4096)
def _resource(document: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(document)
    return found
