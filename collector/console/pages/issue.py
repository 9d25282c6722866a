"""Issue: why, what now?"""

from __future__ import annotations

import time
from typing import Any

import orjson
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from collector.console.asking import scope_of
from collector.console.changing_issues import VERBS, change
from collector.console.pages import frame
from collector.console.pages.charts import chart, marks_of
from collector.console.pages.log_lines import breakable
from collector.console.pages.panels import ask, is_first_showing, panel, shown
from collector.console.pages.rendering import address, page, part
from collector.console.parts import visitor
from collector.console.refusal import NotFound, Refused, TooSlow
from collector.console.views.issues import counts_of, events_at_cause, issue
from collector.console.visitor import Role
from collector.scope import Scope
from collector.store.deployment_reading import deployed
from collector.store.issue_reading import Row, events, trends, whole
from collector.store.reading import Readable

router = APIRouter()
_NANO = 10**9
_EVIDENCE = 4.0
"""It is more than a question, and its first one loads what counts columns."""
_RANGES = {"90m": 5400, "24h": 86_400, "14d": 14 * 86_400}
_BARS = {"90m": 45, "24h": 48, "14d": 56}
"""So many, of whole minutes."""
_MINUTE_NS = 60 * _NANO
_DAY_SECS = 86_400
_DONE = {
    "resolve": "It is resolved. Seen again, it has regressed.",
    "archive": "It is archived: nobody is told of it until then.",
    "unarchive": "It is open again.",
    "assign": "It says now who looks after it.",
    "acknowledge": "It is acknowledged.",
    "merge": "They are one issue now.",
    "split": "That part is an issue of its own now.",
    "priority": "It has another priority now.",
}


@router.get("/issues/{id_}")
async def issue_page(request: Request, id_: str) -> HTMLResponse:
    """The page."""
    row = await _row(request, id_)
    panels = await shown(request, "issue.trend", "issue.changed", "issue.event", "issue.about")
    done = _DONE.get(request.query_params.get("done", ""), "")
    may = visitor(request).role >= Role.OPERATOR
    return await page(request, "issue.html", row=row, panels=panels, done=done, may=may)


@panel("issue.trend")
async def trend(request: Request) -> Markup:
    """Its events, with what was deployed meanwhile."""
    row = await _row(request)
    name = request.query_params.get("range") or _fitting(row)
    if name not in _RANGES:
        raise Refused(400, f"there is no such range: there is {', '.join(_RANGES)}")
    until = _end(row, _RANGES[name] * _NANO)
    since = until - _RANGES[name] * _NANO

    def question(connection: Readable) -> tuple[list[int], list[dict[str, Any]]]:
        counts = trends(connection, [row], since, until, _BARS[name])[row["domain"], row["issue_id"]]
        return counts, deployed(connection, since, until, 4)

    counts, deploys = await ask(request, Scope.of(row["domain"]), question)
    look = frame.shown(request)
    said = f"{sum(counts):,} events, at most {max(counts):,} in a bar"
    drawn = chart({row["level"] or "info": counts}, since, until, look.zone, said, marks_of(deploys))
    return part(request, "issue/trend.html", chart=drawn, ranges=_RANGES, name=name, row=row)


@panel("issue.changed")
async def changed(request: Request) -> Markup:
    """What probably caused it, and where to look."""
    row = await _row(request)

    def question(connection: Readable) -> Any:
        from collector.causes.explaining import (
            explain_issue,
        )  # takes polars, which the rest of the console does without

        return explain_issue(connection, row["domain"], row["issue_id"])

    try:
        found = await ask(request, Scope.of(row["domain"]), question, _EVIDENCE)
    except TooSlow:
        if is_first_showing():
            raise
        found = None  # what its owner found is told in the place of it
    late = found is None
    return part(
        request,
        "issue/changed.html",
        found=found,
        row=row,
        generated=_json(row["generated"]),
        late=late,
        had=events_at_cause(row),
    )


