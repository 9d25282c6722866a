"""Options that all receivers have whose records operators may refine: the Collector's names and defaults."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from pydantic import field_validator, model_validator

from collector.component import Config, Context, Processor
from collector.units import Duration

Scalar = str | bool | int | float


class RetryOnFailure(Config):
    """Accepted, and does nothing: reading waits until there is room, and goes on where it was."""

    enabled: bool = False
    """Accepted, and does nothing."""
    initial_interval: Duration = 1.0
    """Accepted, and does nothing."""
    max_interval: Duration = 30.0
    """Accepted, and does nothing."""
    max_elapsed_time: Duration = 300.0
    """Accepted, and does nothing."""


class StepsConfig(Config):
    """What is set on records, and the steps of their receiver (`JournalsText`)."""

    attributes: dict[str, Scalar] = {}
    """Set on each record."""
    resource: dict[str, Scalar] = {}
    """Set on the resource."""
    operators: list[dict[str, Any]] = []
    """What is done to each record before any processor sees it (collector/stanza)."""
    id: str = ""
    """Accepted, and does nothing."""
    storage: str = ""
    """Accepted, and does nothing: how far it was read is kept in the journal, with what was read."""
    retry_on_failure: RetryOnFailure = RetryOnFailure()
    """Accepted, and does nothing: reading waits until there is room, and goes on where it was."""
    domain: str = ""
    """Whose records these are, where several domains are served; empty: the default."""

    @field_validator("retry_on_failure", "attributes", "resource", mode="before")
    @classmethod
    def _nothing(cls, given: Any) -> Any:
        return {} if given is None else given

    @field_validator("operators", mode="before")
    @classmethod
    def _empty(cls, given: Any) -> Any:
        return [] if given is None else given

    @field_validator("attributes", "resource")
    @classmethod
    def _writable(cls, given: dict[str, Scalar]) -> dict[str, Scalar]:
        for key, value in given.items():
            if wrong := _unwritable(key) or _unwritable(value):
                raise ValueError(f"{key[:64]!r}: {wrong}")
        return given

    @model_validator(mode="after")
    def _graph(self) -> Self:
        check_operators(self.operators)
        return self

    def refiner(self, context: Context) -> Processor | None:
        """The operators."""
        if not self.operators:
            return None
        from collector.stanza.refiner import Refiner

        return Refiner(context.id, self.operators)


def check_operators(configured: Sequence[dict[str, Any]]) -> None:
    """Raises `ValueError` where they are none."""
    if configured:
        from collector.stanza.graph import graph_of  # loads polars: only where there is something to check

        graph_of(configured)


def _unwritable(value: Scalar) -> str:
    """Why a record can't have it; empty: it can."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return "an integer has 64 bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number is finite"
    if isinstance(value, str) and not value.isascii() and value != value.encode(errors="replace").decode():
        return "text is UTF-8"
    return ""
