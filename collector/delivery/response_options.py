"""The options that exporters of responses share: they carry out what `alerting` decided and addressed to them, one thing a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from collector.delivery.config import DeliveryConfig, QueueConfig
from collector.units import Duration

Target = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s\x00-\x1f]+$")]
"""What something is done to, as `alerting` names it."""


class ResponseQueueConfig(QueueConfig):
    """`sending_queue`: responses to different targets don't wait for each other."""

    num_consumers: int = 8
    """Responses under way at once, each to another target."""
    max_age: Duration = 600.0
    """What waits longer is given up; five minutes after it was started nothing is done any more."""


class ResponseOptions(DeliveryConfig):
    """Base of such options."""

    timeout: Duration = 30.0
    """Time for one call; 0 = no limit."""
    sending_queue: ResponseQueueConfig = ResponseQueueConfig()
    """Queue, batching and quota."""

    @model_validator(mode="after")
    def _check_events(self) -> Self:
        if self.events is not None:
            raise ValueError("events: it takes responses that the connector alerting addresses to it, nothing else")
        return self

    def notes(self) -> Iterable[str]:
        """For people."""
        yield "carries out responses that a connector `alerting` starts, and nothing else"

    @property
    def takes_traffic(self) -> bool:
        """It takes responses."""
        return False

    @property
    def attempt_timeout(self) -> float:
        """An attempt is several calls, each of which has its `timeout`."""
        return 0.0
