"""Options of `aggregate`."""

from __future__ import annotations

from typing import Literal

from collector.component import Config


class AggregateConfig(Config):
    """What is kept as counts whatever its pattern."""

    store: dict[Literal["info", "debug"], Literal["rows", "aggregate"]] = {}
    """`aggregate` turns the records of a level into counts per minute, component, endpoint and pattern."""

    def keeps_state(self) -> bool:
        """Always: what people decided about patterns."""
        return True
