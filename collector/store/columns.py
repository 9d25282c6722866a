"""The names of the columns of `logs`: of whoever reads or asks without making rows."""

from __future__ import annotations

from collections.abc import Mapping

DERIVED: Mapping[str, str] = {
    "source_type": "logboom.source_type",
    "error_type": "logboom.error_type",
    "component": "logboom.component",
    "endpoint": "logboom.endpoint",
    "triage_level": "logboom.triage.level",
    "triage_rule": "logboom.triage.rule",
    "triage_action": "logboom.triage.action",
    "pattern_id": "logboom.pattern.id",
    "issue_id": "logboom.issue.id",
}
"""Column → the attribute that a processor wrote. `logboom.domain` and `logboom.record.id` are columns of every record."""

COLUMNS = (
    "record_id",
    "domain",
    "time_unix_nano",
    "observed_time_unix_nano",
    "severity_number",
    "severity_text",
    "body",
    "body_is_json",
    "service_name",
    "environment",
    "source_type",
    "error_type",
    "component",
    "endpoint",
    "triage_level",
    "triage_rule",
    "triage_action",
    "event_name",
    "trace_id",
    "span_id",
    "flags",
    "dropped_attributes_count",
    "scope_name",
    "scope_version",
    "scope_attributes",
    "attributes",
    "resource",
    "truncated",
    "generation",
    "pattern_id",
    "issue_id",
)
"""The columns of `logs`, in the order in which rows are written."""

WRITTEN: Mapping[str, str] = {"severity_number": "severity_written", "observed_time_unix_nano": "observed_written"}
"""Columns that the table has twice: as they are written, with 0 for NULL, and as they are read."""

TABLE_COLUMNS = tuple(WRITTEN.get(name, name) for name in COLUMNS)
"""What a row is inserted into, in the order of `COLUMNS`."""
