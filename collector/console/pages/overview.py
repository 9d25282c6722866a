"""Overview: must I act?"""

from __future__ import annotations

import time
from dataclasses import replace

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from collector.console.asking import Asked, asked, query_of
from collector.console.pages import frame
from collector.console.pages.charts import chart, marks_of
from collector.console.pages.first import first_page
from collector.console.pages.panels import ask, panel, shown
from collector.console.pages.patterns import pieces
from collector.console.pages.rendering import page, part
from collector.console.pages.telling_people import alerting_of
from collector.console.parts import parts, visitor
from collector.console.refusal import Refused
from collector.console.views import counts, issues, records
from collector.console.views.domain_flow import oldest
from collector.console.views.patterns import patterns
from collector.query.fields import FIELDS
from collector.scope import Scope
from collector.store.deployment_reading import deployed
from collector.store.issue_reading import OPEN, Row, counted
from collector.store.reading import NoStore

router = APIRouter()
_DAY_NS = 20 * 3600 * 10**9
_SHORTEST_NS = 15 * 60 * 10**9
_WEEK_NS = 7 * 86_400 * 10**9
_URGENT = "level:(critical OR warning)"
_PANELS = ("answer", "figures", "urgent", "issues", "newest", "unlike", "components", "endpoints")
_RANGES = (("now-15m", "Last 15 min"), ("now-1h", "Last hour"), ("now-24h", "Last 24 h"), ("now-7d", "Last 7 days"))
_ANY, _ANY_SECS = "SELECT 1 FROM logs WHERE generation IS NULL LIMIT 1", 0.5
_BARS, _ROWS, _ATTENTION, _NEW = 96, 6, 5, 4


@router.get("/")
async def overview(request: Request) -> HTMLResponse:
    """The page."""
    wanted = _asked(request)
    if request.query_params.get("samples") or not await _anything(request, wanted):
        return await first_page(request)
    panels = await shown(request, *(f"overview.{name}" for name in _PANELS))
    connector, _ = alerting_of(request)
    return await page(request, "overview.html", panels=panels, ranges=_RANGES, from_=wanted.from_, told=bool(connector))


@panel("overview.answer")
async def answer(request: Request) -> Markup:
    """The most urgent issue that is new or escalates, of them one whose cause is known; nothing where all is quiet."""
    wanted = _asked(request)
    found = await ask(
        request,
        wanted.scope,
        lambda connection: issues.issues(connection, ("escalating", "new"), "urgency", _ATTENTION),
    )
    critical = [row for row in found.rows if row["level"] == "critical"]
    wholes = [await _whole(request, row) for row in critical]
    whole = next((each for each in wholes if each["cause"]), next(iter(wholes), None))
    return part(
        request,
        "overview/answer.html",
        row=whole,
        shown=frame.shown(request),
        day=_day(whole),
        had=issues.events_at_cause(whole) if whole else 0,
    )


@panel("overview.figures")
async def figures(request: Request) -> Markup:
    """How many of what, and how many at the same time of last week."""
    wanted = _asked(request)
    budget = parts(request).options.query_timeout / 2
    before = replace(wanted, since=wanted.since - _WEEK_NS, until=wanted.until - _WEEK_NS)
    now = await ask(request, wanted.scope, counts.histogram(wanted, 1, budget))
    then = await ask(request, wanted.scope, counts.histogram(before, 1, budget))
    states = await ask(request, wanted.scope, counted)
    shown_time, _ = await _since_the_first(request)
    secs = (shown_time.until - shown_time.since) / 10**9
    return part(
        request, "overview/figures.html", now=now, then=then, states=states, opened=sum(states.get(each, 0) for each in OPEN),
        rate=now.total / secs, delay=_delay(request), wanted=wanted,
    )  # fmt: skip


@panel("overview.urgent")
async def urgent(request: Request) -> Markup:
    """Critical and warning over time, with what was deployed."""
    wanted, young = await _since_the_first(request)
    found = await ask(request, wanted.scope, counts.histogram(wanted, _BARS, parts(request).options.query_timeout))
    deploys = await ask(request, wanted.scope, lambda connection: deployed(connection, wanted.since, wanted.until, 3))
    totals = found.totals
    begin, end = found.buckets[0].start, found.buckets[-1].start + found.width
    shapes = {
        level: [bucket.counts[at] for bucket in found.buckets] for at, level in enumerate(("critical", "warning"))
    }
    said = f"{totals['critical']:,} critical and {totals['warning']:,} warning records"
    drawn = chart(shapes, begin, end, frame.shown(request).zone, said, marks_of(deploys))
    return part(request, "overview/urgent.html", chart=drawn, totals=totals, found=found, young=young)


