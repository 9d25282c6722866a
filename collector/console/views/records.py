"""Records: pages of them, one, those around it. Functions are asked on a thread of questions, with a connection of the visitor's scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from collector.console.asking import Asked
from collector.levels import SQL as LEVEL
from collector.query.searching import Found, Place, Wanted, search
from collector.store.reading import Readable

Row = Mapping[str, Any]

_ONE = f"SELECT {LEVEL} AS level, logs.* FROM logs WHERE record_id = ? LIMIT 1"  # noqa: S608 - constants
_LOOK = 20_000
_JSON = ("attributes", "resource", "scope_attributes", "truncated")


def page(
    asked: Asked, limit: int, before: Place | None, budget_secs: float, *, events: bool = False
) -> Callable[[Readable], Found]:
    """The newest `limit` records behind a place."""
    wanted = Wanted(asked.query, asked.scope, asked.since, asked.until, limit, before, events)
    return lambda connection: search(connection, wanted, budget_secs)


def one(record_id: str) -> Callable[[Readable], Row | None]:
    """By its id; None: there is none within the scope."""
    return lambda connection: next(iter(_rows(connection, _ONE, [record_id])), None)


@dataclass(frozen=True, slots=True)
class Around:
    """Records of the same domain before and after one, each in order of time (of the same moment: of ids)."""

    before: Sequence[Row]
    record: Row
    after: Sequence[Row]


def around(record_id: str, before: int, after: int, *, same_service: bool) -> Callable[[Readable], Around | None]:
    """So many on both sides; None: there is no such record."""

    def ask(connection: Readable) -> Around | None:
        record = one(record_id)(connection)
        if record is None:
            return None
        earlier = _beside(connection, record, "<", before, same_service=same_service)
        return Around(earlier[::-1], record, _beside(connection, record, ">", after, same_service=same_service))

    return ask


def _beside(connection: Readable, record: Row, side: str, count: int, *, same_service: bool) -> list[Row]:
    """By the index of domain and time, whatever the service: so that a common moment costs no walk. Of a service that is rare it looks at the
    next 20,000 records alone."""
    order = "DESC" if side == "<" else "ASC"
    service = " AND +service_name IS ?" if same_service else ""
    near = (
        f"SELECT {LEVEL} AS level, logs.* FROM logs WHERE domain = ? AND (time_unix_nano, record_id) {side} (?, ?)"  # noqa: S608
        f" ORDER BY time_unix_nano {order}, record_id {order} LIMIT {_LOOK}"
    )
    sql = f"SELECT * FROM ({near}) AS near WHERE generation IS NULL{service} LIMIT ?"  # noqa: S608
    given = [record["domain"], record["time_unix_nano"], record["record_id"]]
    return _rows(connection, sql, [*given, *([record["service_name"]] if same_service else []), count])


def _rows(connection: Readable, statement: str, parameters: Sequence[Any]) -> list[Row]:
    answer = connection.execute(statement, parameters)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer]


def read(row: Row) -> dict[str, Any]:
    """A row with its JSON columns as values; what is no JSON (cut by a limit) stays text."""
    return {name: _parsed(value) if name in _JSON else value for name, value in row.items()}


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
