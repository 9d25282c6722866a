"""Options of `memory_limiter`: the OpenTelemetry Collector's names, and what they mean here."""

from __future__ import annotations

from pydantic import Field, model_validator

from collector.component import Config, MemoryLimits
from collector.units import Duration

REFUSAL = "data refused due to high memory usage"
"""What a sender is told (UNAVAILABLE / 503, so that it keeps its data)."""
_DEFAULT_SPIKE = 0.2


class MemoryLimiterConfig(Config):
    """When memory counts as short."""

    removed_options = {"ballast_size_mib": "it was for Go's garbage collector, and was removed"}

    check_interval: Duration = 0.0
    """Time between two measurements; required, 1s is a good value."""
    limit_mib: int = Field(0, ge=0)
    """Anonymous memory of all processes together that must not be reached, in MiB."""
    spike_limit_mib: int = Field(0, ge=0)
    """Room below the limit in which requests are already refused, in MiB; 0 means 20 % of the limit."""
    limit_percentage: int = Field(0, ge=0, le=100)
    """The limit in percent of the machine's (or control group's) memory; `limit_mib` wins."""
    spike_limit_percentage: int = Field(0, ge=0, le=100)
    """The room in percent of the machine's memory."""
    min_gc_interval_when_soft_limited: Duration = 10.0
    """Accepted; no effect: Python frees memory as it goes."""
    min_gc_interval_when_hard_limited: Duration = 0.0
    """Accepted; no effect."""
    max_gc_interval_when_soft_limited: Duration = 30.0
    """Accepted; no effect."""
    max_gc_interval_when_hard_limited: Duration = 30.0
    """Accepted; no effect."""

    @model_validator(mode="after")
    def _is_complete(self) -> MemoryLimiterConfig:
        if self.check_interval <= 0:
            raise ValueError("'check_interval' must be greater than zero")
        if self.limit_mib == 0 and self.limit_percentage == 0:
            raise ValueError("'limit_mib' or 'limit_percentage' must be greater than zero")
        if 0 < self.limit_mib <= self.spike_limit_mib:
            raise ValueError("'spike_limit_mib' must be smaller than 'limit_mib'")
        if self.limit_mib == 0 and self.limit_percentage <= self.spike_limit_percentage:
            raise ValueError("'spike_limit_percentage' must be smaller than 'limit_percentage'")
        return self

    def memory_limits(self, total_bytes: int) -> MemoryLimits:
        """The limits on a machine (or in a control group) with `total_bytes` of memory."""
        hard = self.limit_mib << 20 or total_bytes * self.limit_percentage // 100
        written = self.spike_limit_mib << 20 if self.limit_mib else total_bytes * self.spike_limit_percentage // 100
        soft = hard - (written or int(hard * _DEFAULT_SPIKE))
        return MemoryLimits(soft, hard, self.check_interval, REFUSAL)
