"""Batches as OCSF events, one JSON object a record.

The records of a class are laid out together; what does not depend on the class is written for all at once:

    {"category_uid":4,"class_uid":4002,"activity_id":3,…,"http_request":{…},  "severity_id":1,…,"metadata":{…},"unmapped":{…}}
    └──────────────── members of the class, for its records ─────────────┘    └──────────── for all records ─────────────┘
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version as installed

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import nulls
from collector.documents import attributes_json, quoted, scope_json
from collector.documents.bodies import structured_bodies
from collector.documents.facts import said
from collector.documents.json_text import quoted_name
from collector.documents.ocsf import texts
from collector.documents.ocsf.access_log import with_access_logs
from collector.documents.ocsf.catalogue import API, HTTP, MAX_TEXT, Edition, EventClass
from collector.documents.ocsf.classify import CLASSES, classify, of_class
from collector.documents.ocsf.context import Context, context
from collector.documents.ocsf.endpoints import ends
from collector.documents.ocsf.events import Known, classification, event, observables, status
from collector.documents.ocsf.fields import Fields, Part, same, there
from collector.documents.ocsf.members import Json, Text, json_object, members, text
from collector.documents.options import OcsfConfig

_INSTALLED = installed("logboom")
_HOST, _TRACE, _CLOUD = 1, 2, 4
_PROFILES = ((_CLOUD, "cloud"), (_HOST, "host"), (_TRACE, "trace"))
_TRIAGE = (
    "deployment.environment.name",
    "logboom.source_type",
    "logboom.error_type",
    "logboom.component",
    "logboom.endpoint",
    "logboom.triage.level",
    "logboom.triage.rule",
    "logboom.triage.action",
    "logboom.pattern.id",
    "logboom.pattern.template",
    "logboom.issue.id",
)


def ocsf_json(batch: LogBatch, options: OcsfConfig = OcsfConfig()) -> pl.Series:  # noqa: B008 frozen
    """One event a record: String, no null, no line break, valid in the schema version that the options name."""
    if not len(batch):
        return pl.Series("ocsf", [], dtype=pl.String)
    batch = with_access_logs(said(batch))
    edition = Edition(options.version)
    fields = Fields(batch.attributes, len(batch), batch.derived)
    every = Part(fields, np.arange(len(batch)))
    around = context(batch, everywhere=all(map(edition.host, CLASSES)))
    both = ends(every, around.service)
    classes = classify(batch, every, both, edition)
    structured = structured_bodies(batch)
    messages = texts.messages(batch, structured)
    trace = texts.hex_ids(batch.column("trace_id"))
    known = Known(batch, edition, around, both, messages, trace)
    of_classes, profiles, hosted = _by_class(fields, classes, known)
    for_all: dict[str, Json | None] = {
        "severity_id": texts.severities(batch, every),
        "time": texts.times(batch),
        "message": Text(messages),
        "metadata": _metadata(known, options, profiles),
        "cloud": around.cloud,
        "enrichments": _enrichments(batch, every),
        "unmapped": _unmapped(batch, fields, around, hosted, structured),
        "raw_data": _raw_data(batch, structured) if options.raw_data else None,
    }
    rest = members(for_all, opening="")
    return pl.select(pl.concat_str(pl.lit(of_classes), pl.lit(rest)).alias("ocsf")).to_series()


def _by_class(
    fields: Fields, classes: npt.NDArray[np.uint8], known: Known
) -> tuple[pl.Series, npt.NDArray[np.uint8], pl.Series]:
    """For each record the members of its class (`{…,`), the bits of its profiles, and whether it may name a host."""
    rows, made = [], []
    profiles = np.zeros(len(classes), dtype=np.uint8)
    hosted = np.zeros(len(classes), dtype=np.bool_)
    for kind in CLASSES:
        members_at = of_class(classes, kind)
        if len(members_at):
            written, profiles[members_at] = _of_class(kind, Part(fields, members_at), known)
            hosted[members_at] = known.edition.host(kind)
            rows.append(members_at)
            made.append(written)
    profiles |= there(known.context.cloud) * np.uint8(_CLOUD)
    back = np.empty(len(classes), dtype=np.uint32)
    back[np.concatenate(rows)] = np.arange(len(classes), dtype=np.uint32)
    return pl.concat(made).gather(pl.Series(back)), profiles, pl.Series(hosted)


def _of_class(kind: EventClass, part: Part, known: Known) -> tuple[pl.Series, npt.NDArray[np.uint8]]:
    made = event(kind, part, known)
    device = known.context.device.gather(part.rows) if known.edition.host(kind) else None
    traced = known.edition.trace and kind in (HTTP, API)
    given: dict[str, Json | None] = {
        **classification(kind, made.activity),
        "status_id": status(made),
        **made.members,
        "actor": json_object(made.actor),
        "device": device,
        "trace": json_object({"uid": Text(known.trace.gather(part.rows))}) if traced else None,
        "observables": observables(made.observed),
    }
    profiles = np.zeros(len(part.rows), dtype=np.uint8)
    if known.edition.host(kind):
        profiles[_there(given["device"], part) | _there(given["actor"], part)] |= _HOST
    profiles[_there(given["trace"], part)] |= _TRACE
    made_text = members(given, closing=",")
    assert made_text is not None, "every event has an activity"
    return made_text if isinstance(made_text, pl.Series) else same(made_text, len(part.rows)), profiles


def _there(value: Json | None, part: Part) -> npt.NDArray[np.bool_]:
    return there(value) if isinstance(value, pl.Series) else np.full(len(part.rows), value is not None)


def _metadata(known: Known, options: OcsfConfig, profiles: npt.NDArray[np.uint8]) -> Json | None:
    batch = known.batch
    product = {"name": options.product, "vendor_name": options.vendor, "version": _INSTALLED}
    return json_object(
        {
            "version": f'"{options.version}"',
            "product": json_object({key: quoted_name(name) for key, name in product.items()}),
            "uid": Text(batch.column("record_id")),
            "tenant_uid": Text(texts.short(batch.column("domain"))),
            "log_name": _of_scope(batch, "name"),
            "log_provider": Text(known.context.service),
            "log_level": Text(texts.short(batch.column("severity_text"))),
            "event_code": Text(texts.short(batch.column("event_name"))),
            "correlation_uid": Text(known.trace),
            "original_time": Text(texts.counts(batch.column("time_unix_nano"))),
            "logged_time": texts.counts(batch.column("observed_time_unix_nano") // 1_000_000),
            "profiles": _PROFILE_LISTS.gather(profiles.astype(np.uint32)),
        }
    )


def _of_scope(batch: LogBatch, field: str) -> Text:
    """A text of each record's scope; worked out once a scope."""
    if not batch.scopes.height:
        return Text(nulls(field, pl.String(), len(batch)))
    return Text(texts.short(batch.scopes.get_column(field)).gather(batch.column("scope")))


