"""`host.os.type` of the Elastic Common Schema, from the resource's `os.type` and `os.name`."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch, ValueKind
from collector.columns.tables import aligned

_BY_TYPE = {
    "windows": "windows",
    "linux": "linux",
    "darwin": "macos",
    **dict.fromkeys(("aix", "hpux", "solaris"), "unix"),
}
_BY_NAME = {"Android": "android", "iOS": "ios"}


def os_types(batch: LogBatch) -> pl.Series:
    """A type a resource."""
    height = batch.resources.height
    by_type = aligned(batch.resource_attributes, "os.type", ValueKind.STRING, height)
    by_name = aligned(batch.resource_attributes, "os.name", ValueKind.STRING, height)
    types = by_type.replace_strict(_BY_TYPE, default=None, return_dtype=pl.String)
    names = by_name.replace_strict(_BY_NAME, default=None, return_dtype=pl.String)
    return names.zip_with(names.is_not_null(), types)
