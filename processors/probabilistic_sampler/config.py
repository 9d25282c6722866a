"""Options of `probabilistic_sampler`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, field_validator

from collector.component import Config

LEAST_PERCENTAGE = 100.0 / (1 << 56)


class ProbabilisticSamplerConfig(Config):
    """How many records are kept, and by what it is decided."""

    sampling_percentage: float = 0.0
    """Percentage of records that are kept; 100 and more: all, 0: none."""
    mode: Literal["", "hash_seed", "equalizing", "proportional"] = ""
    """`hash_seed`: by a hash of the trace id or the attribute; `proportional`: of what arrives, that percentage, by the randomness of the trace id;
    `equalizing`: less of what was not sampled yet. Left out: `hash_seed`."""
    hash_seed: int = Field(0, ge=0, le=0xFFFF_FFFF)
    """Seed of the hash: equal at all that shall keep the same records."""
    fail_closed: bool = True
    """Drop records of which nothing says whether they belong to the sample (no trace id, no attribute), or whose sampling attributes are wrong."""
    sampling_precision: int = Field(4, le=14)
    """Hexadecimal digits of the attribute `sampling.threshold`: 1 to 14."""
    attribute_source: Literal["traceID", "record"] = "traceID"
    """`traceID`: the trace id, or the attribute where there is none; `record`: the attribute alone. Of mode `hash_seed`."""
    from_attribute: str = ""
    """The attribute that is hashed."""
    sampling_priority: str = ""
    """Attribute with a percentage that a record wants at least; 0 drops it."""

    @field_validator("sampling_percentage")
    @classmethod
    def _in_range(cls, given: float) -> float:
        if not math.isfinite(given):
            raise ValueError(f"sampling rate is invalid: {given}%")
        if given < 0:
            raise ValueError(f"sampling rate is negative: {given}%")
        if 0 < given < LEAST_PERCENTAGE:
            raise ValueError(f"sampling rate is too small: {given}%")
        return given

    @field_validator("sampling_precision")
    @classmethod
    def _some_digits(cls, given: int) -> int:
        if given < 1:
            raise ValueError(f"invalid sampling precision: {given}")
        return given
