"""Documents of the mapping mode `bodymap`: the body, which must be a map, is the document. Once per distinct body."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.nested.values import any_python, text
from exporters.elasticsearch.routing import Routes


def documents(batch: LogBatch, routes: Routes) -> list[pl.Series]:
    """One JSON object a record; null where the body is no map."""
    del routes
    bodies = batch.column("body_any")
    found = {data: any_python(data) for data in bodies.drop_nulls().unique()}
    maps = {data: text(value) for data, value in found.items() if isinstance(value, dict)}
    objects = bodies.replace_strict(list(maps), list(maps.values()), default=None, return_dtype=pl.String)
    return [objects]
