"""The columns of the table in the Log Analytics workspace, as a data collection rule declares them.

Column → (its type there, the column of `collector.store.rows` that fills it). `TimeGenerated` is made of the times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Type = Literal["datetime", "string", "int", "long", "boolean", "dynamic"]

RESERVED = frozenset(
    {"type", "tenantid", "resource", "resourceid", "resourcename", "resourcetype", "subscriptionid", "tenanted"}
)
"""Names, in small letters, that no column of a custom table may have."""

TABLE: Mapping[str, tuple[Type, str]] = {
    "TimeGenerated": ("datetime", ""),
    "RecordId": ("string", "record_id"),
    "Domain": ("string", "domain"),
    "TimeUnixNano": ("long", "time_unix_nano"),
    "ObservedTimeUnixNano": ("long", "observed_time_unix_nano"),
    "SeverityNumber": ("int", "severity_number"),
    "SeverityText": ("string", "severity_text"),
    "Level": ("string", "triage_level"),
    "Rule": ("string", "triage_rule"),
    "Action": ("string", "triage_action"),
    "PatternId": ("string", "pattern_id"),
    "IssueId": ("string", "issue_id"),
    "Body": ("string", "body"),
    "BodyIsJson": ("boolean", "body_is_json"),
    "ServiceName": ("string", "service_name"),
    "Environment": ("string", "environment"),
    "SourceType": ("string", "source_type"),
    "ErrorType": ("string", "error_type"),
    "Component": ("string", "component"),
    "Endpoint": ("string", "endpoint"),
    "EventName": ("string", "event_name"),
    "TraceId": ("string", "trace_id"),
    "SpanId": ("string", "span_id"),
    "ScopeName": ("string", "scope_name"),
    "ScopeVersion": ("string", "scope_version"),
    "ScopeAttributes": ("dynamic", "scope_attributes"),
    "Attributes": ("dynamic", "attributes"),
    "ResourceAttributes": ("dynamic", "resource"),
    "Truncated": ("dynamic", "truncated"),
}
