"""The options that exporters share which take what `alerting` addresses to them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import model_validator

from collector.delivery.config import DeliveryConfig


class AddressedOptions(DeliveryConfig):
    """Base of such options."""

    taken: ClassVar[str]
    """What is addressed to them."""
    done: ClassVar[str]
    """What they do with it, for people."""

    @model_validator(mode="after")
    def _check_events(self) -> Self:
        if self.events is not None:
            raise ValueError(f"events: it takes {self.taken} that the connector alerting addresses to it, nothing else")
        return self

    def notes(self) -> Iterable[str]:
        """For people."""
        yield f"{self.done}, and nothing else"

    @property
    def takes_traffic(self) -> bool:
        """It takes what is addressed to it."""
        return False

    @property
    def attempt_timeout(self) -> float:
        """An attempt may be several calls, each of which has its `timeout`."""
        return 0.0
