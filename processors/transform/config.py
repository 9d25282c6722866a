"""Options of `transform`: the OpenTelemetry Collector's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from collector.client_info import NOTHING, Wanted
from collector.component import Config

ErrorMode = Literal["ignore", "silent", "propagate"]
UNSET_ERROR_MODE = (
    "is not set: a statement that fails leaves its record as it was (ignore), as in the Collector since 0.153; before that the default was propagate, "
    "which drops the payload: say which one is meant"
)
_STRING_OF_BODY = re.compile(r'\bbody\["string"\]')


class Statements(Config):
    """Statements that run together."""

    context: Literal["", "log", "scope", "resource"] = ""
    """What a path without a context of its own is about; left out, it is the lowest that the paths name: `log.body`, `resource.attributes`."""
    conditions: list[str] = []
    """The statements run where one of these holds; none: everywhere."""
    error_mode: ErrorMode | None = None
    """Instead of the processor's."""
    statements: list[str] = Field(min_length=1)
    """The statements, in order."""


class TransformConfig(Config):
    """The groups of statements."""

    error_mode: ErrorMode = "ignore"
    """What an error while a statement runs means: `ignore`: told once a minute, the record stays as it was and the next statement runs;
    `silent`: the same, not told; `propagate`: the payload that the record came with is dropped, and counted (`dropped:statement_error`)."""
    log_statements: list[str | Statements] = []
    """Statements whose paths name their context (`set(log.body, …)`), or groups of them."""
    flatten_data: bool = False
    """Each record has a resource and a scope of its own while statements run; equal ones are one again afterwards."""
    trace_statements: list[Any] = []
    """Accepted; no effect: about spans."""
    metric_statements: list[Any] = []
    """Accepted; no effect: about metrics."""
    profile_statements: list[Any] = []
    """Accepted; no effect: about profiles."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.log_statements:
            from processors.transform.groups import groups_of  # loads polars: only where there is something to check

            groups_of(self)
        return self

    def asks_of_clients(self) -> Wanted:
        """What `otelcol.…` names."""
        if not self.log_statements:
            return NOTHING
        from processors.transform.groups import groups_of

        return reduce(or_, (group.asks_of_clients for group in groups_of(self)), NOTHING)

    def cautions(self) -> Mapping[str, str]:
        """What is written often and means something else."""
        found = {}
        if self.log_statements and "error_mode" not in self.model_fields_set and not self._all_say():
            found["error_mode"] = UNSET_ERROR_MODE
        found |= self._row_by_row()
        for position, one in enumerate(self.log_statements):
            for text in [one] if isinstance(one, str) else one.statements:
                if _STRING_OF_BODY.search(text):
                    found[f"log_statements.{position}"] = (
                        'body["string"] is the key "string" of a body that is a map: for the body as text write body.string, or body'
                    )
        return found

    def _all_say(self) -> bool:
        return all(isinstance(one, Statements) and one.error_mode is not None for one in self.log_statements)

    def _row_by_row(self) -> dict[str, str]:
        """Groups that can't run as columns."""
        if not self.log_statements:
            return {}
        from processors.transform.groups import groups_of

        told = [(position, group.read_again()) for position, group in enumerate(groups_of(self))]
        return {
            f"log_statements.{position}": "runs record by record (row_fallback), some 20 µs each, for it reads what it writes to a resource or scope: "
            f"{'; '.join(f'`{text}`' for text in texts)}; in the context resource such statements cost nothing"
            for position, texts in told
            if texts
        }
