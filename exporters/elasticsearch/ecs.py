"""Documents of the mapping mode `ecs`: attributes under the names of the Elastic Common Schema, nested."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import nested
from collector.documents.ecs.security import LAYOUT as SECURITY_LAYOUT
from collector.documents.ecs.security import security_layers
from collector.documents.nested import Columns, Text
from exporters.elasticsearch.ecs_mapping import LAYOUT, layers
from exporters.elasticsearch.flat import stream_fields
from exporters.elasticsearch.routing import Routes


def documents(batch: LogBatch, routes: Routes) -> list[pl.Series]:
    """One JSON object a record."""
    return [nested.documents([*layers(batch), stream_fields(routes)], LAYOUT, len(batch))]


def security_documents(batch: LogBatch, routes: Routes) -> list[pl.Series]:
    """The same for Elastic Security; the dataset is the data stream's."""
    dataset = Columns([("event.dataset", Text.of(routes.stream.get_column("dataset")))], routes.place)
    layers = [*security_layers(batch), stream_fields(routes), dataset]
    return [nested.documents(layers, SECURITY_LAYOUT, len(batch))]
