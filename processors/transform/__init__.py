"""Runs OTTL statements on records, scopes and resources, with the OpenTelemetry Collector's options."""

from collector.component import Factory, Kind
from processors.transform.config import TransformConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="transform",
    config=TransformConfig,
    behaviour="processors.transform.processor:Transform",
    summary="runs OTTL statements on records, scopes and resources",
    stability="beta",
    differs=(
        "error_mode: propagate drops the payload with the error, counted, not all that was gathered with it",
        "converters that take lambdas are refused",
    ),
)
