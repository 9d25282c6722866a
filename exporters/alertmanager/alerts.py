"""A notice as alerts of Alertmanager's API v2: it groups by itself, so it is told alerts.

Source: Alertmanager, `api/v2/openapi.yaml`, `postableAlert`; an alert without `endsAt` is over after its `resolve_timeout`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.notices.notice import Alert, Notice
from collector.notices.wording import one_line, shortened

_NAME = re.compile(r"[^a-zA-Z0-9_]")
_MOST_VALUE = 1000


def alerts(notice: Notice, labels: Mapping[str, str], lasts_secs: float, now: datetime) -> list[dict[str, Any]]:
    """Those that the notice shows."""
    ends = written(now + timedelta(seconds=lasts_secs))
    return [_alert(alert, notice, labels, ends) for alert in notice.alerts or (_whole(notice),)]


def _alert(alert: Alert, notice: Notice, labels: Mapping[str, str], ends: str) -> dict[str, Any]:
    own = {**notice.labels, **alert.labels}
    name = own.get("rule") or own.get("error_type") or own.get("component") or "logboom"
    told = {
        **{key: value for key, value in own.items() if value},
        "alertname": name,
        "severity": own.get("level", notice.level),
        **labels,
    }
    notes = {**alert.annotations, "records": str(alert.count), "samples": "\n".join(alert.samples)}
    begins = alert.starts or written(datetime.fromtimestamp(notice.started / 1e9, UTC))
    over = alert.status == "resolved" or notice.status == "resolved"
    return {
        "labels": {_name(key): _value(value) for key, value in told.items() if _value(value)},
        "annotations": {_name(key): shortened(value, 4 * _MOST_VALUE) for key, value in notes.items() if value},
        "startsAt": begins, "endsAt": (alert.ends or begins) if over else ends,
    }  # fmt: skip


def written(moment: datetime) -> str:
    """A time as it is posted."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _whole(notice: Notice) -> Alert:
    """Of a notice that shows no alert."""
    return Alert("", notice.status, notice.labels, {"summary": notice.text}, count=notice.count)


def _name(key: str) -> str:
    found = _NAME.sub("_", key)
    return f"_{found}" if found[:1].isdigit() or not found else found


def _value(text: str) -> str:
    return shortened(one_line(text), _MOST_VALUE)
