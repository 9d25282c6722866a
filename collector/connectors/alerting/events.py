"""Records and events: which are alarms, and which say that something is over.

Records that were sent are alarms by their level. Of what components made, issues that are new, get worse or come back are; so is what the
service tells of its own trouble. Their ends are told by events, too. What others who watch tell (`logboom.alert.received`) goes on or is over as they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from collector.alert_commands import RECEIVED
from collector.batch import LogBatch

_ISSUE, _SERVICE = "logboom.issue.", "logboom.service."
_ALARMS = [RECEIVED, *(f"{_ISSUE}{what}" for what in ("created", "escalating", "regressed", "reopened"))]
_OVER = [f"{_ISSUE}resolved", f"{_ISSUE}archived"]
_WARN = 13


@dataclass(frozen=True, slots=True)
class Ends:
    """Something is over: an issue, or what the service told under a name (`rule`), for all its labels that are said here."""

    domain: str
    reason: str
    issue: str = ""
    labels: Mapping[str, str] | None = None

    def means(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant."""
        if self.issue:
            return labels.get("issue") == self.issue
        return all(labels.get(name) == value for name, value in (self.labels or {}).items())


def split(batch: LogBatch) -> tuple[LogBatch, Sequence[Ends], pl.Series]:
    """The alarms, with their events' names as rules; what is over; and where in the batch the alarms stood."""
    positions = pl.int_range(len(batch), dtype=pl.UInt32, eager=True)
    generation = batch.generation
    if generation is None:
        return batch, (), positions
    name, made = batch.column("event_name"), generation > 0
    over = batch.attribute_text("logboom.duration").is_not_null()
    service = made & name.str.starts_with(_SERVICE)
    alarms = ~made | (made & name.is_in(_ALARMS)) | (service & ~over & (batch.column("severity_number") >= _WARN))
    ends = [_issue_over(batch, row) for row in (made & name.is_in(_OVER)).arg_true()]
    ends += [_trouble_over(batch, row) for row in (service & over).arg_true()]
    kept = batch.filter(alarms)
    rule = kept.attribute_text("logboom.triage.rule")
    named = rule.zip_with(rule.is_not_null() | (kept.column("event_name") == ""), kept.column("event_name"))
    return kept.with_attributes({"logboom.triage.rule": named}), ends, positions.filter(alarms)


def _issue_over(batch: LogBatch, row: int) -> Ends:
    what = batch.column("event_name")[row].removeprefix(_ISSUE)
    return Ends(
        batch.column("domain")[row] or "", f"the issue was {what}", batch.attribute_text("logboom.issue.id")[row] or ""
    )


def _trouble_over(batch: LogBatch, row: int) -> Ends:
    labels = {"rule": batch.column("event_name")[row]}
    exporter = batch.attribute_text("logboom.exporter")[row]
    if exporter:
        labels["exporter"] = exporter
    return Ends(batch.column("domain")[row] or "", "it is over", labels=labels)
