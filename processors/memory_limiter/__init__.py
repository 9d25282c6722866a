"""Refuses new records while memory is short, with the OpenTelemetry Collector's options."""

from collector.component import Factory, Kind
from processors.memory_limiter.config import MemoryLimiterConfig

FACTORY = Factory(
    kind=Kind.PROCESSOR,
    name="memory_limiter",
    config=MemoryLimiterConfig,
    behaviour="",
    summary="refuses new records while memory is short",
    stability="beta",
    differs=("it measures the memory of all processes, not of a heap",),
)
