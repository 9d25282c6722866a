"""Drops records by conditions, with the OpenTelemetry Collector's options, old and new."""

from collector.component import Factory, Kind
from processors.filter.config import FilterConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="filter",
    config=FilterConfig,
    behaviour="processors.filter.processor:Filter",
    summary="drops records by OTTL conditions, or by include and exclude",
    stability="beta",
    differs=(
        "error_mode: propagate drops the payload with the error, counted, not all that was gathered with it",
        "converters that take lambdas are refused",
    ),
)
