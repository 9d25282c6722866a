"""What GET shows: what people were told and goes on, and silences; from the store, of one domain.

Source: Alertmanager, `api/v2/openapi.yaml`: `gettableAlert`, `alertGroup`, `gettableSilence`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import re2

from collector.errors import InvalidPayload, Unavailable
from collector.matchers import Matcher, all_match, parse
from collector.receivers.alertmanager.silences import rfc3339, shown
from collector.scope import Scope

Parameters = Callable[[str], Sequence[str]]
_TOLD = """SELECT n.group_id, n.receiver, n.labels, n.alerts, n.time_unix_nano FROM notifications AS n
WHERE n.status = 'firing' AND n.sequence = (SELECT max(m.sequence) FROM notifications AS m
    WHERE m.domain = n.domain AND m.group_id = n.group_id AND m.exporter = n.exporter)
ORDER BY n.time_unix_nano DESC LIMIT 5000"""
_SILENCES = """SELECT silence_id, matchers, who, why, starts_unix_nano, ends_unix_nano FROM silences
ORDER BY ends_unix_nano DESC LIMIT 5000"""
_ON = 300 * 1_000_000_000


class Views:
    """Of one listener.

    Args:
        store: the file.
    """

    def __init__(self, store: Path) -> None:
        self._store = store

    def alerts(self, domain: str, asked: Parameters, now: int) -> Sequence[Mapping[str, Any]]:
        """`GET /api/v2/alerts`."""
        found: dict[str, dict[str, Any]] = {}
        for row in self._told(domain, asked):
            for alert in _alerts(row, asked, now):
                known = found.setdefault(alert["fingerprint"], alert)
                known["receivers"] = _joined(known["receivers"], alert["receivers"])
        return sorted(found.values(), key=lambda alert: str(alert["fingerprint"]))

    def groups(self, domain: str, asked: Parameters, now: int) -> Sequence[Mapping[str, Any]]:
        """`GET /api/v2/alerts/groups`."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._told(domain, asked):
            alerts = _alerts(row, asked, now)
            labels = {name: value for name, value in _object(row["labels"]).items() if name != "domain"}
            group = {"labels": labels, "receiver": {"name": row["receiver"]}, "alerts": alerts}
            if alerts:
                found.setdefault((row["group_id"], row["receiver"]), group)
        return list(found.values())

    def silences(self, domain: str, asked: Parameters, now: int) -> Sequence[Mapping[str, Any]]:
        """`GET /api/v2/silences`: those that have the matchers that are asked for."""
        wanted = {str(one) for one in _filter(asked)}
        rows = self._silences(domain)
        return [shown(row, now) for row in rows if wanted <= {str(one) for one in parse(row["matchers"] or "")}]

    def silence(self, domain: str, id_: str, now: int) -> Mapping[str, Any] | None:
        """`GET /api/v2/silence/<id>`."""
        return next((shown(row, now) for row in self._silences(domain) if row["silence_id"] == id_), None)

    def receivers(self, domain: str, asked: Parameters, now: int) -> Sequence[Mapping[str, Any]]:
        """`GET /api/v2/receivers`: those that anybody was told through."""
        del asked, now
        rows = self._rows(domain, "SELECT DISTINCT receiver FROM notifications ORDER BY receiver")
        return [{"name": row["receiver"]} for row in rows if row["receiver"]]

    def _silences(self, domain: str) -> list[Mapping[str, Any]]:
        return [row for row in self._rows(domain, _SILENCES) if _readable(row["matchers"] or "")]

    def _told(self, domain: str, asked: Parameters) -> list[Mapping[str, Any]]:
        if any(value == "false" for value in asked("active")):
            return []
        pattern = next(iter(asked("receiver")), "")
        try:
            wanted = re2.compile(pattern) if pattern else None
        except re2.error:
            raise InvalidPayload("receiver: it is no expression of RE2") from None
        rows = self._rows(domain, _TOLD)
        return [row for row in rows if wanted is None or wanted.fullmatch(row["receiver"] or "")]

    def _rows(self, domain: str, statement: str) -> list[Mapping[str, Any]]:
        from collector.store.reading import NoStore, opened

        try:
            with opened(self._store, Scope.of(domain)) as connection:
                found = connection.execute(statement)
                names = [column[0] for column in found.description]
                return [dict(zip(names, row, strict=True)) for row in found]
        except (NoStore, sqlite3.Error):
            raise Unavailable("there is no store with alerts here: an exporter `sqlite` makes one", 60.0) from None


def _readable(matchers: str) -> bool:
    """Names with blanks were once kept without quotes: such a silence holds nothing, and is none."""
    try:
        parse(matchers)
    except ValueError:
        return False
    return True


def _filter(asked: Parameters) -> list[Matcher]:
    try:
        return [one for text in asked("filter") for one in parse(text)]
    except ValueError as problem:
        raise InvalidPayload(f"filter: {problem}") from None


def _alerts(row: Mapping[str, Any], asked: Parameters, now: int) -> list[dict[str, Any]]:
    """Those of a message that go on: nobody knows until when."""
    wanted = _filter(asked)
    given = orjson.loads(row["alerts"] or "[]")
    return [
        {
            "fingerprint": each["fingerprint"], "labels": each["labels"], "annotations": each["annotations"],
            "startsAt": each["starts"], "endsAt": rfc3339(now + _ON),
            "updatedAt": rfc3339(int(row["time_unix_nano"])), "receivers": [{"name": row["receiver"]}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        }
        for each in given
        if each["status"] == "firing" and all_match(wanted, each["labels"])
    ]  # fmt: skip


def _joined(one: list[dict[str, str]], other: list[dict[str, str]]) -> list[dict[str, str]]:
    return [*one, *(each for each in other if each not in one)]


def _object(text: str | None) -> dict[str, Any]:
    found = orjson.loads(text or "{}")
    return found if isinstance(found, dict) else {}
