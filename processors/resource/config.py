"""Options of `resource`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from collector.attribute_options import Action, asked_of_clients
from collector.client_info import Wanted
from collector.component import Config


class ResourceConfig(Config):
    """What is done with the attributes of each resource."""

    attributes: list[Action] = Field(min_length=1)
    """The actions, in order."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        from collector.ottl.actions import check  # loads polars: only where there is something to check

        check(self.attributes)
        return self

    def asks_of_clients(self) -> Wanted:
        """What `from_context` names."""
        return asked_of_clients(self.attributes)
