"""The behaviour of `resource_detection`: constants on the small table of resources, never on records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.component import Context, Work
from processors.resource_detection.config import ResourceDetectionConfig
from processors.resource_detection.detection import Detection
from processors.resource_detection.surroundings import Surroundings


class ResourceDetection:
    """Detects with the first records, and sets what was found on the resources of all."""

    def __init__(self, config: ResourceDetectionConfig, context: Context, around: Surroundings | None = None) -> None:  # noqa: ARG002
        self._override = config.override
        self._detection = Detection(config, around or Surroundings(timeout=config.timeout))

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002  it keeps nothing
        """The batch with attributes of its resources."""
        if not len(batch):
            return batch
        found = self._detection.attributes()
        if not found:
            return batch
        if not self._override:
            return _filled(batch, found)
        height = batch.resources.height
        return batch.with_resource_attributes({key: _column(value, height) for key, value in found.items()})


def _column(value: str | int | bool, height: int) -> pl.Series:
    return pl.Series([value]).new_from_index(0, height)


def _filled(batch: LogBatch, found: Mapping[str, str | int | bool]) -> LogBatch:
    """Attributes only where a resource has none of that key."""
    table, height = batch.resource_attributes, batch.resources.height
    owners = pl.Series(range(height), dtype=table.schema["owner"])
    parts = [table]
    for key, value in found.items():
        has = owners.is_in(table.filter(pl.col("key") == key).get_column("owner").implode())
        parts.append(tables.rows_of_column(key, _column(value, height).set(has, None)))
    return replace(batch, resource_attributes=tables.stack(parts).sort("owner", maintain_order=True))
