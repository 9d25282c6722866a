"""Detection Finding (2004): what logboom itself found. Its alert, issue and anomaly events, by their event name:

logboom.alert   logboom.issue.opened   logboom.issue.regressed   logboom.issue.resolved   logboom.anomaly   …
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.ocsf import texts
from collector.documents.ocsf.fields import Mask, Part
from collector.documents.ocsf.members import Json, Text, json_object, text

_EVENTS = r"^logboom\.(alert|issue|anomaly)(\.|$)"
_CLOSED = r"\.(resolved|closed)$"
_UPDATED = r"\.(updated|regressed|reopened|escalated|acknowledged)$"
_RULE = 1
STATUSES = (None, "New", "In Progress", None, "Resolved")
_STATUS_OF = [0, 1, 2, 4]


def findings(batch: LogBatch) -> Mask:
    """Which records are findings."""
    return batch.column("event_name").str.contains(_EVENTS).fill_null(False).to_numpy()


def activities(events: pl.Series) -> pl.Series:
    """1 Create, 2 Update, 3 Close."""
    activity = pl.when(events.str.contains(_CLOSED)).then(3).when(events.str.contains(_UPDATED)).then(2).otherwise(1)
    return pl.select(activity.cast(pl.UInt8).alias("activity")).to_series()


def statuses(activity: pl.Series) -> pl.Series:
    """New, In Progress, Resolved."""
    return pl.Series(_STATUS_OF, dtype=pl.UInt8).gather(activity)


def finding_info(batch: LogBatch, part: Part, messages: pl.Series) -> Json | None:
    """The issue that the event is about (else the event itself), under the name of the rule that found it."""
    uid = part.text("logboom.issue.id", take=False)
    own = batch.column("record_id").fill_null("").gather(part.rows)
    rule = part.text("logboom.triage.rule", take=False)
    analytic = {
        "name": text(rule),
        "type": '"Rule"',
        "type_id": str(_RULE),
    }
    return json_object(
        {
            "uid": Text(own if uid is None else uid.zip_with(uid.is_not_null(), own)),
            "title": Text(messages.fill_null("").str.slice(0, 512)),
            "created_time": texts.times(batch).gather(part.rows),
            "analytic": json_object(analytic, needs=["name"]),
        }
    )
