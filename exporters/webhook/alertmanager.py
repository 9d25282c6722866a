"""A notice as Alertmanager's webhook body, version 4, so that what takes its calls takes ours.

Source: Alertmanager, `notify/webhook` (`Message`) and `template.Data`; `notification_reason` since 0.32. What it has no field for stands
under `logboom`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from collector.notices import Alert, Notice

_NO_END = "0001-01-01T00:00:00Z"


def body_of(notice: Notice) -> bytes:
    """One message."""
    labels = [alert.labels for alert in notice.alerts]
    return orjson.dumps({
        "version": "4",
        "groupKey": notice.group,
        "truncatedAlerts": notice.truncated,
        "status": "resolved" if notice.status == "resolved" else "firing",
        "receiver": notice.receiver,
        "groupLabels": notice.labels,
        "commonLabels": _common(labels),
        "commonAnnotations": _common([alert.annotations for alert in notice.alerts]),
        "externalURL": "",
        "notification_reason": notice.reason,
        "alerts": [_alert(alert) for alert in notice.alerts],
        "logboom": {
            "id": notice.id, "sequence": notice.sequence, "status": notice.status, "level": notice.level, "count": notice.count,
            "text": notice.text, "flapped": notice.flapped, "acknowledged": notice.acknowledged,
        },
    })  # fmt: skip


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "status": "resolved" if alert.status == "resolved" else "firing", "labels": alert.labels, "annotations": alert.annotations,
        "startsAt": alert.starts or _NO_END, "endsAt": alert.ends or _NO_END, "generatorURL": "", "fingerprint": alert.fingerprint,
        "count": alert.count, "samples": alert.samples,
    }  # fmt: skip


def _common(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not given:
        return {}
    return {key: value for key, value in given[0].items() if all(one.get(key) == value for one in given)}
