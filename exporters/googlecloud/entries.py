"""`LogBatch` → `LogEntry` objects of the Cloud Logging API (v2), one JSON text each.

{"logName":"projects/shop/logs/web","resource":{"type":"k8s_container","labels":{…}},"timestamp":"2023-11-14T22:13:20.000000001Z",
 "severity":"INFO","labels":{"service.name":"web",…},"trace":"projects/shop/traces/0101…","spanId":"0202…","traceSampled":true,
 "httpRequest":{…},"sourceLocation":{…},"insertId":"…","textPayload":"…" or "jsonPayload":{…}}
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.documents import quoted
from collector.documents.facts import happened, said
from exporters.googlecloud.config import GoogleCloudConfig
from exporters.googlecloud.labels import labels
from exporters.googlecloud.payloads import payloads
from exporters.googlecloud.resources import monitored_resources
from exporters.googlecloud.splitting import Entries, split
from exporters.googlecloud.structures import http_requests, source_locations

LOG_NAME, PROJECT, SAMPLED = "gcp.log_name", "gcp.project.id", "gcp.trace_sampled"
_SEVERITIES = (
    "DEFAULT", *["DEBUG"] * 8, "INFO", "INFO", "NOTICE", "NOTICE", *["WARNING"] * 4, *["ERROR"] * 4,
    "CRITICAL", "CRITICAL", "ALERT", "EMERGENCY",
)  # fmt: skip
"""By OpenTelemetry's severity number."""
_STEPS = {f"{name}{step or ''}": first + max(step - 1, 0)
          for first, name in ((1, "trace"), (5, "debug"), (9, "info"), (13, "warn"), (17, "error"), (21, "fatal"))
          for step in (0, 2, 3, 4)}  # fmt: skip
_WORDS = {**_STEPS, "notice": 11, "warning": 13, "critical": 21, "alert": 23, "emergency": 24}
"""Severity texts → numbers, for records without a number."""
_LAST_TIME = (1 << 63) - 1


def project_of(batch: LogBatch, config: GoogleCloudConfig, otherwise: str) -> pl.Series:
    """The project that each record is written to."""
    own = batch.for_routing(config.routing_attributes).resource_attribute_text(PROJECT)
    return own.set(own == "", None).fill_null(otherwise).alias("project")


def entries(batch: LogBatch, config: GoogleCloudConfig, project: str) -> Entries:
    """The entries of a batch; `project`: of resources that name none."""
    batch = said(batch)
    number = _severity(batch)
    payload = payloads(batch, (number >= 17) & config.log.error_reporting_type)
    projects = _escaped(project_of(batch, config, project), ":")
    heads = _heads(batch, config, projects, number)
    return split(heads, batch.column("record_id").fill_null(""), payload)


def _heads(batch: LogBatch, config: GoogleCloudConfig, projects: pl.Series, number: pl.Series) -> pl.Series:
    """All of each entry but id and payload, without braces."""
    members = {
        "logName": _path(projects, "logs", _log_names(batch, config)),
        "resource": monitored_resources(batch),
        "timestamp": _timestamps(batch),
        "severity": quoted(pl.Series(_SEVERITIES).gather(number.cast(pl.UInt32))),
        "labels": labels(batch, config.log),
        "trace": _path(projects, "traces", _hex(batch, "trace_id")),
        "spanId": quoted(_hex(batch, "span_id")),
        "traceSampled": _sampled(batch),
        "httpRequest": http_requests(batch),
        "sourceLocation": source_locations(batch),
    }
    pieces = [
        pl.concat_str(pl.lit(f',"{name}":'), pl.lit(text))
        for name, text in members.items()
        if text.null_count() < len(text)
    ]
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).str.strip_prefix(",").alias("head")).to_series()


def _log_names(batch: LogBatch, config: GoogleCloudConfig) -> pl.Series:
    own = batch.for_routing(config.routing_attributes).attribute_text(LOG_NAME)
    return _escaped(own.set(own == "", None).fill_null(config.log.default_log_name), "$&+=:@")


def _escaped(names: pl.Series, safe: str) -> pl.Series:
    """As a segment of a path; there are few different ones."""
    return names.replace_strict({name: quote(name, safe=safe) for name in names.unique()}, return_dtype=pl.String)


def _path(projects: pl.Series, what: str, names: pl.Series) -> pl.Series:
    path = pl.concat_str(pl.lit('"projects/'), pl.lit(projects), pl.lit(f"/{what}/"), pl.lit(names), pl.lit('"'))
    return pl.select(path.alias(what)).to_series()


def _timestamps(batch: LogBatch) -> pl.Series:
    moment = happened(batch).clip(upper_bound=_LAST_TIME).cast(pl.Int64).cast(pl.Datetime("ns"))
    return moment.dt.strftime('"%Y-%m-%dT%H:%M:%S%.9fZ"')


def _severity(batch: LogBatch) -> pl.Series:
    number = batch.column("severity_number")
    missing = number == 0
    if not missing.any():
        return number
    words = batch.column("severity_text").str.to_lowercase()
    return words.replace_strict(_WORDS, default=0, return_dtype=pl.Int32).fill_null(0).zip_with(missing, number)


def _hex(batch: LogBatch, name: str) -> pl.Series:
    text = batch.column(name).bin.encode("hex")
    return text.set(text == "", None)


def _sampled(batch: LogBatch) -> pl.Series:
    """As the flags or the attribute say; null where neither says anything."""
    flagged = (batch.column("flags") & 1) == 1
    own = batch.attribute(SAMPLED, ValueKind.BOOL)
    return (
        (flagged | own.fill_null(False))
        .set(~flagged & own.is_null(), None)
        .replace_strict(_BOOLEANS, return_dtype=pl.String)
    )


_BOOLEANS: Mapping[bool | None, str | None] = {True: "true", False: "false", None: None}
