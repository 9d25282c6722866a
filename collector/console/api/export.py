"""All records that a query takes, page after page, as lines: NDJSON, or CSV in which nothing is calculated."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from collector.console.api.records import Domain, From, Q, To, as_object, ask
from collector.console.asking import Asked, asked
from collector.console.parts import parts, visitor
from collector.console.reads import exported
from collector.console.views import records
from collector.query.searching import Found
from collector.store.columns import COLUMNS
from collector.store.csv_cells import Csv
from collector.visible import escaped_json

router = APIRouter(tags=["records"])

_PAGE = 500
_CELLS = Csv(formulas=False)
_NAMES = ("level", *COLUMNS)
Row = records.Row


@router.get("/logs/export", response_class=StreamingResponse)
async def export(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    from_: From = "now-1h",
    to: To = "now",
    format: Literal["ndjson", "csv"] = "ndjson",  # noqa: A002 - what it is called everywhere
) -> StreamingResponse:
    """The newest first. What comes while it is read is not part of it; a store that fails meanwhile cuts the answer off."""
    wanted = asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request))
    exported()
    first = await _found(request, wanted)
    text, kind = (_csv, "text/csv; charset=utf-8") if format == "csv" else (_lines, "application/x-ndjson")
    headers = {"content-disposition": f'attachment; filename="logs.{format}"', "x-accel-buffering": "no"}
    return StreamingResponse(_pages(request, wanted, first, text), 200, headers, kind)


async def _pages(
    request: Request, wanted: Asked, found: Found, text: Callable[[Iterable[Row], bool], str]
) -> AsyncIterator[str]:
    """Each page is a question of its own: no reading transaction is open between them."""
    yield text(found.rows, True)
    while not found.complete:
        wanted = wanted if found.next is not None else replace(wanted, until=found.searched_to)
        found = await _found(request, wanted, found)
        yield text(found.rows, False)


async def _found(request: Request, wanted: Asked, before: Found | None = None) -> Found:
    place = before.next if before is not None else None
    return await ask(request, wanted.scope, records.page(wanted, _PAGE, place, parts(request).options.query_timeout))


def _lines(rows: Iterable[Row], first: bool) -> str:  # noqa: ARG001 - as `_csv`
    return "".join(f"{escaped_json(orjson.dumps(as_object(row), default=bytes.hex).decode())}\n" for row in rows)


def _csv(rows: Iterable[Row], first: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if first:
        writer.writerow(_NAMES)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def _cells(row: Row) -> Sequence[Any]:
    return [_CELLS.cell(row.get(name)) for name in _NAMES]