@panel("issue.event")
async def event(request: Request) -> Markup:
    """One of its records; the newest first, and from there to older ones."""
    row = await _row(request)
    place = _place(request.query_params.get("event", ""))
    back = request.query_params.get("way") == "newer"

    def question(connection: Readable) -> list[Row]:
        if back:
            return events(connection, row, 2, after=place)
        return events(connection, row, 2, before=place)

    found = await ask(request, Scope.of(row["domain"]), question)
    record = next(iter(found), None)
    return part(
        request, "issue/event.html", row=row, record=record, more=len(found) > 1, back=back, first=place is None,
        attributes=_pairs(record, "attributes"), resource=_pairs(record, "resource"), shown=frame.shown(request),
        breakable=breakable,
    )  # fmt: skip


@panel("issue.about")
async def about(request: Request) -> Markup:
    """Where it happens, why it is one issue, what became of it."""
    row = await _row(request)
    found = await ask(request, Scope.of(row["domain"]), lambda connection: whole(connection, row))
    fields = (
        ("services", "service"),
        ("endpoints", "endpoint"),
        ("versions", "version"),
        ("environments", "environment"),
    )
    values = [(word, counts_of(found.issue[name])) for name, word in fields]
    return part(
        request, "issue/about.html", row=row, found=found, values=values, details=found.issue["details"] or {},
        shown=frame.shown(request), may=visitor(request).role >= Role.OPERATOR,
    )  # fmt: skip


@router.post("/issues/{id_}/{verb}")
async def do(request: Request, id_: str, verb: str) -> RedirectResponse:
    """Carry it out, and show the issue again with what became of it."""
    if verb not in VERBS:
        raise NotFound("such page")
    form = {name: str(value).strip() for name, value in (await request.form()).items()}
    row = await _row(request, id_, form.get("of", ""))
    said: dict[str, Any] = {
        name: form[name] for name in VERBS[verb] if form.get(name) or (name in form and verb == "assign")
    }
    if verb == "archive" and (days := form.get("days", "")):
        said = {"until": "condition", "seconds": _days(days) * _DAY_SECS}
    if verb == "merge":
        said["with"] = (await _row(request, said.get("with", ""), row["domain"]))["issue_id"]
    await change(request, row, verb, said, form.get("why", ""))
    of = None if request.query_params.get("domain") else row["domain"]
    return RedirectResponse(address(request, f"/issues/{row['issue_id']}", of=of, done=verb), 303)


async def _row(request: Request, id_: str = "", of: str = "") -> Row:
    """The issue that is meant; `of`: of which domain, where several are looked at."""
    parameters = request.query_params
    scope, domain = scope_of(parameters, visitor(request))
    named = of or domain or parameters.get("of", "")
    if named and named != domain:
        scope, _ = scope_of({"domain": named}, visitor(request))
    wanted = id_ or request.path_params.get("id_") or parameters.get("id_", "")
    return await ask(request, scope, lambda connection: issue(connection, wanted))


def _fitting(row: Row) -> str:
    """The shortest range that shows how it went."""
    secs = ((row["last_seen_unix_nano"] or 0) - (row["first_seen_unix_nano"] or 0)) / _NANO
    return next((name for name, length in _RANGES.items() if secs < length), "14d")


def _end(row: Row, length: int) -> int:
    """Now; of what is over for longer than that, a little after its last event."""
    now, last = time.time_ns(), row["last_seen_unix_nano"] or 0
    end = now if now - last < length * 9 // 10 else last + length // 10
    return -(-end // _MINUTE_NS) * _MINUTE_NS


def _place(text: str) -> tuple[int, str] | None:
    at, _, id_ = text.partition(".")
    if not text:
        return None
    if not at.isdecimal() or len(at) > 19 or not id_.isalnum() or not id_.isascii() or len(id_) > 32:
        raise Refused(400, "there is no such event")
    return int(at), id_


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:4]) <= 365:
        raise Refused(400, "an issue is archived for 1 to 365 days")
    return int(text[:4])


def _json(text: str | None) -> Any:
    return orjson.loads(text) if text else None


def _pairs(record: Row | None, name: str) -> list[tuple[str, str]]:
    """What stands there, without what logboom derived from it."""
    held = _json(record[name]) if record is not None else None
    kept = {key: value for key, value in (held or {}).items() if not key.startswith("logboom.")}
    return [(key, value if isinstance(value, str) else orjson.dumps(value).decode()) for key, value in kept.items()]
