"""The options of `parrot`, `shout` and `flock`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from collector.component import Config, StepLimits
from collector.delivery.config import DeliveryConfig


class ParrotConfig(DeliveryConfig):
    """Where to repeat, and delivery."""

    directory: Path
    """Where the files go; made when it is not there."""

    def notes(self) -> Iterator[str]:
        """What `logboom validate` says beyond the queue."""
        yield f"a file a request in {self.directory}"


class FlockConfig(Config):
    """Who hears what."""

    loud: list[str] = []
    """The pipelines that get what is shouted; the others that it feeds get the rest."""

    def leads_to(self) -> list[str]:
        """The power `LeadsTo`: each of them must be fed by it."""
        return self.loud


class ShoutConfig(Config):
    """How loud."""

    mark: str = "!"
    """What ends each body."""
    at_most: int = Field(0, ge=0)
    """Records of one step; 0 = no limit."""

    def step_limits(self) -> StepLimits:
        """The power `StepLimiting`: a step of the pipeline takes what one breath is long enough for."""
        return StepLimits(target_records=self.at_most, max_records=self.at_most, gather_secs=0.1)
