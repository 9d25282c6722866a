"""What a run decided, beside what was decided and stands in the store."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.batch import LogBatch, ValueKind
from collector.cli.backtesting.run import Decided
from collector.documents.facts import happened

_ISSUE, _ANOMALY, _ALERT = "logboom.issue.", "logboom.anomaly.", "logboom.alert."
_MOST = 200
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """Of a time, nanoseconds; all in an order that the same run gives again.

    Args:
        levels: level that was decided, level now → records.
        issues: those that would be, as they would stand at the end, and those that are, side by side by domain and id.
        anomalies: what would have been told of, and kind → how many were, and would be.
        events: kind of event → how many would have been made, and were.
        failed: what raised.
    """

    since_unix_nano: int
    until_unix_nano: int
    records: int
    left: dict[str, int]
    levels: list[Row]
    issues: list[Row]
    anomalies: list[Row]
    events: list[Row]
    with_issue: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    def document(self) -> Row:
        """As JSON."""
        return {
            "since_unix_nano": self.since_unix_nano, "until_unix_nano": self.until_unix_nano, "records": self.records,
            "left": self.left, "levels": self.levels, "records_with_issue": self.with_issue, "issues": self.issues,
            "anomalies": self.anomalies, "events": self.events, "failed": self.failed,
        }  # fmt: skip


def findings(decided: Decided, connection: sqlite3.Connection, since: int, until: int) -> Findings:
    """Everything side by side."""
    connection.row_factory = None
    levels = [{"was": was, "would_be": now, "records": n} for (was, now), n in sorted(decided.levels.items())]
    told = Counter(str(batch.column("event_name")[0]) for batch in decided.events for _ in range(len(batch)))
    stood = _stored_events(connection, since, until)
    events = [{"kind": kind, "would_be": told[kind], "were": stood.get(kind, 0)} for kind in sorted({*told, *stood})]
    with_issue = {
        "had": sum(n for (had, _), n in decided.moved.items() if had),
        "would_have": sum(n for (_, has), n in decided.moved.items() if has),
    }
    return Findings(
        since, until, decided.records, dict(sorted(decided.left.items())), levels, _issues(decided, connection, since, until),
        list(_anomalies(decided))[:_MOST], events, with_issue, dict(sorted(decided.failed.items())),
    )  # fmt: skip


def _issues(decided: Decided, connection: sqlite3.Connection, since: int, until: int) -> list[Row]:
    would = {key: row for batch in decided.events if _kind(batch).startswith(_ISSUE) for key, row in _snapshots(batch)}
    stand = _stored_issues(connection, since, until)
    both = [
        {"domain": key[0], "issue_id": key[1], **_side("would_be", would.get(key)), **_side("is", stand.get(key)),
         "title": (would.get(key) or stand[key])["title"]}
        for key in sorted({*would, *stand})
    ]  # fmt: skip
    return sorted(both, key=lambda row: (-(row["would_be_events"] or 0), row["domain"], row["issue_id"]))[:_MOST]


def _side(name: str, row: Row | None) -> Row:
    said = row or {"state": None, "events": None, "priority": None}
    return {name: said["state"], f"{name}_events": said["events"], f"{name}_priority": said["priority"]}


def _snapshots(batch: LogBatch) -> Iterator[tuple[tuple[str, str], Row]]:
    """The later ones of an issue stand behind the earlier ones."""
    columns = [
        batch.column("domain"),
        *(batch.attribute(_ISSUE + name) for name in ("id", "state", "priority", "title")),
    ]
    events = batch.attribute(f"{_ISSUE}events", ValueKind.INT)
    for domain, id_, state, priority, title, n in zip(*columns, events, strict=True):
        yield (domain or "", id_ or ""), {"state": state, "priority": priority, "title": title or "", "events": n}


def _anomalies(decided: Decided) -> Iterator[Row]:
    for batch in decided.events:
        if _kind(batch).startswith(_ANOMALY):
            for domain, at, body in zip(batch.column("domain"), happened(batch), batch.column("body"), strict=True):
                yield {"domain": domain or "", "time_unix_nano": at, "kind": _kind(batch), "sentence": body or ""}


def _kind(batch: LogBatch) -> str:
    return str(batch.column("event_name")[0])


def _stored_events(connection: sqlite3.Connection, since: int, until: int) -> dict[str, int]:
    fronts = " OR ".join(f"event_name LIKE '{front}%'" for front in (_ISSUE, _ANOMALY, _ALERT))
    return dict(
        connection.execute(
            f"SELECT event_name, count(*) FROM logs WHERE generation > 0 AND ({fronts})"  # noqa: S608 - constants
            " AND time_unix_nano >= ? AND time_unix_nano < ? GROUP BY 1",
            (since, until),
        ).fetchall()
    )


def _stored_issues(connection: sqlite3.Connection, since: int, until: int) -> dict[tuple[str, str], Row]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'issues'").fetchone()
    if there is None:
        return {}
    rows = connection.execute(
        "SELECT domain, issue_id, state, priority, title, events FROM issues WHERE last_seen_unix_nano >= ? AND first_seen_unix_nano < ?",
        (since, until),
    )
    return {
        (domain, id_): {"state": state, "priority": priority, "title": title or "", "events": events}
        for domain, id_, state, priority, title, events in rows
    }
