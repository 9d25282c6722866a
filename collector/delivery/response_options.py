"""The options that exporters of responses share: they carry out what `alerting` decided and addressed to them, one thing a request."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from collector.delivery.addressed_options import AddressedOptions
from collector.delivery.config import QueueConfig
from collector.units import Duration

Target = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s\x00-\x1f]+$")]
"""What something is done to, as `alerting` names it."""


class ResponseQueueConfig(QueueConfig):
    """`sending_queue`: responses to different targets don't wait for each other."""

    num_consumers: int = 8
    """Responses under way at once, each to another target."""
    max_age: Duration = 600.0
    """What waits longer is given up; five minutes after it was started nothing is done any more."""


class ResponseOptions(AddressedOptions):
    """Base of such options."""

    taken: ClassVar[str] = "responses"
    done: ClassVar[str] = "carries out responses that a connector `alerting` starts"

    timeout: Duration = 30.0
    """Time for one call; 0 = no limit."""
    sending_queue: ResponseQueueConfig = ResponseQueueConfig()
    """Queue, batching and quota."""
