"""What a store says of issues: for the command line, the console and reports. Connections are those of `reading.opened`, so a reader sees
its own domains' rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from collector.levels import SQL as LEVEL
from collector.store.reading import Readable
from collector.store.rollup import OTHER

OPEN = ("new", "ongoing", "escalating", "regressed")
STATES = (*OPEN, "archived", "resolved", "merged")
_PARTS = ("services", "endpoints", "versions", "environments", "samples", "variants", "trend", "details", "generated")
_LISTED = (
    "domain, issue_id, state, priority, level, title, component, service, environment, assignee, owner, category, events, users,"
    " first_seen_unix_nano, last_seen_unix_nano"
)
_URGENT = "CASE priority WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END"
_SHORTEST = 4
_ORDERS = {"urgency": f"{_URGENT}, last_seen_unix_nano DESC", "events": "events DESC", "last": "last_seen_unix_nano DESC",
           "first": "first_seen_unix_nano DESC"}  # fmt: skip
ORDERS = tuple(_ORDERS)
_MINUTE_NS = 60 * 10**9
_MOST_MINUTES = 1000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """An issue with what happened to it, newest first, and its records of each hour (hours since 1970)."""

    issue: Row
    activity: Sequence[Row] = ()
    hours: Sequence[tuple[int, int]] = ()
    variants: Sequence[Row] = field(default_factory=list)


class Ambiguous(ValueError):
    """Several issues have such an id."""


def listed(
    connection: Readable, states: Sequence[str], since_unix_nano: int, limit: int, order: str = "urgency"
) -> list[Row]:
    """Issues in these states that were seen since then, in one of `ORDERS`: the most urgent, most frequent or newest first."""
    places = ", ".join("?" * len(states))
    statement = (
        f"SELECT {_LISTED} FROM issues WHERE state IN ({places}) AND last_seen_unix_nano >= ?"  # noqa: S608 - constants
        f" ORDER BY {_ORDERS[order]}, issue_id LIMIT ?"
    )
    return _rows(connection, statement, [*states, since_unix_nano, limit])


def counted(connection: Readable) -> dict[str, int]:
    """How many issues there are in each state."""
    return {str(state): int(n) for state, n in connection.execute("SELECT state, count(*) FROM issues GROUP BY 1")}


def trends(
    connection: Readable, rows: Sequence[Row], since_unix_nano: int, until_unix_nano: int, parts: int
) -> dict[tuple[str, str], list[int]]:
    """(domain, id) → events of these issues, 50 at most, in so many parts of a time, the oldest first."""
    first = since_unix_nano // _MINUTE_NS
    width = max(1, -(-((until_unix_nano - 1) // _MINUTE_NS + 1 - first) // parts))
    domains, ids = sorted({row["domain"] for row in rows}), sorted({row["issue_id"] for row in rows})
    statement = (
        f"SELECT domain, issue_id, min((minute - {first}) / {width}, {parts - 1}), sum(n) FROM issue_minutes"  # noqa: S608 - numbers
        f" WHERE domain IN ({', '.join('?' * len(domains))}) AND minute >= {first} AND issue_id IN ({', '.join('?' * len(ids))})"
        " GROUP BY 1, 2, 3"
    )
    made = {(row["domain"], row["issue_id"]): [0] * parts for row in rows}
    for domain, id_, part, n in connection.execute(statement, [*domains, *ids]) if rows else ():
        if (domain, id_) in made:
            made[domain, id_][part] += n
    return made


def found(connection: Readable, id_: str) -> Row | None:
    """The issue with that id, or the one whose id begins so.

    Raises:
        Ambiguous: several do.
    """
    if len(id_) < _SHORTEST or not id_.isalnum():
        return None
    rows = _rows(connection, "SELECT * FROM issues WHERE issue_id >= ? AND issue_id < ? LIMIT 3", [id_, id_ + "~"])
    exact = [row for row in rows if row["issue_id"] == id_]
    if len(exact or rows) > 1:
        which = ", ".join(f"{row['issue_id']} of {row['domain']}" for row in exact or rows)
        raise Ambiguous(f"several issues are meant: {which}")
    return next(iter(exact or rows), None)


def whole(connection: Readable, issue: Row, activity: int = 20) -> Whole:
    """All that the store knows of an issue."""
    key = [issue["domain"], issue["issue_id"]]
    done = _rows(
        connection,
        "SELECT * FROM issue_activity WHERE domain = ? AND issue_id = ? ORDER BY activity DESC LIMIT ?",
        [*key, activity],
    )
    read = {**issue, **{name: orjson.loads(issue[name]) if issue.get(name) else None for name in _PARTS}}
    trend = [(int(hour), int(events)) for hour, events in read.pop("trend") or ()]
    variants = [
        {"grouping": name, "variant": said[0], "frames": said[1], "events": said[2]}
        for name, said in (read.pop("variants") or {}).items()
    ]
    return Whole(read, done, trend, variants)


def events(
    connection: Readable,
    issue: Row,
    limit: int,
    before: tuple[int, str] | None = None,
    after: tuple[int, str] | None = None,
) -> list[Row]:
    """Sent records of an issue and of those that were merged into it, with their `level`: the newest first, behind a place (time, id); or
    the next ones after a place, the oldest first."""
    into = "SELECT issue_id FROM issues WHERE domain = ? AND merged_into = ? ORDER BY 1 LIMIT 50"
    merged = [id_ for (id_,) in connection.execute(into, [issue["domain"], issue["issue_id"]])]
    ids, found = [issue["issue_id"], *merged], list[Row]()
    for minute in _minutes(connection, issue["domain"], ids, before, after):
        found += _of_minute(connection, issue["domain"], ids, minute, limit - len(found), before, after)
        if len(found) >= limit:
            break
    return found


def _minutes(
    connection: Readable, domain: str, ids: Sequence[str], before: tuple[int, str] | None, after: tuple[int, str] | None
) -> Iterator[int]:
    """Those in which they have records, in the order in which they are asked for; so no record of others is looked at for long."""
    place, named = after or before, [*ids, OTHER]
    beyond = f" AND minute {'>=' if after else '<='} ?" if place else ""
    statement = (
        f"SELECT DISTINCT minute FROM issue_minutes WHERE domain = ? AND issue_id IN ({', '.join('?' * len(named))}){beyond}"  # noqa: S608
        f" ORDER BY minute {'ASC' if after else 'DESC'} LIMIT {_MOST_MINUTES}"
    )
    for (minute,) in connection.execute(statement, [domain, *named, *([place[0] // _MINUTE_NS] if place else [])]):
        yield int(minute)


def _of_minute(
    connection: Readable, domain: str, ids: Sequence[str], minute: int, limit: int,
    before: tuple[int, str] | None, after: tuple[int, str] | None,
) -> list[Row]:  # fmt: skip
    place, way = after or before, "ASC" if after else "DESC"
    beyond = f" AND (time_unix_nano, record_id) {'>' if after else '<'} (?, ?)" if place else ""
    statement = (
        f"SELECT {LEVEL} AS level, logs.* FROM logs WHERE domain = ? AND time_unix_nano >= ? AND time_unix_nano < ?"  # noqa: S608
        f" AND issue_id IN ({', '.join('?' * len(ids))}){beyond} AND generation IS NULL"
        f" ORDER BY time_unix_nano {way}, record_id {way} LIMIT ?"
    )
    begins = minute * _MINUTE_NS
    return _rows(connection, statement, [domain, begins, begins + _MINUTE_NS, *ids, *(place or ()), limit])


def _rows(connection: Readable, statement: str, parameters: Sequence[Any]) -> list[Row]:
    cursor = connection.execute(statement, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
