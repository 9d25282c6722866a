"""Options of `resource`: the OpenTelemetry Collector's names."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from collector.attribute_options import Action
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
