"""Options of `anomalies`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from collector.component import Config

Attribute = Annotated[str, Field(min_length=1, max_length=200)]


class AnomaliesConfig(Config):
    """What is watched beside the counts of patterns."""

    max_series: int = Field(20_000, ge=100, le=1_000_000)
    """Series (pattern, service, environment, level) that are known of a domain; of more, those that are silent longest are forgotten."""
    durations: dict[Attribute, Annotated[float, Field(gt=0)]] = {
        "http.server.request.duration": 1000.0,
        "http.client.request.duration": 1000.0,
        "db.client.operation.duration": 1000.0,
        "duration_ms": 1.0,
        "durationMs": 1.0,
        "elapsed_ms": 1.0,
        "latency_ms": 1.0,
        "responseTime": 1.0,
    }
    """Attributes that say how long something took → milliseconds that 1 of it is. Lines that say it (`in 812 ms`) are read, too."""
    fields: list[Attribute] = [
        "error.type",
        "exception.type",
        "error.code",
        "http.response.status_code",
        "state",
        "status",
    ]
    """Attributes with few values; a value that never was is told."""
    numbers: dict[Attribute, float] = {
        "system.filesystem.utilization": 1.0,
        "system.memory.utilization": 1.0,
        "disk.used_percent": 100.0,
    }
    """Attributes with a limit → the limit; that it will be reached is foretold. Lines that say it (`disk usage 93%`) are read, too."""

    def keeps_state(self) -> bool:
        """See `KeepsState`."""
        return True
