"""Options of `routing`: the OpenTelemetry Collector's table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from collector.client_info import NOTHING, Wanted
from collector.component import Config


def _pipeline(name: str) -> str:
    """An id as pipelines have it: without spaces about its parts."""
    return "/".join(part.strip() for part in name.split("/", 1))


Name = Annotated[str, Field(min_length=1)]
Pipeline = Annotated[str, Field(min_length=1), AfterValidator(_pipeline)]


class Route(Config):
    """One line of the table: what it takes, and where to."""

    context: Literal["resource", "log", "request", "otelcol", ""] = ""
    """What a path without a context of its own is about: `log`, or `resource` (the default); `otelcol`: what came with the request;
    `request`: the condition compares one header, `request["x"] == "y"` (or `!=`)."""
    condition: str = ""
    """An OTTL condition; the context stands in its paths, or in `context`."""
    statement: str = ""
    """`route()`, with `where` and a condition; `delete_key` and `delete_matching_keys` take something out of what is routed."""
    domains: list[Name] = []
    """Only records of these domains; `*` stands for any characters. Beside a condition both must hold."""
    action: Literal["move", "copy"] = "move"
    """`move`: no later line sees the records; `copy`: they stay for those."""
    pipelines: list[Pipeline] = []
    """Where the records go."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.context in ("request", "otelcol") and not self.condition:
            raise ValueError(f"\"{self.context}\" context requires a 'condition'")
        if not (self.condition or self.statement or self.domains):
            raise ValueError("invalid route: no condition or statement provided, and no domains")
        if self.condition and self.statement:
            raise ValueError("invalid route: both condition and statement provided")
        if not self.pipelines:
            raise ValueError("invalid route: no pipelines defined")
        if self.condition or self.statement:
            from collector.connectors.routing.route import (
                compile_route,  # loads polars: only where there is one to check
            )

            compile_route(self)
        return self


class RoutingConfig(Config):
    """The table, from above to below, and what becomes of the rest."""

    table: list[Route] = []
    """The lines, in order."""
    default_pipelines: list[Pipeline] = []
    """Where records go that no line moved; without, they are dropped and counted (`dropped:no_route`)."""
    match_once: bool = True
    """Of older Collectors. `false`: every line copies, and only what no line took goes to `default_pipelines`."""
    error_mode: Literal["ignore", "silent", "propagate"] = "ignore"
    """What an error while a condition is evaluated means: `ignore` and `silent` a no; `propagate`: the record is dropped, and
    counted (`dropped:condition_error`)."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.table:
            raise ValueError("invalid routing table: the routing table is empty")
        return self

    def asks_of_clients(self) -> Wanted:
        """What conditions name of requests."""
        from collector.connectors.routing.route import compile_route

        return reduce(or_, (compile_route(route).asks_of_clients for route in self.table), NOTHING)

    def leads_to(self) -> Sequence[str]:
        """All pipelines that a line or the rest names."""
        return [*(name for route in self.table for name in route.pipelines), *self.default_pipelines]
