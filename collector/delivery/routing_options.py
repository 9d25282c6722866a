"""The option of exporters that read attributes to choose a place: an index, a host, a source, a priority."""

from __future__ import annotations

from typing import Literal

from collector.component import Config

RoutingAttributes = Literal["all", "resource", "none"]


class RoutingOptions(Config):
    """Base of exporters whose records can say where they belong."""

    routing_attributes: RoutingAttributes = "all"
    """Which attributes may say where a record belongs: `all`: its own, its scope's and its resource's; `resource`: those of
    scope and resource; `none`: the options alone. What `parse_bodies` took out of a body never may."""
