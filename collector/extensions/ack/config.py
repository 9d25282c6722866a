"""Options of `ack`: the OpenTelemetry Collector's names, checked and otherwise without effect."""

from __future__ import annotations

from pydantic import Field

from collector.component import Config, Use


class AckConfig(Config):
    """How many numbers the OpenTelemetry Collector would remember."""

    storage: str | None = None
    """No effect: nothing has to be remembered."""
    max_number_of_partition: int = Field(1_000_000, ge=0)
    """No effect: a channel costs nothing."""
    max_number_of_pending_acks_per_partition: int = Field(1_000_000, ge=0)
    """No effect: a number costs nothing."""

    def provides(self) -> frozenset[Use]:
        """A receiver may name it under `ack`."""
        return frozenset({Use.ACKNOWLEDGEMENT})
