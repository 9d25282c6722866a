"""Moves attributes of records to their resources, and joins resources that are equal."""

from collector.component import Factory, Kind
from processors.groupbyattrs.config import GroupByAttrsConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="groupbyattrs",
    config=GroupByAttrsConfig,
    behaviour="processors.groupbyattrs.processor:GroupByAttrs",
    summary="moves attributes of records to their resources, and joins equal resources",
    stability="beta",
    differs=("resources are joined within a step of the pipeline",),
)
