"""Documents of the mapping mode `ecs`: attributes under the names of the Elastic Common Schema, nested."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents import nested
from collector.documents.ecs.mapping import LAYOUT, layers
from exporters.elasticsearch.flat import stream_fields
from exporters.elasticsearch.routing import Routes


def documents(batch: LogBatch, routes: Routes) -> list[pl.Expr]:
    """One JSON object a record."""
    return [pl.lit(nested.documents([*layers(batch), stream_fields(routes)], LAYOUT, len(batch)))]
