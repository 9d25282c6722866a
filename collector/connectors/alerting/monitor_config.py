"""Options of a monitor."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from collector.component import Config
from collector.query import Query
from collector.query.fields import FIELDS, Kind, field_of
from collector.query.fields import Field as QueryField
from collector.query.problems import nearest
from collector.units import LongDuration

_A_DAY = 86_400.0
FIXED = ("domain", "level", "rule", "overflow")
"""Labels that a monitor gives itself: what a sender writes must not stand for them, for they decide who is told."""


def _query(text: str) -> str:
    Query(text)
    return text


def _field(name: str) -> str:
    found = field_of(name)
    if found is None:
        near = nearest(name, FIELDS)
        raise ValueError(
            f"there is no field {name!r}{f'; did you mean {near}?' if near else ''}; an attribute is @{name}"
        )
    if found.kind is Kind.BODY:
        raise ValueError("records are not grouped by their text: group by pattern")
    return name


FieldName = Annotated[str, AfterValidator(_field)]


class MonitorConfig(Config):
    """A condition on the stream: how many records a query takes in a time, or that it takes none."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    """What it is called; its alerts have the label `rule="monitor/<name>"`."""
    query: Annotated[str, AfterValidator(_query)]
    """Which records: in the query language, such as `level:>=warning service:shop`."""
    window: LongDuration = Field(300.0, ge=12, le=30 * _A_DAY)
    """How long is counted; it moves on by twelfths."""
    for_: LongDuration = Field(0.0, alias="for", ge=0, le=30 * _A_DAY)
    """For how long without a break the condition must hold before somebody is told."""
    above: int | None = Field(None, ge=0)
    """An alert while there are more records than this in the window."""
    below: int | None = Field(None, ge=1)
    """An alert while there are fewer records than this in a window."""
    absent_for: LongDuration | None = Field(None, ge=5, le=90 * _A_DAY)
    """An alert while none came for so long."""
    group_by: list[FieldName] = Field([], max_length=5)
    """Fields whose values are counted each by itself: `service`, `@http.route`."""
    level: Literal["critical", "warning", "info", "debug"] = "warning"
    """Of its alerts: decides, like their other labels, who is told."""
    max_groups: int = Field(1000, ge=1, le=10_000)
    """So many sets of values of a domain are counted by themselves; all further ones as one, with the label `overflow`."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = [name for name in ("above", "below", "absent_for") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(
                f"one of above, below and absent_for is needed{', not ' + ' and '.join(said) if said else ''}"
            )
        if self.absent_for is not None and self.for_:
            raise ValueError("for: absent_for says how long already")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("group_by: the same field twice")
        if own := sorted(set(FIXED).intersection(self.labels)):
            raise ValueError(f"group_by: {', '.join(own)} is a label that a monitor gives itself")
        return self

    @property
    def fields(self) -> list[QueryField]:
        """Those of `group_by`."""
        return [found for name in self.group_by if (found := field_of(name)) is not None]

    @property
    def labels(self) -> list[str]:
        """The labels that they become."""
        return [field.label for field in self.fields]
