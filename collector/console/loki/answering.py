"""What Loki's routes share: whether it is on, questions within their time, and answers in its shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.responses import Response

from collector.console.loki import reading
from collector.console.loki.times import NANO
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound
from collector.console.stores import Question, Stores, T
from collector.console.views.records import read
from collector.store.reading import NoStore
from collector.visible import escaped_json

PREFIX = "/loki/api/v1"
CATEGORIZE = "categorize-labels"
MOST_LINES = 5000
_FLAGS = "x-loki-response-encoding-flags"
_MARGIN_SECS = 0.5


def _on(connection: HTTPConnection) -> None:
    if not parts(connection).options.loki:
        raise NotFound("such page")


ON = Depends(_on)


def store(connection: HTTPConnection) -> Stores:
    """Raises `NoStore`."""
    found = parts(connection).stores
    if found is None:
        raise NoStore("no pipeline has an exporter whose store can be read: sqlite")
    return found


async def ask(connection: HTTPConnection, question: Question[T]) -> T:
    """Raises `Refused`, `NoStore`."""
    return await store(connection).ask(visitor(connection).scope, question, budget(connection) + _MARGIN_SECS)


def budget(connection: HTTPConnection) -> float:
    """Seconds of a question."""
    return parts(connection).options.query_timeout


def streams(rows: Iterable[Mapping[str, Any]], *, categorized: bool) -> list[Any]:
    """Records as lines of their streams."""
    found: dict[tuple[tuple[str, str], ...], list[Any]] = {}
    for row in rows:
        value: list[Any] = [str(row["time_unix_nano"]), row["body"] or ""]
        if categorized:
            value.append({"structuredMetadata": _metadata(row), "parsed": {}})
        found.setdefault(tuple(reading.labelled(row).items()), []).append(value)
    return [{"stream": dict(labels), "values": values} for labels, values in found.items()]


def categorized(connection: HTTPConnection) -> bool:
    """Whether attributes are wanted beside each line."""
    return CATEGORIZE in connection.headers.get(_FLAGS, "")


def named(by: Iterable[str], found: Sequence[Any]) -> dict[str, str]:
    """Labels of a series; what is absent is none."""
    return {name: str(value) for name, value in zip(by, found, strict=True) if value is not None}


def sample(at: int, value: float) -> list[Any]:
    """A moment and a value."""
    return [at / NANO, f"{value:.12g}"]


def data(kind: str, result: list[Any], more: Mapping[str, Any] | None = None) -> Response:
    """`vector`, `matrix`, `streams`."""
    return answer({"status": "success", "data": {"resultType": kind, "result": result, "stats": {}, **(more or {})}})


def answer(document: Any) -> Response:
    """As JSON."""
    return Response(text(document), 200, None, "application/json")


def text(document: Any) -> str:
    """JSON in which nothing hides or steers."""
    return escaped_json(orjson.dumps(document).decode())


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
