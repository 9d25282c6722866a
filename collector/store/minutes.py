"""The tables of counts by minute, and how the past of the first one is counted.

`log_minutes`: of level, service, component, endpoint, environment and error type. `pattern_minutes`: of level and pattern. `issue_minutes`: of
level and issue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.store.rollup import Rollup

if TYPE_CHECKING:
    import polars as pl

LOG_MINUTES = Rollup(
    "log_minutes",
    {
        "service": "service_name",
        "component": "component",
        "endpoint": "endpoint",
        "environment": "environment",
        "error_type": "error_type",
    },
    bounded="endpoint",
)
PATTERN_MINUTES = Rollup("pattern_minutes", {"pattern_id": "pattern_id"}, bounded="pattern_id", needed="pattern_id")

ISSUE_MINUTES = Rollup("issue_minutes", {"issue_id": "issue_id"}, bounded="issue_id", needed="issue_id")

ROLLUPS = (LOG_MINUTES, PATTERN_MINUTES, ISSUE_MINUTES)

_THROUGH = "(SELECT through FROM log_minutes_uncounted)"
_BEGIN = f"ifnull((SELECT rowid FROM logs WHERE rowid <= {_THROUGH} ORDER BY rowid DESC LIMIT 1 OFFSET ?1), 0)"  # noqa: S608
ADD_PIECE = LOG_MINUTES.adding(LOG_MINUTES.rows(f"rowid > {_BEGIN} AND rowid <= {_THROUGH}"))
"""Parameter: how many rows, the newest of those that are not counted."""
MARK_PIECE = f"UPDATE log_minutes_uncounted SET through = {_BEGIN} WHERE through > 0 RETURNING through"  # noqa: S608
"""Goes behind `ADD_PIECE` in its transaction, with the same parameter. No row, or 0: there is no past to count."""


def concerned(rows: pl.DataFrame) -> Sequence[Rollup]:
    """The tables that count any of these rows of `logs`."""
    return [rollup for rollup in ROLLUPS if rollup.concerns(rows)]
