"""Records with which something else came share no request, where an exporter, or a pipeline in front of it, keeps them apart by that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from collector.batch import LogBatch
from collector.client_info import CLIENT, NOBODY, ClientInfo, Wanted, client_info, part_of
from collector.columns.dictionary import encode
from collector.delivery.request import Part, Request

Groups = tuple[npt.NDArray[np.integer[Any]], Sequence[str]]
"""For each record, or payload, its group; what came with each group, as far as it is asked for."""


def by_client(part: Part, wanted: Wanted) -> Sequence[tuple[str, Part]]:
    """(what came, as far as it is asked for; the records), in the order of the first records."""
    codes, clients = _groups(part, wanted)
    found, first = np.unique(codes, return_index=True)
    if len(found) == 1:
        return [(clients[found[0]], part)]
    order = found[np.argsort(first)]
    rank = np.empty(int(found.max()) + 1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    sorted_part = _taken(part, np.argsort(rank[codes], kind="stable"))
    counts = np.bincount(rank[codes])
    starts = np.cumsum(counts) - counts
    return [
        (clients[code], sorted_part.slice(start, count))
        for code, start, count in zip(order.tolist(), starts.tolist(), counts.tolist(), strict=True)
    ]


def alike(part: Part, wanted: Wanted) -> int:
    """With how many records (or payloads), from the first on, the same came."""
    codes, _ = _groups(part, wanted)
    others = np.flatnonzero(codes != codes[:1])
    return int(others[0]) if len(others) else len(codes)


def client_of(request: Request, wanted: Wanted) -> ClientInfo:
    """What came with all records of a request that `by_client` made."""
    content = next((part.content for part in request.parts if part.records), None)
    if not wanted or content is None:
        return NOBODY
    if not isinstance(content, LogBatch):
        return client_info(part_of(content[0].client, wanted))
    payload = content.column("payload")[0]
    if payload is None or CLIENT not in content.payloads.columns:
        return NOBODY
    return client_info(part_of(content.payloads.get_column(CLIENT)[payload], wanted))


def _groups(part: Part, wanted: Wanted) -> Groups:
    if not isinstance(part.content, LogBatch):
        return _numbered([part_of(entry.client, wanted) for entry in part.content])
    client = part.content.client
    if client is None:
        return np.zeros(len(part.content), dtype=np.intp), [""]
    coded = encode(client)
    numbers, clients = _numbered([part_of(text, wanted) for text in coded.values.to_pylist()])
    return numbers[coded.codes], clients


def _numbered(texts: Sequence[str]) -> Groups:
    clients = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return np.array([clients[text] for text in texts], dtype=np.intp), list(clients)


def _taken(part: Part, rows: npt.NDArray[np.intp]) -> Part:
    """The records in another order, in which those that belong together can be cut out without a copy."""
    if not isinstance(part.content, LogBatch):
        return part.only([part.content[row] for row in rows.tolist()])
    taken = part.take(rows.astype(np.uint32))
    batch = taken.batch()
    return replace(taken, content=replace(batch, attributes=batch.attributes.sort("owner", maintain_order=True)))
