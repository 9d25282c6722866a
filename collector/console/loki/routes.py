"""`/loki/api/v1`. A tenant that a client names (`X-Scope-OrgID`) is not looked at: who asks sees what the console lets them see."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from collector.console.loki import reading
from collector.console.loki.answering import (
    CATEGORIZE,
    MOST_LINES,
    ON,
    PREFIX,
    answer,
    ask,
    budget,
    categorized,
    data,
    named,
    sample,
    streams,
)
from collector.console.loki.logql import Metric, Number, parse
from collector.console.loki.selection import LABELS, Selection
from collector.console.loki.times import NANO, duration, moment, span
from collector.console.parts import visitor
from collector.console.refusal import Refused
from collector.query.searching import Wanted
from collector.release import release

router = APIRouter(prefix=PREFIX, dependencies=[ON], include_in_schema=False)
ready = APIRouter(dependencies=[ON], include_in_schema=False)


@ready.get("/ready")
async def is_ready() -> Response:
    """Whether Loki's API is here; of the store the answers tell."""
    return PlainTextResponse("ready\n")


@router.get("/query")
async def query(request: Request) -> Response:
    """A metric at one moment; the sum of vectors, by which Grafana asks whether anybody is here."""
    asked = parse(request.query_params.get("query", ""))
    at = moment(request.query_params.get("time", ""), time.time_ns())
    if isinstance(asked, Number):
        return data("vector", [{"metric": {}, "value": sample(at, asked.value)}])
    if isinstance(asked, Selection):
        raise Refused(
            400,
            "log queries are not supported as an instant query type, please change your query to a range query type",
        )
    found = await ask(
        request, reading.windows(asked, visitor(request).scope, range(at, at + 1, asked.range_), budget(request))
    )
    return data(
        "vector",
        [
            {"metric": named(asked.by, labels), "value": sample(*values[0])}
            for labels, values in found.items()
            if values
        ],
    )


@router.get("/query_range")
async def query_range(request: Request) -> Response:
    """Lines as streams, metrics as a matrix."""
    asked, given = parse(request.query_params.get("query", "")), request.query_params
    since, until = span(given, time.time_ns())
    if isinstance(asked, Selection):
        return await _streams(request, asked, since, until)
    steps = range(since, until + 1, _step(request, since, until))
    if isinstance(asked, Number):
        if len(steps) > MOST_LINES:
            raise Refused(400, "exceeded maximum resolution of points per time series")
        return data("matrix", [{"metric": {}, "values": [sample(at, asked.value) for at in steps]}])
    return await _matrix(request, asked, steps)


async def _matrix(request: Request, metric: Metric, steps: range) -> Response:
    found = await ask(request, reading.windows(metric, visitor(request).scope, steps, budget(request)))
    series = [(named(metric.by, labels), values) for labels, values in found.items() if values]
    return data(
        "matrix", [{"metric": labels, "values": [sample(*each) for each in values]} for labels, values in series]
    )


def _step(request: Request, since: int, until: int) -> int:
    given = request.query_params.get("step")
    return duration(given) if given else max(1, (until - since) // NANO // 250) * NANO


async def _streams(request: Request, asked: Selection, since: int, until: int) -> Response:
    given = request.query_params
    limit, direction = given.get("limit", "100"), given.get("direction", "backward").lower()
    if not limit.isascii() or not limit.isdigit() or not 0 < int(limit[:9]) <= MOST_LINES or len(limit) > 9:
        raise Refused(400, f"limit must be a positive value, of {MOST_LINES} at most (max_entries_limit)")
    if direction not in ("backward", "forward"):
        raise Refused(400, "invalid direction: it is forward or backward")
    wanted = Wanted(asked, visitor(request).scope, since, until, int(limit))
    question = reading.newest(wanted, budget(request)) if direction == "backward" else reading.oldest(wanted)
    with_attributes = categorized(request)
    found = streams(await ask(request, question), categorized=with_attributes)
    return data("streams", found, {"encodingFlags": [CATEGORIZE]} if with_attributes else {})


@router.get("/status/buildinfo")
async def build() -> Response:
    """Whose API this is like, for clients that ask before they ask."""
    return answer(
        {
            "version": "3.0.0",
            "revision": release(),
            "branch": "logboom",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }
    )


@router.get("/labels")
@router.get("/label")
async def labels() -> Response:
    """Those of streams."""
    return answer({"status": "success", "data": sorted(LABELS)})


@router.get("/label/{name}/values")
async def values(request: Request, name: str) -> Response:
    """Those that a label has in the time."""
    if name not in LABELS:
        return answer({"status": "success", "data": []})
    found = await _counted(request, _selected(request.query_params.get("query", "")), [name])
    return answer({"status": "success", "data": sorted({one for (_, (one,)) in found if one is not None})})


@router.get("/series")
async def series(request: Request) -> Response:
    """Sets of labels that records of selectors have."""
    texts = [*request.query_params.getlist("match[]"), *request.query_params.getlist("match")] or [""]
    if len(texts) > 8:
        raise Refused(400, "eight selectors at most")
    sets = [named(LABELS, key) for text in texts for _, key in await _counted(request, _selected(text), list(LABELS))]
    return answer({"status": "success", "data": list({tuple(one.items()): one for one in sets}.values())})


@router.get("/index/stats")
async def stats(request: Request) -> Response:
    """How many streams, records and bytes of lines; there are no chunks."""
    selected = _selected(request.query_params.get("query", ""))
    found, sizes = [await _counted(request, selected, list(LABELS), sized=sized) for sized in (False, True)]
    return answer({"streams": len(found), "chunks": 0, "bytes": sizes.total(), "entries": found.total()})


@router.get("/index/volume")
async def volume(request: Request) -> Response:
    """Bytes of lines in the time, the most first: by the labels that are named, or by those of the selector."""
    by, top = _targets(request)
    found = await _counted(request, _selected(request.query_params.get("query", "")), by, sized=True)
    _, until = span(request.query_params, time.time_ns())
    most = [(labels, size) for (_, labels), size in found.most_common(top)]
    return data("vector", [{"metric": named(by, labels), "value": sample(until, size)} for labels, size in most])


@router.get("/index/volume_range")
async def volume_range(request: Request) -> Response:
    """The same for each step."""
    by, top = _targets(request)
    since, until = span(request.query_params, time.time_ns())
    step = _step(request, since, until)
    metric = Metric(_selected(request.query_params.get("query", "")), True, False, step, by, top)
    return await _matrix(request, metric, range(since, until + 1, step))


def _targets(request: Request) -> tuple[Sequence[str], int]:
    given = request.query_params
    wanted = [name for name in given.get("targetLabels", "").split(",") if name in LABELS]
    of_selector = [name for name in LABELS if re.search(rf"\b{name}\s*(=|!)", given.get("query", ""))]
    limit = given.get("limit", "100")
    return wanted or of_selector or ["service_name"], min(int(limit), 1000) if limit.isdecimal() and int(limit) else 100


async def _counted(request: Request, selected: Selection, by: Sequence[str], *, sized: bool = False) -> Any:
    scope, times = visitor(request).scope, span(request.query_params, time.time_ns())
    return await ask(request, reading.counted(selected, scope, times, by, budget(request), sized=sized))


def _selected(text: str) -> Selection:
    found = parse(text or "{}")
    if not isinstance(found, Selection):
        raise Refused(400, "parse error : only a selector is allowed here")
    return found