def _profile_lists() -> list[str | None]:
    lists = [[name for bit, name in _PROFILES if code & bit] for code in range(8)]
    return ["[" + ",".join(f'"{name}"' for name in names) + "]" if names else None for names in lists]


_PROFILE_LISTS = pl.Series(_profile_lists(), dtype=pl.String)


def _enrichments(batch: LogBatch, every: Part) -> Json | None:
    """What logboom found out: data that pertains to the event, which is known by its uid."""
    found = {key.removeprefix("logboom."): every.text(key) for key in _TRIAGE}
    data = json_object({key: text(column) for key, column in found.items()})
    if data is None:
        return None
    uid = Text(batch.column("record_id").fill_null(""))
    whole: dict[str, Json | None] = {
        "name": '"metadata.uid"',
        "value": uid,
        "type": '"triage"',
        "provider": '"logboom"',
        "data": data,
    }
    one = json_object(whole)
    assert isinstance(one, pl.Series)
    listed = pl.concat_str(pl.lit("["), pl.lit(one), pl.lit("]"))
    there = pl.lit(True) if isinstance(data, str) else pl.lit(data).is_not_null()
    return pl.select(pl.when(there).then(listed).alias("enrichments")).to_series()


def _unmapped(
    batch: LogBatch, fields: Fields, around: Context, hosted: pl.Series, structured: pl.Series
) -> Json | None:
    """What found no field, under its own name."""
    table, derived = fields.left()
    attributes = attributes_json(replace(batch, attributes=table, derived=derived))
    scope = scope_json(batch)
    body = structured.zip_with(structured.is_not_null(), quoted(texts.long_bodies(batch)))
    return json_object(
        {
            "attributes": attributes.set(attributes == "{}", None),
            "resource": around.left.zip_with(hosted, around.left_without_host),
            "scope": scope.set(scope == "{}", None),
            "scope_version": _of_scope(batch, "version"),
            "body": body,
            "span_id": Text(texts.hex_ids(batch.column("span_id"))),
            "flags": texts.counts(batch.column("flags")),
            "dropped_attributes_count": texts.counts(batch.column("dropped_attributes_count")),
        }
    )


def _raw_data(batch: LogBatch, structured: pl.Series) -> Text:
    """The body as it came; left out where a field could not hold it."""
    body = batch.column("body")
    raw = body.zip_with(body.is_not_null(), structured)
    return Text(raw.set(raw.str.len_bytes() > MAX_TEXT, None) if len(raw) else nulls("", pl.String(), 0))
