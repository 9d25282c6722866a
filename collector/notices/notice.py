"""A notification: what an exporter needs to say it, whole, and who it is for.

It travels as an event (`logboom.alert.notification`), which stores keep as a row of `notifications`: `logboom.alert.*` attributes, the labels
and alerts as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import polars as pl

from collector.batch import LogBatch

NOTIFICATION = "logboom.alert.notification"
EXPORTER, GROUP = "logboom.alert.exporter", "logboom.alert.group"
STATUS, SEQUENCE = "logboom.alert.status", "logboom.alert.sequence"
_SEVERITY = {"critical": 21, "warning": 13, "info": 9, "debug": 5}
_TEXTS = {
    "group": GROUP, "exporter": EXPORTER, "receiver": "logboom.alert.receiver", "status": STATUS,
    "reason": "logboom.alert.reason", "level": "logboom.alert.level", "acknowledged": "logboom.alert.acknowledged",
}  # fmt: skip
_NUMBERS = {
    "sequence": SEQUENCE, "started": "logboom.alert.started", "count": "logboom.alert.count",
    "flapped": "logboom.alert.flapped", "truncated": "logboom.alert.truncated",
}  # fmt: skip
_LABELS, _ALERTS, _DOCUMENT, _ASKS = (f"logboom.alert.{name}" for name in ("labels", "alerts", "document", "asks"))


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a message, as Alertmanager describes it, with how often it was told and some lines of it. `status`: firing, resolved, and in a
    digest `digest`; times as RFC 3339, `ends` empty while it goes on."""

    fingerprint: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts: str = ""
    ends: str = ""
    count: int = 0
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """One message about a group to one exporter.

    Args:
        group: 32 hex digits, the same for all messages about it.
        sequence: grows from message to message of a group and exporter.
        status: `firing`, `resolved` or `digest`.
        level: the worst of its alerts.
        started: when the first of them began, ns.
        count: of records.
        labels: those that all of its alerts share.
        alerts: those that are shown; `truncated` more are not.
        text: it in a line.
        acknowledged: who has acknowledged it, and that holds; empty: nobody.
        flapped: how often an alert of it came back.
        notes: what else is said below the facts; no part of the event, exporters add it.
        id: the record id of the event: the same at each repetition. Empty until it is one.
        at: when it was decided, ns.
        asks: what waits for somebody's approval: the response's id, and what it would do.
        document: a text of many lines for those who can show it, in the place of the alerts; empty for most.
    """

    group: str
    exporter: str
    sequence: int
    receiver: str
    status: str
    reason: str
    level: str
    started: int
    count: int
    labels: Mapping[str, str]
    alerts: Sequence[Alert]
    text: str
    flapped: int = 0
    truncated: int = 0
    id: str = ""
    at: int = 0
    document: str = ""
    acknowledged: str = ""
    asks: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def firing(self) -> bool:
        """Whether it goes on."""
        return self.status == "firing"

    @property
    def domain(self) -> str:
        """Whose it is."""
        return self.labels.get("domain", "")


def batch_of(notices: Sequence[Notice], now_unix_nano: int) -> LogBatch:
    """Notices as records, for `Work.emit`."""
    columns = {
        "body": [one.text for one in notices],
        "severity_number": [_SEVERITY.get(one.level, _SEVERITY["info"]) for one in notices],
        "severity_text": [one.level.upper() for one in notices],
        "time_unix_nano": [now_unix_nano] * len(notices),
    }
    attributes: dict[str, list[Any]] = {
        key: [getattr(one, name) for one in notices] for name, key in (_TEXTS | _NUMBERS).items()
    }
    attributes["logboom.version"] = [one.sequence for one in notices]
    attributes[_LABELS] = [orjson.dumps(one.labels).decode() for one in notices]
    if any(one.document for one in notices):
        attributes[_DOCUMENT] = [one.document or None for one in notices]
    if any(one.asks for one in notices):
        attributes[_ASKS] = [orjson.dumps(one.asks).decode() if one.asks else None for one in notices]
    attributes[_ALERTS] = [orjson.dumps([asdict(alert) for alert in one.alerts]).decode() for one in notices]
    return LogBatch.of(columns, attributes, {"service.name": "logboom"}, "logboom")


def notices_of(batch: LogBatch) -> list[Notice]:
    """The notices among the records that components made, in their order."""
    generation = batch.generation
    if generation is None:
        return []
    mine = batch.filter((generation > 0) & (batch.column("event_name") == NOTIFICATION))
    texts = {name: mine.attribute_text(key).fill_null("").to_list() for name, key in _TEXTS.items()}
    numbers = {name: _integers(mine, key) for name, key in _NUMBERS.items()}
    texts["document"] = mine.attribute_text(_DOCUMENT).fill_null("").to_list()
    labels, alerts, asks = (mine.attribute_text(key).to_list() for key in (_LABELS, _ALERTS, _ASKS))
    ids, bodies = mine.column("record_id").fill_null("").to_list(), mine.column("body").fill_null("").to_list()
    times = mine.column("time_unix_nano").to_list()
    return [
        Notice(
            **{name: values[row] for name, values in (texts | numbers).items()},
            labels=_object(labels[row]), alerts=[_alert(one) for one in _list(alerts[row])], text=bodies[row], id=ids[row],
            at=times[row], asks=_object(asks[row]),
        )
        for row in range(len(mine))
    ]  # fmt: skip


def _integers(batch: LogBatch, key: str) -> list[int]:
    return batch.attribute_text(key).cast(pl.Int64, strict=False).fill_null(0).to_list()


def _object(text: str | None) -> dict[str, str]:
    found = _json(text)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _list(text: str | None) -> list[Any]:
    found = _json(text)
    return found if isinstance(found, list) else []


def _json(text: str | None) -> Any:
    try:
        return orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None


def _alert(given: Any) -> Alert:
    names = ("fingerprint", "status", "labels", "annotations", "starts", "ends", "count", "samples")
    found = {name: given[name] for name in names if name in given}
    return Alert(**{**found, "samples": tuple(found.get("samples", ()))})
