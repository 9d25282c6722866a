"""Queries that counts by minute answer: of level, service, component, environment and error type alone, exactly."""

from __future__ import annotations

from collector.query.fields import Field
from collector.query.sql import Clause, clause
from collector.query.syntax import And, Equal, Everything, Like, Node, Not, Or, Test, Text

COLUMNS = {
    "triage_level": "level", "service_name": "service", "component": "component", "environment": "environment", "error_type": "error_type",
}  # fmt: skip
"""Column of `logs` → that of `log_minutes`. Not the endpoint: where there are many of a minute, the rest have none."""
_LONGEST = 200
"""Characters with which texts stand there."""


def named(field: Field) -> str:
    """What a field is called in `log_minutes`, where an empty text stands for none."""
    column = COLUMNS[field.column]
    return column if column == "level" else f"nullif({column}, '')"


def on_minutes(node: Node) -> Clause | None:
    """The condition there; None: it can't be answered exactly."""
    return clause(node, named) if _known(node) else None


def _known(node: Node) -> bool:
    match node:
        case Everything():
            return True
        case Text():
            return False
        case Not(term, _):
            return _known(term)
        case And(terms, _) | Or(terms, _):
            return all(map(_known, terms))
        case Test(field, any_of):
            return field.column in COLUMNS and not any(_beyond(one) for one in any_of)


def _beyond(condition: object) -> bool:
    """Whether it looks at what may have been cut off."""
    match condition:
        case Equal(text, _, _):
            return len(text) >= _LONGEST
        case Like(starts, ends, holds):
            return bool(ends or holds) or len(starts) >= _LONGEST
        case _:
            return False
