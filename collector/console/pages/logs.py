"""Logs: what happened? A search, how much of it and when, by which values, and the records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.api import records as api
from collector.console.asking import Asked, asked, query_of, scope_of
from collector.console.cursor import Cursor
from collector.console.pages.charts import marks_of
from collector.console.pages.frame import shown as looks
from collector.console.pages.log_chart import chart
from collector.console.pages.log_lines import Line, breakable, lines, trace_lines
from collector.console.pages.narrowing import Narrowing, named
from collector.console.pages.panels import ask, is_first_showing, panel, shown, within
from collector.console.pages.rendering import page, part
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused, TooSlow
from collector.console.unmasking import unmasked
from collector.console.views import counts, records
from collector.encryption.keys import FIELD
from collector.levels import LEVELS
from collector.query.fields import FIELDS
from collector.query.searching import Place, Wanted, search
from collector.scope import Scope
from collector.store.deployment_reading import deployed
from collector.store.reading import Readable
from collector.visible import escaped_json

router = APIRouter()

FACETS = (
    ("level", "Level"), ("service", "Service"), ("component", "Component"), ("endpoint", "Endpoint"),
    ("error", "Error type"), ("environment", "Environment"),
)  # fmt: skip
TIMES = (
    ("now-15m", "Last 15 min"), ("now-1h", "Last hour"), ("now-6h", "Last 6 h"), ("now-24h", "Last 24 h"),
    ("now-7d", "Last 7 days"),
)  # fmt: skip
_PAGE, _BARS, _TOP, _AROUND, _DEPLOYMENTS = 100, 60, 8, 20, 5
_MARGIN = 0.8
"""Of the time of a question: what a search may spend, so that it ends by itself."""


def _asked(request: Request) -> Asked:
    return asked(request.query_params, visitor(request))


def _budget(request: Request) -> float:
    """Seconds."""
    return parts(request).options.query_timeout * _MARGIN


@router.get("/logs")
async def logs(request: Request) -> HTMLResponse:
    """The page. What is no query is said in the place of the rest."""
    given: dict[str, Any] = {
        "q": request.query_params.get("q", ""),
        "times": TIMES,
        "from_": request.query_params.get("from") or "now-1h",
    }
    try:
        wanted = _asked(request)
    except NotFound:
        raise
    except Refused as refused:
        at = refused.more.get("position")
        return await page(
            request, "logs/wrong.html", 400, why=refused.detail, at=at, meant=refused.more.get("did_you_mean"), **given
        )
    made = await shown(request, "logs.chart", "logs.facets", "logs.rows")
    return await page(request, "logs/page.html", panels=made, until=wanted.to, **given)


@panel("logs.chart")
async def _chart(request: Request) -> Markup:
    """Records by level over time."""
    wanted = _asked(request)
    count = counts.histogram(wanted, _BARS, _budget(request))

    def question(connection: Readable) -> tuple[counts.Histogram, list[Any]]:
        return count(connection), deployed(connection, wanted.since, wanted.until, _DEPLOYMENTS)

    found, deploys = await ask(request, wanted.scope, question)
    return part(
        request,
        "logs/chart.html",
        found=found,
        chart=chart(found, marks_of(deploys)),
        levels=LEVELS,
        q=wanted.query.text,
        wanted=wanted,
        shown=looks(request),
    )


@dataclass(frozen=True, slots=True)
class Value:
    """Of a facet, with the queries that its links ask."""

    name: str
    records: int
    share: float
    state: str
    toggled: str
    only: str
    without: str


@panel("logs.facets")
async def _facets(request: Request) -> Markup:
    """Counts by the values of fields; what the query says of a field itself does not narrow its counts."""
    wanted = _asked(request)
    narrowing, secs = Narrowing(wanted.query.text), _budget(request) / len(FACETS)

    def count(connection: Readable) -> list[counts.Facet]:
        beside = [replace(wanted, query=query_of(narrowing.beside(name))) for name, _ in FACETS]
        return [
            counts.facet(each, FIELDS[name], _TOP, secs)(connection)
            for each, (name, _) in zip(beside, FACETS, strict=True)
        ]

    found = await ask(request, wanted.scope, count)
    made = [
        (title, _values(facet, name, narrowing), facet.others)
        for facet, (name, title) in zip(found, FACETS, strict=True)
    ]
    return part(request, "logs/facets.html", facets=[one for one in made if one[1]], levels=LEVELS)


def _values(facet: counts.Facet, name: str, narrowing: Narrowing) -> list[Value]:
    taken, out = narrowing.taken(name), narrowing.left_out(name)
    known = {value: n for value, n in facet.values if value}
    known |= {value: 0 for value in (*taken, *out) if value not in known}
    order = sorted(known, key=LEVELS.index) if name == "level" and known.keys() <= set(LEVELS) else list(known)
    most = max(known.values(), default=0) or 1
    return [
        Value(
            value, known[value], round(100 * known[value] / most, 1),
            "on" if value in taken else "not" if value in out else "off" if taken else "",
            narrowing.toggled(name, value), narrowing.only(name, value), narrowing.without(name, value),
        )
        for value in order
    ]  # fmt: skip


@panel("logs.rows")
async def _rows(request: Request) -> Markup:
    """A page of records; where there are none, why."""
    wanted, place = _asked(request), None
    if cursor := request.query_params.get("cursor"):
        given = Cursor.read(cursor, wanted)
        wanted, place = replace(wanted, since=given.since, until=given.until), given.place
    if request.query_params.get("archive") and parts(request).archives is not None:
        return await _archived(request, wanted, place)
    after = await _after(request, wanted)  # before it is searched: what comes meanwhile is told twice, and shown once
    found = await ask(request, wanted.scope, records.page(wanted, _PAGE, place, _budget(request)))
    last = None
    if not found.rows and found.complete and place is None:
        last = await ask(request, wanted.scope, lambda connection: _last(connection, wanted.scope))
    return part(
        request, "logs/rows.html", lines=lines(found.rows, looks(request).zone, wanted.query.node), found=found,
        next=api.following(found, wanted), q=wanted.query.text, last=last, wanted=wanted, shown=looks(request), first=not cursor, after=after,
        archive=parts(request).archives is not None, archived=None,
    )  # fmt: skip


async def _archived(request: Request, wanted: Asked, place: Place | None) -> Markup:
    """What the store holds no more. No page waits for it."""
    if is_first_showing():
        raise TooSlow(0.0)
    page = await api.from_archive(request, wanted, _PAGE, place)
    return part(
        request, "logs/rows.html", lines=lines(page.found.rows, looks(request).zone, wanted.query.node), found=page.found,
        next=api.following(page.found, wanted), q=wanted.query.text, last=None, wanted=wanted, shown=looks(request),
        first=not request.query_params.get("cursor"), after="", archive=True, archived=page,
    )  # fmt: skip


async def _after(request: Request, wanted: Asked) -> str:
    """From where on the page's tail goes on, where it may have one."""
    stores, given = parts(request).stores, request.query_params
    if stores is None or given.get("to") or given.get("cursor"):
        return ""
    return await within(request, stores.tails.place(wanted.scope))


