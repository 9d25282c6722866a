"""`/loki/api/v1`. A tenant that a client names (`X-Scope-OrgID`) is not looked at: who asks sees what the console lets them see."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from collector.console.loki import reading
from collector.console.loki.logql import Number, parse
from collector.console.loki.selection import LABELS, Selection
from collector.console.loki.times import NANO, duration, moment, span
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.stores import Question, T
from collector.console.views.records import read
from collector.query.searching import Wanted
from collector.store.reading import NoStore
from collector.visible import escaped_json

_FLAGS, _CATEGORIZE = "x-loki-response-encoding-flags", "categorize-labels"
_MOST_LINES = 5000
_MARGIN_SECS = 0.5


def _on(request: Request) -> None:
    if not parts(request).options.loki:
        raise NotFound("such page")


router = APIRouter(prefix="/loki/api/v1", dependencies=[Depends(_on)], include_in_schema=False)


@router.get("/query")
async def query(request: Request) -> Response:
    """A metric at one moment; the sum of vectors, by which Grafana asks whether anybody is here."""
    asked = parse(request.query_params.get("query", ""))
    at = moment(request.query_params.get("time", ""), time.time_ns())
    if isinstance(asked, Number):
        return _vector([{"metric": {}, "value": _sample(at, asked.value)}])
    if isinstance(asked, Selection):
        raise Refused(
            400,
            "log queries are not supported as an instant query type, please change your query to a range query type",
        )
    found = await _ask(
        request, reading.windows(asked, visitor(request).scope, range(at, at + 1, asked.range_), _budget(request))
    )
    return _vector(
        [
            {"metric": _named(asked.by, labels), "value": _sample(*values[0])}
            for labels, values in found.items()
            if values
        ]
    )


@router.get("/query_range")
async def query_range(request: Request) -> Response:
    """Lines as streams, metrics as a matrix."""
    asked, given = parse(request.query_params.get("query", "")), request.query_params
    since, until = span(given, time.time_ns())
    if isinstance(asked, Selection):
        return await _streams(request, asked, since, until)
    step = duration(given["step"]) if given.get("step") else max(1, (until - since) // NANO // 250) * NANO
    steps = range(since, until + 1, step)
    if isinstance(asked, Number):
        if len(steps) > _MOST_LINES:
            raise Refused(400, "exceeded maximum resolution of points per time series")
        return _data("matrix", [{"metric": {}, "values": [_sample(at, asked.value) for at in steps]}])
    found = await _ask(request, reading.windows(asked, visitor(request).scope, steps, _budget(request)))
    series = [(_named(asked.by, labels), values) for labels, values in found.items() if values]
    return _data(
        "matrix", [{"metric": labels, "values": [_sample(*each) for each in values]} for labels, values in series]
    )


async def _streams(request: Request, asked: Selection, since: int, until: int) -> Response:
    given = request.query_params
    limit, direction = given.get("limit", "100"), given.get("direction", "backward").lower()
    if not limit.isascii() or not limit.isdigit() or not 0 < int(limit[:9]) <= _MOST_LINES or len(limit) > 9:
        raise Refused(400, f"limit must be a positive value, of {_MOST_LINES} at most (max_entries_limit)")
    if direction not in ("backward", "forward"):
        raise Refused(400, "invalid direction: it is forward or backward")
    wanted = Wanted(asked, visitor(request).scope, since, until, int(limit))
    ask = reading.newest(wanted, _budget(request)) if direction == "backward" else reading.oldest(wanted)
    categorized = _CATEGORIZE in request.headers.get(_FLAGS, "")
    streams: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for row in await _ask(request, ask):
        value: list[Any] = [str(row["time_unix_nano"]), row["body"] or ""]
        if categorized:
            value.append({"structuredMetadata": _metadata(row), "parsed": {}})
        streams.setdefault(tuple(reading.labelled(row).items()), []).append(value)
    found = [{"stream": dict(labels), "values": values} for labels, values in streams.items()]
    return _data("streams", found, {"encodingFlags": [_CATEGORIZE]} if categorized else {})


@router.get("/labels")
@router.get("/label")
async def labels() -> Response:
    """Those of streams."""
    return _answer({"status": "success", "data": sorted(LABELS)})


@router.get("/label/{name}/values")
async def values(request: Request, name: str) -> Response:
    """Those that a label has in the time."""
    if name not in LABELS:
        return _answer({"status": "success", "data": []})
    found = await _counted(request, _selected(request.query_params.get("query", "")), [name])
    return _answer({"status": "success", "data": sorted({one for (_, (one,)) in found if one is not None})})


@router.get("/series")
async def series(request: Request) -> Response:
    """Sets of labels that records of selectors have."""
    texts = [*request.query_params.getlist("match[]"), *request.query_params.getlist("match")] or [""]
    if len(texts) > 8:
        raise Refused(400, "eight selectors at most")
    sets = [_named(LABELS, key) for text in texts for _, key in await _counted(request, _selected(text), list(LABELS))]
    return _answer({"status": "success", "data": list({tuple(one.items()): one for one in sets}.values())})


@router.get("/index/stats")
async def stats(request: Request) -> Response:
    """How many streams and records; bytes and chunks are not counted."""
    found = await _counted(request, _selected(request.query_params.get("query", "")), list(LABELS))
    return _answer({"streams": len(found), "chunks": 0, "bytes": 0, "entries": found.total()})


async def _counted(request: Request, selected: Selection, by: Sequence[str]) -> Any:
    scope, times = visitor(request).scope, span(request.query_params, time.time_ns())
    return await _ask(request, reading.counted(selected, scope, times, by, _budget(request)))


def _selected(text: str) -> Selection:
    found = parse(text or "{}")
    if not isinstance(found, Selection):
        raise Refused(400, "parse error : only a selector is allowed here")
    return found


async def _ask(request: Request, question: Question[T]) -> T:
    made = parts(request)
    if made.stores is None:
        raise NoStore("no pipeline has an exporter whose store can be read: sqlite")
    return await made.stores.ask(visitor(request).scope, question, _budget(request) + _MARGIN_SECS)


def _budget(request: Request) -> float:
    return parts(request).options.query_timeout


def _named(by: Any, found: Sequence[Any]) -> dict[str, str]:
    return {name: str(value) for name, value in zip(by, found, strict=True) if value is not None}


def _metadata(row: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as texts, and by what the record is found again."""
    kept = read({name: row[name] for name in ("attributes", "record_id", "trace_id", "span_id")})
    attributes = kept.pop("attributes")
    found = {**(attributes if isinstance(attributes, dict) else {}), **kept}
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in found.items()
        if value is not None
    }


def _sample(at: int, value: float) -> list[Any]:
    return [at / NANO, f"{value:.12g}"]


def _vector(result: list[Any]) -> Response:
    return _data("vector", result)


def _data(kind: str, result: list[Any], more: Mapping[str, Any] | None = None) -> Response:
    return _answer({"status": "success", "data": {"resultType": kind, "result": result, "stats": {}, **(more or {})}})


def _answer(document: Any) -> Response:
    return Response(escaped_json(orjson.dumps(document).decode()), 200, None, "application/json")
