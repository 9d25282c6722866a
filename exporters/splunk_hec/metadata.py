"""Where an event belongs: host, source, source type and index, from the record's attributes, its resource's, or the
options; and the token, which only a resource can name. The option `routing_attributes` says which of them are asked."""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from exporters.splunk_hec.config import SplunkHecConfig

TOKEN = "com.splunk.hec.access_token"  # noqa: S105  the name of the attribute
UNKNOWN_HOST = "unknown"
NAMES = ("host", "source", "sourcetype", "index")


class Metadata:
    """By the options; `keys` are the attributes that are used up."""

    def __init__(self, config: SplunkHecConfig) -> None:
        chosen = config.metadata
        self._keys = {name: getattr(chosen, name) for name in NAMES}
        self._defaults = {
            "host": UNKNOWN_HOST,
            "source": config.source,
            "sourcetype": config.sourcetype,
            "index": config.index,
        }
        self._levels = config.routing_attributes
        self.keys = tuple(key for key in self._keys.values() if key) if self._levels != "none" else ()

    def columns(self, batch: LogBatch) -> pl.DataFrame:
        """The four, a value a record, no null; empty = Splunk decides."""
        routing = batch.for_routing(self._levels)
        return pl.DataFrame({name: self._column(routing, name) for name in NAMES})

    def _column(self, batch: LogBatch, name: str) -> pl.Series:
        key, default = self._keys[name], self._defaults[name]
        own = batch.attribute_text(key)
        named = own.zip_with(own.is_not_null(), resource_text(batch, key)) if key else own
        return named.fill_null(default)


def resource_text(batch: LogBatch, key: str) -> pl.Series:
    """A resource attribute as text, a value a record; null where absent."""
    if not batch.resources.height:
        return tables.nulls(key, pl.String(), len(batch))
    values = tables.aligned_text(batch.resource_attributes, key, batch.resources.height)
    return values.gather(batch.column("resource"))