def _last(connection: Readable, scope: Scope) -> int | None:
    """When the newest record of all is of; None: there was never one."""
    found = search(connection, Wanted(query_of(""), scope, 0, 1 << 62, 1), 0.3)
    return int(found.rows[0]["time_unix_nano"]) if found.rows else None


@router.get("/logs/{record_id}")
async def record(request: Request, record_id: str) -> HTMLResponse:
    """One record: below its row where a page asks for it, else a page of its own."""
    scope, _ = scope_of(request.query_params, visitor(request))
    row = await ask(request, scope, records.one(record_id)) or await api.one_of_archive(request, scope, record_id)
    if row is None:
        raise NotFound("such record")
    given = _opened(request, row)
    if request.headers.get("hx-request"):
        return HTMLResponse(
            part(request, "logs/detail.html", shown=looks(request), **given), headers={"vary": "hx-request"}
        )
    return await page(request, "logs/one.html", line=_line(request, row), **given)


@router.post("/logs/{record_id}/unmask")
async def unmask(request: Request, record_id: str, reason: str = Form("")) -> HTMLResponse:
    """The record without its masks, for the role `privacy`; no address leads back to it."""
    row = await unmasked(request, record_id, reason, "console")
    given = _opened(request, row) | {"plain": True, "reason": reason}
    return await page(request, "logs/one.html", line=_line(request, row), **given)


@router.get("/logs/{record_id}/context")
async def context(request: Request, record_id: str) -> HTMLResponse:
    """The records around one, the newest first."""
    scope, _ = scope_of(request.query_params, visitor(request))
    same = request.query_params.get("same") == "service"
    found = await ask(request, scope, records.around(record_id, _AROUND, _AROUND, same_service=same))
    if found is None:
        raise NotFound("such record")
    rows = [*reversed(found.after), found.record, *reversed(found.before)]
    made = [_line(request, row) for row in rows]
    return await page(request, "logs/context.html", lines=made, record=found.record, same=same)


def _line(request: Request, row: records.Row) -> Line:
    return lines([row], looks(request).zone, query_of("").node)[0]


def _opened(request: Request, row: records.Row) -> dict[str, Any]:
    read, q = records.read(row), Narrowing(_searched(request))
    attributes = read["attributes"] if isinstance(read["attributes"], dict) else {}
    trace = str(attributes.get("exception.stacktrace") or "")
    body = str(row["body"] or "")
    return {
        "row": row,
        "body": body[: 64 << 10] if len(body) > 200 or "\n" in body else "",
        "cut": len(body) > 64 << 10,
        "trace": trace_lines(trace[: 64 << 10]),
        "attributes": _facts(attributes, "@", q),
        "resource": _facts(read["resource"] if isinstance(read["resource"], dict) else {}, "resource.", q),
        "json": escaped_json(orjson.dumps(api.as_object(row), option=orjson.OPT_INDENT_2, default=bytes.hex).decode()),
        "q": str(q),
        "masked": parts(request).masks is not None,
        "unmasks": visitor(request).privacy,
        "plain": False,
        "sealed": any(FIELD in str(row[name] or "") for name in ("body", "attributes", "resource")),
        "reason": "",
    }


def _searched(request: Request) -> str:
    """The query of the list that it was opened in; one that is none is as good as no query."""
    try:
        return query_of(request.query_params.get("q", "")).text
    except Refused:
        return ""


def _facts(said: dict[str, object], prefix: str, q: Narrowing) -> list[tuple[Markup, str, str, str, str]]:
    """Key as it is shown and as it is, value, and the queries with and without it; empty where none can be written."""
    made = []
    for key, value in sorted(said.items()):
        if key == "exception.stacktrace":
            continue
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        name = named(key, prefix) if not isinstance(value, dict | list) and len(text) < 500 else ""
        made.append(
            (breakable(key), key, text, q.only(name, text) if name else "", q.without(name, text) if name else "")
        )
    return made
