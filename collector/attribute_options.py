"""Options that processors on attributes share, with the OpenTelemetry Collector's names: actions, and what `include` and `exclude` ask.

They stand apart from what is done with them (`collector.ottl.actions`, `collector.ottl.matching`), so that who reads a
configuration loads no columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Literal

from pydantic import Field, field_validator

from collector.client_info import NOTHING, Wanted
from collector.component import Config


class AttributeMatch(Config):
    """An attribute that must be there, maybe with a value."""

    key: str = Field(min_length=1)
    """The attribute."""
    value: str | bool | int | float | None = None
    """Its value, or an expression with `match_type: regexp`; left out: any."""


class SeverityMatch(Config):
    """How severe a record must be."""

    min: str | int = "UNDEFINED"
    """The least severity: `INFO`, `WARN2`, or its number."""
    match_undefined: bool = False
    """Whether records that name no severity match."""

    @field_validator("min")
    @classmethod
    def _known(cls, given: str | int) -> str | int:
        _number(given)
        return given

    @property
    def number(self) -> int:
        """The least severity as a number."""
        return _number(self.min)


_SEVERITIES = {"UNDEFINED": 0} | {
    f"{name}{step or ''}": 1 + 4 * at + max(0, step - 1)
    for at, name in enumerate(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"))
    for step in (0, 2, 3, 4)
}


def _number(name: str | int) -> int:
    if isinstance(name, int):
        return name
    if name.upper() not in _SEVERITIES:
        raise ValueError(f"no severity {name}: TRACE, DEBUG, INFO, WARN, ERROR, FATAL, also with 2, 3, 4 behind")
    return _SEVERITIES[name.upper()]


MatchType = Literal["strict", "regexp"]


class Action(Config):
    """One action; they run in order."""

    key: str = ""
    """The attribute that is changed; `delete` and `hash` do with `pattern` alone."""
    action: Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"]
    """`insert`: where it is not there; `update`: where it is; `upsert`: everywhere; `delete`; `hash`: SHA-256 in its place; `extract`: the
    named groups of `pattern` become attributes; `convert`: another type."""
    value: str | bool | int | float | list[Any] | dict[str, Any] | None = None
    """What is set."""
    from_attribute: str = ""
    """Or: the attribute whose value is set; nothing happens where it is not there."""
    from_context: str = ""
    """Or: what came with the record's request: `metadata.<header>` (of receivers with `include_metadata`), `auth.<attribute>` of who sent,
    `client.address`; several values are joined by `;`, and nothing happens where it did not come."""
    default_value: str | bool | int | float | None = None
    """What is set where `from_attribute` (or `from_context`) is not there."""
    pattern: str = ""
    """`extract`: the expression with named groups; `delete`, `hash`: all attributes whose names match, too."""
    converted_type: Literal["int", "double", "string", ""] = ""
    """`convert`: the type."""


def asked_of_clients(actions: Iterable[Action]) -> Wanted:
    """What the actions read of requests."""
    return reduce(or_, (Wanted.named(action.from_context) for action in actions if action.from_context), NOTHING)
