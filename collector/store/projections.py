"""The tables that are made of events. Another one is a declaration here and a migration that is written from it
(`python -m collector.store.changes NAME`); writing, reading, retention and KV need nothing else.
"""

from __future__ import annotations

from collector.audit.entry import ENTRY
from collector.store.projection import Column, Projection

DEPLOYMENTS = Projection(
    name="deployments",
    kinds=("logboom.deployment",),
    key=(Column("deployment_id", attribute="logboom.deployment.id"),),
    columns=(
        Column("service", attribute="service.name"),
        Column("service_version", attribute="service.version"),
        Column("environment", attribute="deployment.environment.name"),
        Column("url", attribute="url.full"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"deployments_by_time": ("time_unix_nano",)},
    aged_by="time_unix_nano",
)
"""What was deployed, where and when."""

NOTIFICATIONS = Projection(
    name="notifications",
    kinds=("logboom.alert.notification",),
    key=(
        Column("group_id", attribute="logboom.alert.group"),
        Column("exporter", attribute="logboom.alert.exporter"),
        Column("sequence", "INTEGER", "logboom.alert.sequence"),
    ),
    columns=(
        Column("receiver", attribute="logboom.alert.receiver"),
        Column("status", attribute="logboom.alert.status"),
        Column("reason", attribute="logboom.alert.reason"),
        Column("level", attribute="logboom.alert.level"),
        Column("started_unix_nano", "INTEGER", "logboom.alert.started"),
        Column("count", "INTEGER", "logboom.alert.count"),
        Column("labels", attribute="logboom.alert.labels"),
        Column("alerts", attribute="logboom.alert.alerts"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"notifications_by_time": ("time_unix_nano",)},
    aged_by="time_unix_nano",
)
"""Who was told what, and why: one row for each notification of a group to an exporter."""

PATTERNS = Projection(
    name="patterns",
    kinds=("logboom.pattern.changed",),
    key=(Column("pattern_id", attribute="logboom.pattern.id"),),
    columns=(
        Column("template", attribute="logboom.pattern.template"),
        Column("source", attribute="logboom.pattern.source"),
        Column("service", attribute="service.name"),
        Column("component", attribute="logboom.component"),
        Column("level", attribute="logboom.triage.level"),
        Column("count", "INTEGER", "logboom.pattern.count"),
        Column("first_seen_unix_nano", "INTEGER", "logboom.pattern.first_seen"),
        Column("last_seen_unix_nano", "INTEGER", "logboom.pattern.last_seen"),
        Column("levels", attribute="logboom.pattern.levels"),
        Column("parameters", attribute="logboom.pattern.parameters"),
        Column("samples", attribute="logboom.pattern.samples"),
        Column("merged_into", attribute="logboom.pattern.merged_into"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"patterns_by_time": ("time_unix_nano",)},
    aged_by="time_unix_nano",
    alone=True,
)
"""What is said again and again, and how it varies: a row for each pattern, as it was told last."""

ISSUES = Projection(
    name="issues",
    kinds=("logboom.issue.*",),
    key=(Column("issue_id", attribute="logboom.issue.id"),),
    columns=(
        Column("state", attribute="logboom.issue.state"),
        Column("level", attribute="logboom.issue.level"),
        Column("priority", attribute="logboom.issue.priority"),
        Column("title", attribute="logboom.issue.title"),
        Column("component", attribute="logboom.component"),
        Column("service", attribute="service.name"),
        Column("environment", attribute="deployment.environment.name"),
        Column("assignee", attribute="logboom.issue.assignee"),
        Column("events", "INTEGER", "logboom.issue.events"),
        Column("first_seen_unix_nano", "INTEGER", "logboom.issue.first_seen"),
        Column("last_seen_unix_nano", "INTEGER", "logboom.issue.last_seen"),
        Column("owner", attribute="logboom.issue.owner"),
        Column("category", attribute="logboom.issue.category"),
        Column("type", attribute="logboom.issue.type"),
        Column("reason", attribute="logboom.issue.reason"),
        Column("users", "INTEGER", "logboom.issue.users"),
        Column("acknowledged_unix_nano", "INTEGER", "logboom.issue.acknowledged"),
        Column("acknowledged_by", attribute="logboom.issue.acknowledged_by"),
        Column("resolved_in", attribute="logboom.issue.resolved_in"),
        Column("archived_until", attribute="logboom.issue.archived_until"),
        Column("services", attribute="logboom.issue.services"),
        Column("endpoints", attribute="logboom.issue.endpoints"),
        Column("versions", attribute="logboom.issue.versions"),
        Column("environments", attribute="logboom.issue.environments"),
        Column("samples", attribute="logboom.issue.samples"),
        Column("variants", attribute="logboom.issue.variants"),
        Column("trend", attribute="logboom.issue.trend"),
        Column("details", attribute="logboom.issue.details"),
        Column("triage_rule", attribute="logboom.issue.rule"),
        Column("cause", attribute="logboom.issue.cause"),
        Column("suggestion", attribute="logboom.issue.suggestion"),
        Column("merged_into", attribute="logboom.issue.merged_into"),
        Column("generated", attribute="logboom.issue.generated"),
    ),
    indexes={"issues_by_time": ("last_seen_unix_nano",)},
    aged_by="last_seen_unix_nano",
    closed={"state": ("archived", "resolved", "merged")},
    alone=True,
)
"""Issues as they stand. `services` and their like: name → events, as JSON; `variants`: why they are grouped."""

ISSUE_ACTIVITY = Projection(
    name="issue_activity",
    kinds=("logboom.issue.*",),
    key=(
        Column("issue_id", attribute="logboom.issue.id"),
        Column("activity", "INTEGER", "logboom.issue.activity"),
    ),
    columns=(
        Column("change", attribute="logboom.issue.change"),
        Column("state", attribute="logboom.issue.state"),
        Column("reason", attribute="logboom.issue.change_reason"),
        Column("who", attribute="logboom.issue.who"),
        Column("why", attribute="logboom.issue.why"),
        Column("level", attribute="logboom.issue.level"),
        Column("priority", attribute="logboom.issue.priority"),
        Column("component", attribute="logboom.component"),
        Column("service", attribute="service.name"),
        Column("environment", attribute="deployment.environment.name"),
        Column("assignee", attribute="logboom.issue.assignee"),
        Column("events", "INTEGER", "logboom.issue.events"),
        Column("first_seen_unix_nano", "INTEGER", "logboom.issue.first_seen"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"issue_activity_by_time": ("time_unix_nano",)},
    aged_by="time_unix_nano",
    alone=True,
)
"""What happened to issues: one row for each event but those that tell new counts alone."""

SILENCES = Projection(
    name="silences",
    kinds=("logboom.alert.silence",),
    key=(Column("silence_id", attribute="logboom.alert.silence"),),
    columns=(
        Column("matchers", attribute="logboom.alert.matchers"),
        Column("who", attribute="logboom.alert.silence.who"),
        Column("why", attribute="logboom.alert.silence.why"),
        Column("starts_unix_nano", "INTEGER", "logboom.alert.silence.starts"),
        Column("ends_unix_nano", "INTEGER", "logboom.alert.silence.ends"),
    ),
    indexes={"silences_by_end": ("ends_unix_nano",)},
    aged_by="ends_unix_nano",
)
"""Who asked for quiet, about what, until when."""

RESPONSES = Projection(
    name="responses",
    kinds=("logboom.response.*",),
    key=(Column("response_id", attribute="logboom.response.id"),),
    columns=(
        Column("name", attribute="logboom.response.name"),
        Column("exporter", attribute="logboom.response.exporter"),
        Column("target", attribute="logboom.response.target"),
        Column("state", attribute="logboom.response.state"),
        Column("reason", attribute="logboom.response.reason"),
        Column("dry_run", "INTEGER", "logboom.response.dry_run"),
        Column("who", attribute="logboom.response.who"),
        Column("why", attribute="logboom.response.why"),
        Column("group_id", attribute="logboom.response.group"),
        Column("labels", attribute="logboom.response.labels"),
        Column("instances", "INTEGER", "logboom.response.instances"),
        Column("deployment", attribute="logboom.response.deployment"),
        Column("was", attribute="logboom.response.was"),
        Column("became", attribute="logboom.response.became"),
        Column("proposed_unix_nano", "INTEGER", "logboom.response.proposed"),
        Column("expires_unix_nano", "INTEGER", "logboom.response.expires"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"responses_by_time": ("time_unix_nano",)},
    aged_by="time_unix_nano",
    closed={"state": ("held", "denied", "expired", "failed", "helped", "did_not_help")},
)
"""What is done about alerts, as it stands; each step of it is an event of its own in `logs`."""

AUDIT = Projection(
    name="audit",
    kinds=(ENTRY,),
    key=(Column("seq", "INTEGER", "logboom.audit.seq"), Column("hash", attribute="logboom.audit.hash")),
    columns=(
        Column("previous", attribute="logboom.audit.previous"),
        Column("entry", attribute="logboom.audit.entry"),
        Column("event", attribute="logboom.audit.event"),
        Column("action", attribute="logboom.audit.action"),
        Column("who", attribute="logboom.audit.who"),
        Column("why", attribute="logboom.audit.why"),
        Column("address", attribute="logboom.audit.address"),
        Column("received_unix_nano", "INTEGER", "logboom.audit.received"),
        Column("expires_unix_nano", "INTEGER", "logboom.audit.expires"),
        Column("time_unix_nano", "INTEGER"),
    ),
    indexes={"audit_by_expiry": ("expires_unix_nano",), "audit_by_time": ("time_unix_nano",)},
    aged_by="expires_unix_nano",
    alone=True,
    expiring=True,
    confidential=True,
)
"""Who did and read what. The hash is part of the key: what was written once, nothing that comes later changes."""

PROJECTIONS = (DEPLOYMENTS, NOTIFICATIONS, PATTERNS, ISSUES, ISSUE_ACTIVITY, SILENCES, RESPONSES, AUDIT)
