"""The fields that a query may name, and where they stand. Columns are those of the table `logs`; nothing else can be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.store.columns import DERIVED


class Kind(StrEnum):
    """What its values are: what can be asked of it."""

    TEXT = "text"
    HEX = "hex digits"
    BODY = "body"
    LEVEL = "level"
    SEVERITY = "severity"
    ATTRIBUTE = "attribute"
    RESOURCE = "resource attribute"


@dataclass(frozen=True, slots=True)
class Field:
    """One of them.

    Args:
        name: as it is written, without the colon.
        column: of `logs`; for attributes the one that holds them all as JSON.
        key: of an attribute; data, not SQL.
    """

    name: str
    kind: Kind
    column: str
    key: str = ""

    @property
    def label(self) -> str:
        """Its name in letters, digits and `_`."""
        return "".join(each if each.isascii() and each.isalnum() else "_" for each in self.name.removeprefix("@"))


_TEXTS = {
    "service": "service_name", "component": "component", "endpoint": "endpoint", "environment": "environment",
    "env": "environment", "source": "source_type", "error": "error_type", "event": "event_name", "pattern": "pattern_id",
    "issue": "issue_id", "rule": "triage_rule", "action": "triage_action", "severity_text": "severity_text",
    "scope": "scope_name", "id": "record_id", "domain": "domain",
}  # fmt: skip
FIELDS: Mapping[str, Field] = {
    "level": Field("level", Kind.LEVEL, "triage_level"),
    "severity": Field("severity", Kind.SEVERITY, "severity_number"),
    "body": Field("body", Kind.BODY, "body"),
    "trace": Field("trace", Kind.HEX, "trace_id"),
    "span": Field("span", Kind.HEX, "span_id"),
    **{name: Field(name, Kind.TEXT, column) for name, column in _TEXTS.items()},
}
"""By name; `@key` and `resource.key` beside them."""

NOT_STORED = "logboom.pattern.template"
"""An attribute that rows do not have: it stands once, in the table of patterns."""
_RESOURCE = "resource."
_OF_COLUMN = {column: field for field in FIELDS.values() for column in [field.column]}
_IN_COLUMNS: Mapping[str, Field] = {
    **{key: _OF_COLUMN[column] for column, key in DERIVED.items()},
    "deployment.environment.name": FIELDS["environment"],
    "logboom.domain": FIELDS["domain"],
    "logboom.record.id": FIELDS["id"],
}
"""Attributes that stand in a column of their own, and there alone."""


def field_of(name: str) -> Field | None:
    """The field of that name; None: there is none."""
    if name.startswith("@"):
        key = name[1:].strip('"')
        return _IN_COLUMNS.get(key) or (Field(name, Kind.ATTRIBUTE, "attributes", key) if key else None)
    if name.startswith(_RESOURCE) and len(name) > len(_RESOURCE):
        return Field(name, Kind.RESOURCE, "resource", name.removeprefix(_RESOURCE))
    return FIELDS.get(name)
