"""Records as documents of the Elastic Common Schema (ECS), as Elastic Security reads them.

ecs_json(batch)   one JSON object a record
"""

from __future__ import annotations

import polars as pl

from collector.batch import LogBatch
from collector.documents.ecs.security import LAYOUT, security_layers
from collector.documents.facts import said
from collector.documents.nested import documents

__all__ = ["ecs_json"]


def ecs_json(batch: LogBatch) -> pl.Series:
    """One JSON object a record, record order, never null (String). Every field is one of ECS 8.17 and of its type, or a
    text under `labels`."""
    batch = said(batch)
    return documents(security_layers(batch), LAYOUT, len(batch)).rename("document")
