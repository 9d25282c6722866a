"""What decides for a backend: a text for each record.

service      service.name of the resource, or nothing
traceID      the trace id in hex; any where there is none
resource     all attributes of the resource, whatever their order
attributes   `name=value|name=value|`: first those that the resource has, then the scope's, then the record's; `name=|` for none
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import polars as pl

from collector.batch import LogBatch
from collector.columns.tables import first_values
from collector.documents import body_text
from collector.documents.member_texts import table_members
from collector.documents.plain_text import plain_texts
from exporters.load_balancing.config import LoadBalancingConfig

_SERVICE = "service.name"
_OF_RECORD: Mapping[str, Callable[[LogBatch], pl.Series]] = {
    "log.severity": lambda batch: batch.column("severity_text").fill_null(""),
    "log.body": lambda batch: body_text(batch).fill_null(""),
}


def keys(batch: LogBatch, config: LoadBalancingConfig) -> pl.Series:
    """String, no null. What was taken out of the text of a body decides nothing."""
    routing = batch.for_routing()
    if config.routing_key == "traceID":
        return _traces(batch)
    if config.routing_key == "resource":
        return _resources(routing)
    if config.routing_key == "attributes":
        return _attributes(routing, config.routing_attributes)
    return routing.resource_attribute(_SERVICE).fill_null("").alias("key")


def _traces(batch: LogBatch) -> pl.Series:
    text = batch.column("trace_id").bin.encode("hex")
    without = (text == "").arg_true()
    if len(without):
        text = text.scatter(without, [secrets.token_hex(16) for _ in without])
    return text.alias("key")


def _resources(batch: LogBatch) -> pl.Series:
    table = batch.resource_attributes.sort("owner", "key", maintain_order=True)
    return table_members(table, batch.resources.height).gather(batch.column("resource")).alias("key")


def _attributes(batch: LogBatch, names: list[str]) -> pl.Series:
    parts: list[list[pl.Series]] = [[], [], []]
    for name in names:
        of_resource = _texts(batch.resource_attributes, name, batch.resources.height).gather(batch.column("resource"))
        of_scope = _texts(batch.scope_attributes, name, batch.scopes.height).gather(batch.column("scope"))
        of_scope = of_scope.set(of_resource.is_not_null(), None)
        rest = _record(batch, name).set(of_resource.is_not_null() | of_scope.is_not_null(), None)
        for level, text in zip(parts, (of_resource, of_scope, rest), strict=True):
            level.append(pl.select(pl.concat_str(pl.lit(f"{name}="), pl.lit(text), pl.lit("|"))).to_series())
    pieces = [pl.lit(text) for level in parts for text in level]
    return pl.select(pl.concat_str(pieces, ignore_nulls=True).alias("key")).to_series()


def _record(batch: LogBatch, name: str) -> pl.Series:
    if name in _OF_RECORD:
        return _OF_RECORD[name](batch)
    return _texts(batch.all_attributes(), name, len(batch)).fill_null("")


def _texts(table: pl.DataFrame, key: str, height: int) -> pl.Series:
    """Whatever its kind; null where the owner has none."""
    found = first_values(table, key, height)
    text = plain_texts(found).fill_null("")
    return text.set(found.get_column("kind").is_null(), None)
