"""A batch as documents: which record becomes which JSON, by mapping mode, and where it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from collector import tables
from collector.batch import LogBatch
from collector.outcomes import Items
from exporters.elasticsearch import bodymap, ecs, flat, otel
from exporters.elasticsearch.config import MODES, Mapping, Mode
from exporters.elasticsearch.routing import WRONG_TYPE, Router, Routes

Encoder = Callable[[LogBatch, Routes], pl.Series]
_ENCODERS: dict[Mode, Encoder] = {
    "otel": otel.documents,
    "ecs": ecs.documents,
    "none": flat.documents,
    "raw": flat.raw_documents,
    "bodymap": bodymap.documents,
}
NOT_A_MAP = "invalid log record body type for 'bodymap' mapping mode"


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents and indices of the records at `items`; the others are in `refused`, with the reason."""

    items: Items
    index: pl.Series
    source: pl.Series
    refused: list[tuple[Items, str]]


def documents(batch: LogBatch, mapping: Mapping, router: Router) -> Documents:
    """The documents of a batch, in record order."""
    modes = _modes(batch, mapping.mode)
    if modes is None:
        return _of_mode(batch, mapping.mode, router)
    parts: list[Documents] = []
    for name in modes.unique(maintain_order=True):
        rows = (modes == name).arg_true()
        at = rows.to_numpy().astype(np.uint32)
        mode = _known(name)
        if mode is None or mode not in mapping.allowed_modes:
            empty = pl.Series([], dtype=pl.String)
            reason = f"unsupported mapping mode {name[:40]!r}"
            parts.append(Documents(np.empty(0, dtype=np.uint32), empty, empty, [(at, reason)]))
        else:
            parts.append(_moved(_of_mode(batch.gather(rows), mode, router), at))
    return _joined(parts)


def _of_mode(batch: LogBatch, mode: Mode, router: Router) -> Documents:
    routes = router.routes(batch, mode)
    source = _ENCODERS[mode](batch, routes)
    lost, bad = routes.index.is_null(), source.is_null()
    if not (lost | bad).any():
        return Documents(np.arange(len(batch), dtype=np.uint32), routes.index, source, [])
    refused = [(_rows(lost), WRONG_TYPE), (_rows(bad & ~lost), NOT_A_MAP)]
    good = ~(lost | bad)
    named = [(items, reason) for items, reason in refused if len(items)]
    return Documents(_rows(good), routes.index.filter(good), source.filter(good), named)


def _modes(batch: LogBatch, default: Mode) -> pl.Series | None:
    """The mode that each record's scope asks for; None when all take the default."""
    asked = tables.aligned_text(batch.scope_attributes, otel.MODE, batch.scopes.height)
    if asked.null_count() == len(asked):
        return None
    return asked.fill_null(default).gather(batch.column("scope"))


def _known(name: str) -> Mode | None:
    lower = name.lower()
    lower = "none" if lower in ("", "no") else lower
    return next((mode for mode in MODES if mode == lower), None)


def _rows(mask: pl.Series) -> Items:
    return mask.arg_true().to_numpy().astype(np.uint32)


def _moved(part: Documents, at: Items) -> Documents:
    refused = [(at[items], reason) for items, reason in part.refused]
    return Documents(at[part.items], part.index, part.source, refused)


def _joined(parts: list[Documents]) -> Documents:
    items = np.concatenate([part.items for part in parts])
    order = np.argsort(items, kind="stable")
    index = pl.concat([part.index for part in parts]).gather(order)
    source = pl.concat([part.source for part in parts]).gather(order)
    return Documents(items[order], index, source, [one for part in parts for one in part.refused])
