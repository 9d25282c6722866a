"""The tables that are made of events. Another one is a declaration here and a migration that is written from it
(`python -m collector.store.changes NAME`); writing, reading, retention and KV need nothing else.
"""

from __future__ import annotations

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
)
"""What is said again and again, and how it varies: a row for each pattern, as it was told last."""

PROJECTIONS = (DEPLOYMENTS, NOTIFICATIONS, PATTERNS)
