"""A batch as documents: which record becomes which JSON, by mapping mode, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from collector.batch import LogBatch
from collector.columns import tables
from collector.columns.interleaved import Piece, joined
from collector.documents.facts import said
from collector.documents.nested.values import text
from collector.outcomes import Items
from exporters.elasticsearch import bodymap, ecs, flat, otel
from exporters.elasticsearch.config import MODES, Mapping, Mode
from exporters.elasticsearch.routing import WRONG_NAME, WRONG_TYPE, Router, Routes, names_its_index

Mask = npt.NDArray[np.bool_]
Encoder = Callable[[LogBatch, Routes], Sequence[Piece]]
"""Pieces of JSON text, to be joined: one document a record, null where there is none."""
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
    """Documents of the records at `items`, and the beginnings of their action lines; the others are in `refused`, with
    the reason. `chosen`: which of `items` go to a place that the record itself named."""

    items: Items
    action: pl.Series
    source: Sequence[Piece]
    refused: list[tuple[Items, str]]
    chosen: Mask


def documents(batch: LogBatch, mapping: Mapping, router: Router) -> Documents:
    """The documents of a batch, in record order."""
    batch = said(batch)
    modes = _modes(batch.for_routing(router.levels), mapping.mode)
    if modes is None:
        return _of_mode(batch, mapping.mode, mapping, router)
    parts: list[Documents] = []
    for name in modes.unique(maintain_order=True):
        rows = (modes == name).arg_true()
        at = rows.to_numpy().astype(np.uint32)
        mode = _known(name)
        if mode is None or mode not in mapping.allowed_modes:
            empty = pl.Series([], dtype=pl.String)
            reason = f"unsupported mapping mode {name[:40]!r}"
            none = np.empty(0, dtype=np.bool_)
            parts.append(Documents(np.empty(0, dtype=np.uint32), empty, [empty], [(at, reason)], none))
        else:
            parts.append(_moved(_of_mode(batch.gather(rows), mode, mapping, router), at))
    return _joined(parts)


def _of_mode(batch: LogBatch, mode: Mode, mapping: Mapping, router: Router) -> Documents:
    routes = router.routes(batch, mode)
    encode = ecs.security_documents if mode == "ecs" and mapping.security else _ENCODERS[mode]
    pieces = encode(batch, routes)
    action = routes.spread(_actions(routes.index))
    chosen = routes.chosen()
    if mode != "bodymap" and not action.null_count():  # all have a document and a place
        return Documents(np.arange(len(batch), dtype=np.uint32), action, pieces, [], chosen.to_numpy())
    source = joined(pieces, len(batch))
    lost, bad = action.is_null(), source.is_null()
    misnamed = lost & names_its_index(batch, router.levels)
    refused = [(_rows(misnamed), WRONG_NAME), (_rows(lost & ~misnamed), WRONG_TYPE), (_rows(bad & ~lost), NOT_A_MAP)]
    good = ~(lost | bad)
    told = [(items, reason) for items, reason in refused if len(items)]
    sent = chosen.filter(good).to_numpy()
    return Documents(_rows(good), action.filter(good), [source.filter(good)], told, sent)


def _actions(index: pl.Series) -> pl.Series:
    """`{"create":{"_index":"name"`; null for null. Places are few."""
    named = [None if name is None else f'{{"create":{{"_index":{text(name)}' for name in index.to_list()]
    return pl.Series("action", named, dtype=pl.String)


def _modes(batch: LogBatch, default: Mode) -> pl.Series | None:
    """The mode that each record's scope asks for; None when all take the default."""
    if not (batch.scope_attributes.get_column("key") == otel.MODE).any():
        return None
    asked = tables.aligned_text(batch.scope_attributes, otel.MODE, batch.scopes.height)
    return asked.fill_null(default).gather(batch.column("scope"))


def _known(name: str) -> Mode | None:
    lower = name.lower()
    lower = "none" if lower in ("", "no") else lower
    return next((mode for mode in MODES if mode == lower), None)


def _rows(mask: pl.Series) -> Items:
    return mask.arg_true().to_numpy().astype(np.uint32)


def _moved(part: Documents, at: Items) -> Documents:
    refused = [(at[items], reason) for items, reason in part.refused]
    return Documents(at[part.items], part.action, part.source, refused, part.chosen)


def _joined(parts: list[Documents]) -> Documents:
    items = np.concatenate([part.items for part in parts])
    order = np.argsort(items, kind="stable")
    action = pl.concat([part.action for part in parts]).gather(order)
    source = pl.concat([joined(part.source, len(part.items)) for part in parts]).gather(order)
    chosen = np.concatenate([part.chosen for part in parts])[order]
    refused = [one for part in parts for one in part.refused]
    return Documents(items[order], action, [source], refused, chosen)
