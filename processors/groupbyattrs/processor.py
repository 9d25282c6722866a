"""The behaviour of `groupbyattrs`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns.dictionary import Coded, distinct_rows, encode
from collector.component import Context, Work
from collector.ottl.plain.places import ATTRIBUTES, Level, Place
from collector.ottl.statements.frame import Frame
from collector.shaping.identities import identities
from processors.groupbyattrs.config import GroupByAttrsConfig

Rows = npt.NDArray[np.intp]


class GroupByAttrs:
    """A record that has none of the keys keeps its resource; records stay in their order."""

    def __init__(self, config: GroupByAttrsConfig, context: Context) -> None:  # noqa: ARG002 - it knows no place
        self._keys = config.keys

    def process(self, batch: LogBatch, work: Work) -> LogBatch:  # noqa: ARG002 - it keeps nothing
        """The batch with the resources that its records' attributes make."""
        if not len(batch):
            return batch
        return _joined(self._moved(batch) if self._keys else batch)

    def _moved(self, batch: LogBatch) -> LogBatch:
        """A resource for each one with each set of values; those that are equal are not joined yet."""
        keys = [key for key in self._keys if (Frame(batch).refs(_own(key)) >= 0).any()]
        if not keys:
            return batch
        columns = [_coded(Frame(batch), key) for key in keys]
        codes, first = distinct_rows([encode(batch.column("resource")), *columns])
        frame = Frame(_with_resources(batch, codes, first))
        for key in keys:
            refs = frame.refs(_own(key))
            groups = np.flatnonzero(refs[first] >= 0)
            frame.write(Place(Level.RESOURCE, ATTRIBUTES, key), groups, refs[first][groups])
            there = np.flatnonzero(refs >= 0)
            frame.write(_own(key), there, np.full(len(there), -1, dtype=np.int64))
        return frame.done()


def _own(key: str) -> Place:
    return Place(Level.RECORD, ATTRIBUTES, key)


def _coded(frame: Frame, key: str) -> Coded:
    """Which value each record has; -1 where it has none."""
    cells = frame.read(_own(key))
    codes = np.where(frame.refs(_own(key)) < 0, np.int32(-1), cells.codes).astype(np.int32)
    return Coded(codes, pl.Series(range(len(cells.values)), dtype=pl.Int64).to_arrow())


def _joined(batch: LogBatch) -> LogBatch:
    """One row for resources that are equal, and one for the equal scopes of each."""
    resources = identities(batch.resources, batch.resource_attributes)
    came = [] if batch.client is None else [encode(batch.client)]  # what came with one request is not said of another's
    batch = _with_resources(batch, *distinct_rows([encode(resources.gather(batch.column("resource"))), *came]))
    scopes = identities(batch.scopes, batch.scope_attributes).gather(batch.column("scope"))
    codes, first = distinct_rows([encode(batch.column("resource")), encode(scopes)])
    rows = batch.column("scope").to_numpy()[first].astype(np.intp)
    return replace(
        batch,
        scopes=batch.scopes[rows],
        scope_attributes=_copied(batch.scope_attributes, rows),
        records=batch.records.with_columns(pl.Series("scope", codes.astype(np.uint32))),
    )


def _with_resources(batch: LogBatch, codes: npt.NDArray[np.int32], first: Rows) -> LogBatch:
    """Resources anew: record i has number `codes[i]`, which is a copy of that of record `first[codes[i]]`."""
    rows = batch.column("resource").to_numpy()[first].astype(np.intp)
    return replace(
        batch,
        resources=batch.resources[rows],
        resource_attributes=_copied(batch.resource_attributes, rows),
        records=batch.records.with_columns(pl.Series("resource", codes.astype(np.uint32))),
    )


def _copied(table: pl.DataFrame, owners: Rows) -> pl.DataFrame:
    """The attributes of each of `owners`, which may come again, as those of its position."""
    wanted = pl.DataFrame({"owner": owners.astype(np.uint32), "new": np.arange(len(owners), dtype=np.uint32)})
    found = wanted.join(table, on="owner", how="inner", maintain_order="left_right")
    return found.drop("owner").rename({"new": "owner"}).select(table.columns)
