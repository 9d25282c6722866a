"""Records as fields of the Elastic Common Schema, as the OpenTelemetry Collector's elasticsearch exporter names them."""

from __future__ import annotations

from functools import partial

import polars as pl

from collector.batch import LogBatch
from collector.documents.ecs.os_types import os_types
from collector.documents.nested import Columns, Fields, Text, derived_fields, fields
from collector.documents.nested.layers import Layer
from collector.documents.nested.layout import nested
from collector.documents.nested.record_texts import given, id_text, number_text, timestamp_text
from exporters.elasticsearch.ecs_names import LEFT_OUT, PROTECTED, RECORD, RESOURCE

LAYOUT = partial(nested, protected=PROTECTED)


def layers(batch: LogBatch) -> list[Layer]:
    """The fields, later ones win."""
    return [
        _resources(batch),
        fields(batch.scope_attributes, batch.scopes.height, batch.column("scope")),
        fields(batch.attributes, len(batch), names=RECORD),
        derived_fields(batch, RECORD),
        Columns([("host.os.type", Text.of(os_types(batch)))], batch.column("resource")),
        Columns(
            [
                ("@timestamp", timestamp_text(batch)),
                ("trace.id", id_text(batch.column("trace_id"))),
                ("span.id", id_text(batch.column("span_id"))),
                ("event.severity", number_text(batch.column("severity_number"))),
                ("log.level", Text.of(given(batch.column("severity_text")))),
                ("message", Text.of(batch.column("body"))),
            ]
        ),
    ]


def _resources(batch: LogBatch) -> Fields:
    """`host.name` stays, and is the hostname as well unless there is one."""
    table = batch.resource_attributes.filter(~pl.col("key").is_in(LEFT_OUT))
    having = table.filter(pl.col("key") == "host.hostname").get_column("owner")
    named = table.filter(pl.col("key") == "host.name", ~pl.col("owner").is_in(having.implode()))
    every = pl.concat([table, named.with_columns(key=pl.lit("host.hostname"))])
    return fields(every, batch.resources.height, batch.column("resource"), RESOURCE)
