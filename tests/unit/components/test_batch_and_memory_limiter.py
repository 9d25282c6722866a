"""`batch` and `memory_limiter`: what their options mean here."""

from __future__ import annotations

from typing import Any

import pytest

from collector.component import Factory, StepLimits
from processors.batch import FACTORY as BATCH
from processors.batch.config import BatchConfig
from processors.memory_limiter import FACTORY as MEMORY_LIMITER
from processors.memory_limiter.config import MemoryLimiterConfig

GIB = 1 << 30


def test_batch_defaults_are_the_opentelemetry_collectors() -> None:
    """200 ms, 8192 records, no most."""
    assert BatchConfig().step_limits() == StepLimits(8192, 0, 0.2)


def test_batch_options_become_the_limits_of_a_step() -> None:
    """Records and seconds; a step is never smaller than what waits: `send_batch_max_size` is of requests."""
    config = BatchConfig.model_validate({"timeout": "1s", "send_batch_size": 100, "send_batch_max_size": 500})
    assert config.step_limits() == StepLimits(100, 0, 1.0)


LIMITS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "mib": ({"limit_mib": 1000, "spike_limit_mib": 200}, (800 << 20, 1000 << 20)),
    "a fifth is the default spike": ({"limit_mib": 1000}, (800 << 20, 1000 << 20)),
    "percentage": ({"limit_percentage": 50, "spike_limit_percentage": 25}, (GIB, 2 * GIB)),
    "mib wins": ({"limit_mib": 100, "spike_limit_mib": 50, "limit_percentage": 50}, (50 << 20, 100 << 20)),
}


@pytest.mark.parametrize(("options", "expected"), LIMITS.values(), ids=LIMITS)
def test_memory_limits_in_bytes(options: dict[str, Any], expected: tuple[int, int]) -> None:
    """Soft and hard, of 4 GiB."""
    limits = MemoryLimiterConfig.model_validate({"check_interval": "1s", **options}).memory_limits(4 * GIB)
    assert (limits.soft_bytes, limits.hard_bytes) == expected
    assert limits.check_interval_secs == 1.0


@pytest.mark.parametrize("factory", [BATCH, MEMORY_LIMITER], ids=lambda factory: factory.name)
def test_no_record_passes_them(factory: Factory[Any]) -> None:
    """They are their options: a pipeline of nothing else still forwards payloads untouched."""
    assert not factory.has_behaviour
