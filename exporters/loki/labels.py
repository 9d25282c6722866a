"""Which label set each record has, and which of its attributes that takes out of its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from collector.batch import LogBatch
from collector.documents import quoted
from collector.documents.json_text import quoted_name
from exporters.loki.config import LokiConfig
from exporters.loki.names import normalized

ATTRIBUTES_HINT, RESOURCES_HINT = "loki.attribute.labels", "loki.resource.labels"
TENANT_HINT, FORMAT_HINT = "loki.tenant", "loki.format"
HINTS = frozenset({ATTRIBUTES_HINT, RESOURCES_HINT, TENANT_HINT, FORMAT_HINT})
_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
LEVELS = [f"{name}{step}".removesuffix("1") for name in _NAMES for step in range(1, 5)]
"""Severity numbers 1 to 24 as text: `INFO`, `INFO2`, …"""


class Hinted(NamedTuple):
    """Records with the same hints. `attributes` and `resources` name what becomes a label; `level`: the level does."""

    batch: LogBatch
    rows: pl.Series
    attributes: list[str]
    resources: list[str]
    format: str
    level: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """`text`: each record's label set as a JSON object. `used`: attributes that stand there and not in the line."""

    text: pl.Series
    used: frozenset[str]


def hinted(batch: LogBatch, config: LokiConfig) -> Iterator[Hinted]:
    """The batch by hints, which only what came as attributes may give (`routing_attributes`)."""
    routing = batch.for_routing(config.routing_attributes)
    found = pl.DataFrame(
        {
            "attributes": routing.attribute(ATTRIBUTES_HINT).fill_null(""),
            "of_resource": routing.resource_attribute(RESOURCES_HINT).fill_null(""),
            "resources": routing.attribute(RESOURCES_HINT).fill_null(""),
            "format": _either(routing, FORMAT_HINT).fill_null(config.format),
            "level": _has_level(batch) & config.default_labels_enabled.level,
        }
    ).with_row_index("row")
    hints = ("attributes", "of_resource", "resources", "format", "level")
    groups = found.group_by(hints, maintain_order=True).agg("row")
    for attributes, of_resource, of_record, line, level, rows in groups.iter_rows():
        named = [*_listed(of_resource), *_listed(of_record)]
        at = pl.Series(rows, dtype=pl.UInt32)
        part = batch if groups.height == 1 else batch.gather(at)
        yield Hinted(part, at, _listed(attributes), named, line, level)


def tenant(batch: LogBatch, config: LokiConfig) -> pl.Series:
    """The tenant of each record by the hint, which names an attribute: the resource's if that has it, else the record's own."""
    routing = batch.for_routing(config.routing_attributes)
    found = pl.Series("tenant", [None] * len(batch), dtype=pl.String)
    for level in (LogBatch.attribute_text, LogBatch.resource_attribute_text):
        hint = level(routing, TENANT_HINT)
        for name in hint.drop_nulls().unique():
            found = level(routing, name.strip()).zip_with((hint == name).fill_null(False), found)
    return found.alias("tenant")


def labels_of(part: Hinted, config: LokiConfig) -> Labels:
    """Fixed labels, default ones, then those that hints name; of two of one name the later."""
    routing = part.batch.for_routing(config.routing_attributes)
    columns = {name: _fixed(value, part.batch) for name, value in config.labels.items()}
    columns |= _defaults(routing, config)
    columns |= {name: routing.resource_attribute_text(name) for name in part.resources}
    columns |= {name: routing.attribute_text(name) for name in part.attributes}
    if part.level:
        columns["level"] = _level(routing)
    by_label = {normalized(name): values.set(values == "", None) for name, values in columns.items()}
    used = frozenset(columns) - config.labels.keys()
    return Labels(_object(by_label, len(part.batch)), used | HINTS)


def _defaults(routing: LogBatch, config: LokiConfig) -> dict[str, pl.Series]:
    enabled = config.default_labels_enabled
    found: dict[str, pl.Series] = {}
    if enabled.exporter:
        found["exporter"] = _fixed("OTLP", routing)
    if enabled.job:
        space, name = (routing.resource_attribute_text(f"service.{part}") for part in ("namespace", "name"))
        whole = pl.select(pl.concat_str(pl.lit(space), pl.lit(name), separator="/")).to_series()
        found["job"] = whole.zip_with(whole.is_not_null(), name)
    if enabled.instance:
        found["instance"] = routing.resource_attribute_text("service.instance.id")
    return found


def _level(routing: LogBatch) -> pl.Series:
    own = routing.attribute_text("level")
    by_number = pl.Series(LEVELS).gather((routing.column("severity_number") - 1).cast(pl.UInt32))
    return own.zip_with(own.is_not_null(), by_number)


def _has_level(batch: LogBatch) -> pl.Series:
    number = batch.column("severity_number")
    return (number > 0) & (number <= len(LEVELS))


def _object(labels: dict[str, pl.Series], height: int) -> pl.Series:
    """Null is left out. Loki takes no stream without a label: what has none is `exporter="OTLP"`."""
    members = [
        pl.concat_str(pl.lit(f",{quoted_name(name)}:"), pl.lit(quoted(values))) for name, values in labels.items()
    ]
    joined = pl.select(pl.concat_str([pl.lit(pl.Series([""] * height)), *members], ignore_nulls=True)).to_series()
    inner = joined.str.strip_prefix(",").replace("", '"exporter":"OTLP"')
    return pl.select(pl.concat_str(pl.lit("{"), pl.lit(inner), pl.lit("}")).alias("stream")).to_series()


def _either(routing: LogBatch, hint: str) -> pl.Series:
    of_resource = routing.resource_attribute(hint)
    return of_resource.zip_with(of_resource.is_not_null(), routing.attribute(hint))


def _listed(hint: str) -> list[str]:
    return [name.strip() for name in hint.split(",") if name.strip()]


def _fixed(value: str, batch: LogBatch) -> pl.Series:
    return pl.repeat(value, len(batch), dtype=pl.String, eager=True)
