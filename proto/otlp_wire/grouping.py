"""Records in the order of the wire: those of one resource together, and in it those of one scope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Where groups begin, with the end as last item, and which row of its table each group is (-1 = none).

    `scope_starts` counts records, `resource_starts` counts scope groups.
    """

    scope_starts: Positions
    scopes: Positions
    resource_starts: Positions
    resources: Positions


def grouped(batch: LogBatch) -> tuple[LogBatch, Groups]:
    """The batch with the records of each (resource, scope) together, and its groups; untouched if it is in order."""
    resource, scope = _positions(batch, "resource"), _positions(batch, "scope")
    if not _in_order(resource, scope):
        order = np.lexsort((scope, resource))  # stable: records keep their order within a group
        batch, resource, scope = batch.gather(pl.Series(order)), resource[order], scope[order]
    firsts = _firsts((np.diff(resource) != 0) | (np.diff(scope) != 0))
    group_resource = resource[firsts]
    resource_firsts = _firsts(np.diff(group_resource) != 0)
    return batch, Groups(
        scope_starts=np.append(firsts, len(batch)),
        scopes=scope[firsts],
        resource_starts=np.append(resource_firsts, len(firsts)),
        resources=group_resource[resource_firsts],
    )


def _positions(batch: LogBatch, level: str) -> Positions:
    column = batch.column(level)
    if not column.null_count():  # `fill_null` is a query of polars
        return column.to_numpy().astype(np.int64)
    return column.cast(pl.Int64).fill_null(-1).to_numpy()


def _in_order(resource: Positions, scope: Positions) -> bool:
    by_resource, by_scope = np.diff(resource), np.diff(scope)
    return bool(((by_resource > 0) | ((by_resource == 0) & (by_scope >= 0))).all())


def _firsts(changes: npt.NDArray[np.bool_]) -> Positions:
    return np.concatenate([[0], np.flatnonzero(changes) + 1])
