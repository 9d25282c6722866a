"""Alerts as people and programs see them: a row for each group, with everybody who was told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from collector.query.told import NEWEST, RESPONSES, SILENCES
from collector.store.reading import Readable

MOST = 500
_OF_EXPORTER = ("exporter", "receiver", "status", "reason", "time_unix_nano", "text")
_OF_GROUP = ("domain", "group_id", "level", "started_unix_nano", "count", "labels", "title", "issue")


def groups(connection: Readable, *, over: bool) -> list[dict[str, Any]]:
    """The group told of last first. `told`: what each exporter was told last. A group fires while one of them is told so."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _rows(connection, NEWEST, over, MOST):
        group = found.setdefault((row["domain"], row["group_id"]), {**_of(row, _OF_GROUP), "told": []})
        group["told"].append(_of(row, _OF_EXPORTER))
    for group in found.values():
        group["labels"] = json.loads(group["labels"] or "{}")
        group["status"] = _status([each["status"] for each in group["told"]])
    return list(found.values())


def silences(connection: Readable, *, over: bool) -> list[dict[str, Any]]:
    """Those that hold, the one that ends first before others."""
    return _rows(connection, SILENCES, over)


def responses(connection: Readable, *, over: bool) -> list[dict[str, Any]]:
    """Those that wait for a person or are under way, the newest first."""
    found = _rows(connection, RESPONSES, over, MOST)
    return [{**each, "labels": json.loads(each["labels"] or "{}"), "dry_run": bool(each["dry_run"])} for each in found]


def _rows(connection: Readable, statement: str, *parameters: object) -> list[dict[str, Any]]:
    answer = connection.execute(statement, parameters)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer]


def _of(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _status(told: Sequence[str]) -> str:
    return "firing" if "firing" in told else told[0] or ""
