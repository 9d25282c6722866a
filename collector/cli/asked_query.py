"""A query that somebody typed: what is wrong with it is shown at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.cli.endings import misused
from collector.visible import visible

if TYPE_CHECKING:
    from collector.query import Query


def asked(text: str) -> Query:
    """The query; ends the command where it is none."""
    from collector.query import Query, QueryError

    try:
        return Query(text)
    except QueryError as problem:
        before, line = visible(text[: problem.offset]), visible(text)
        near = f"; did you mean {problem.did_you_mean}?" if problem.did_you_mean else ""
        misused(f"{problem.reason}{near}\n  {line}\n  {' ' * len(before)}^")
