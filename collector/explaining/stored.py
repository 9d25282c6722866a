"""A row of the table `logs` as a record that was never judged: what logboom derived of it is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector.batch import LogBatch

COLUMNS = (
    "domain",
    "body",
    "body_is_json",
    "severity_number",
    "severity_text",
    "attributes",
    "resource",
    "scope_name",
    "event_name",
)
"""What is needed of it."""
_DERIVED = "logboom."


def batch_of_row(row: Mapping[str, Any]) -> LogBatch:
    """A batch of one. What is no JSON any more (cut by a limit) is left out; a body stays as text."""
    from collector.samples import batch_of

    sample = {
        "body": _body(row),
        "severity": row["severity_number"] or 0,
        "severity_text": row["severity_text"] or "",
        "attributes": {key: value for key, value in _map(row["attributes"]).items() if not key.startswith(_DERIVED)},
        "resource": _map(row["resource"]),
        "scope": row["scope_name"] or "",
        "event_name": row["event_name"] or "",
    }
    return batch_of([sample], row["domain"])


def _body(row: Mapping[str, Any]) -> Any:
    body = row["body"]
    if not (row["body_is_json"] and body):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _map(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