@panel("overview.issues")
async def attention(request: Request) -> Markup:
    """The most urgent ones that are open."""
    wanted = _asked(request)
    found = await ask(request, wanted.scope, lambda connection: issues.issues(connection, OPEN, "urgency", _ATTENTION))
    several = not wanted.domain and len({row["domain"] for row in found.rows}) > 1
    return part(request, "overview/issues.html", found=found, several=several, shown=frame.shown(request))


@panel("overview.newest")
async def newest(request: Request) -> Markup:
    """The newest records that are critical or warnings."""
    wanted = replace(_asked(request), query=query_of(_URGENT))
    budget = parts(request).options.query_timeout
    found = await ask(request, wanted.scope, records.page(wanted, _ROWS, None, budget))
    return part(request, "overview/newest.html", rows=found.rows[:_ROWS], q=_URGENT, shown=frame.shown(request))


@panel("overview.unlike")
async def unlike(request: Request) -> Markup:
    """Patterns that were first seen in this time, the newest first."""
    wanted = _asked(request)
    found = await ask(request, wanted.scope, patterns(wanted.since, wanted.until, "new", _NEW))
    fresh = [each for each in found.listed if found.tag(each) == "new"]
    return part(request, "overview/unlike.html", fresh=fresh, pieces=pieces, shown=frame.shown(request))


@panel("overview.components")
async def components(request: Request) -> Markup:
    """Where urgent records come from."""
    return await _facet(request, "component", "Urgent by component")


@panel("overview.endpoints")
async def endpoints(request: Request) -> Markup:
    """Which requests they are about."""
    return await _facet(request, "endpoint", "Urgent by endpoint")


async def _whole(request: Request, row: Row) -> Row:
    return await ask(request, Scope.of(row["domain"]), lambda connection: issues.issue(connection, row["issue_id"]))


def _day(issue: Row | None) -> bool:
    """Whether its first event is so long ago that a time without the day would mislead."""
    return issue is not None and time.time_ns() - (issue["first_seen_unix_nano"] or 0) > _DAY_NS


async def _anything(request: Request, wanted: Asked) -> bool:
    """Whether a record was ever stored; also where nobody can tell now, for then the panels say why."""
    made = parts(request)
    if made.stores is None:
        return True
    try:
        return await made.stores.ask(
            wanted.scope, lambda connection: connection.execute(_ANY).fetchone() is not None, _ANY_SECS
        )
    except NoStore:
        return False
    except Refused:
        return True


async def _facet(request: Request, name: str, title: str) -> Markup:
    wanted = replace(_asked(request), query=query_of(_URGENT))
    found = await ask(
        request, wanted.scope, counts.facet(wanted, FIELDS[name], 6, parts(request).options.query_timeout)
    )
    values = [(value, n) for value, n in found.values if value]
    return part(request, "overview/facet.html", title=title, name=name, values=values, q=_URGENT)


def _asked(request: Request) -> Asked:
    """Of a day, where nothing else is asked for."""
    return asked(request.query_params, visitor(request), "now-24h")


async def _since_the_first(request: Request) -> tuple[Asked, bool]:
    """Where the first record of all is young, the time since a little before it: empty days say nothing. And whether that is so."""
    wanted = _asked(request)
    first = await ask(request, wanted.scope, lambda connection: oldest(connection, wanted.scope))
    length = max(_SHORTEST_NS, (wanted.until - first) * 5 // 4) if first is not None else 0
    if not length or length * 3 > wanted.until - wanted.since:
        return wanted, False
    return replace(wanted, since=wanted.until - length), True


def _delay(request: Request) -> float | None:
    """Seconds since the oldest request was received that no pipeline has read yet, as the supervisor last told; None: it did not."""
    state = parts(request).state.now
    if state is None:
        return None
    waiting = [at for at in state.snapshot.unread_unix_ms.values() if at]
    return max(0.0, time.time() - min(waiting) / 1000) if waiting else 0.0
