"""List, count, histogram, facets, export and tail are asked one filter, and say one thing: what a plain loop over the records finds."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.console.application import application
from collector.console.stores import Source
from collector.console.tailing.tail import BEGINNING, Records, Tail
from collector.query.query import Query
from collector.scope import Scope
from collector.store.embedded import EmbeddedStore
from collector.store.rows import Limits, rows
from collector.testing.row_batch import Row, batch_of
from counterparts.console import HOST, parts_of
from counterparts.examples import examples

SECOND = 10**9
MINUTE = 60 * SECOND
BEGIN = time.time_ns() // MINUTE * MINUTE - 40 * MINUTE
SPAN = 30 * MINUTE
LEVELS = ("critical", "warning", "info", "debug")
TEXTS = {
    "service": (None, "shop", "Shop", "shop-2", "till"),
    "component": (None, "Auth", "AuthValidator", "a b"),
    "endpoint": (None, "/api/users/1", "/api/users/22", "/api/*", "/health"),
    "environment": (None, "prod", "test"),
    "error": (None, "ValueError", "io.EOF"),
    "@a": (None, "x", "true", "5", 'say "hi"'),
    "@n": (None, -7, 0, 5, 6, 2**53 + 1),
}
WORDS = ("order", "ORDER placed", "card declined", "50% off_now", "naïve", "")
DOMAINS = ("a.example", "a.example", "b.example")
ATTRIBUTES = {
    "service": "service.name", "component": "logboom.component", "endpoint": "logboom.endpoint",
    "environment": "deployment.environment.name", "error": "logboom.error_type", "@a": "a", "@n": "n",
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """What was sent."""

    id: str
    domain: str
    at: int
    body: str
    level: str
    values: dict[str, Any] = field(default_factory=dict)

    def row(self) -> Row:
        named = {ATTRIBUTES[name]: value for name, value in self.values.items() if value is not None}
        resource = [("service.name", named.pop("service.name"))] if "service.name" in named else []
        attributes = [("logboom.triage.level", self.level), *named.items()]
        fields = {"domain": self.domain, "time_unix_nano": self.at, "body": self.body}
        return Row(self.id, attributes, resource, fields=fields)


def record(draw: random.Random, number: int, at: int) -> Record:
    values = {name: draw.choice(choices) for name, choices in TEXTS.items()}
    return Record(f"{number:026}", draw.choice(DOMAINS), at, draw.choice(WORDS), draw.choice(LEVELS), values)


_draw = random.Random(7)
_moments = [BEGIN + _draw.randrange(SPAN) for _ in range(200)] + [BEGIN + 5 * MINUTE] * 60
RECORDS = [record(_draw, number, at) for number, at in enumerate(_moments)]


@dataclass(frozen=True)
class Filter:
    """A query as text, and what it means."""

    text: str
    takes: Callable[[Record], bool]


def _quoted(value: Any) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _body(needle: str) -> Filter:
    return Filter(_quoted(needle), lambda one: _lower(needle) in _lower(one.body))


def _lower(text: str) -> str:
    """ASCII letters alone."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def _level(name: str, sign: str) -> Filter:
    at = LEVELS.index(name)
    more, equal = set(LEVELS[:at]), {name}
    wanted = {"": equal, ">": more, ">=": more | equal, "<": set(LEVELS) - more - equal, "<=": set(LEVELS) - more}[sign]
    return Filter(f"level:{sign}{name}", lambda one: one.level in wanted)


def _is(name: str, values: list[Any]) -> Filter:
    said = " OR ".join(map(_quoted, values)) if not name.startswith("@") else " OR ".join(map(_attribute, values))
    texts = {str(value) for value in values}
    return Filter(f"{name}:({said})", lambda one: one.values[name] is not None and str(one.values[name]) in texts)


def _attribute(value: Any) -> str:
    """Numbers bare: quoted ones are texts alone."""
    return str(value) if not isinstance(value, str) else _quoted(value)


def _starts(name: str, prefix: str) -> Filter:
    written = prefix.replace("*", "\\*")
    return Filter(f"{name}:{written}*", lambda one: (one.values[name] or "").startswith(prefix))


def _present(name: str) -> Filter:
    return Filter(f"{name}:*", lambda one: one.values[name] is not None)


def _number(low: int, high: int) -> Filter:
    def takes(one: Record) -> bool:
        return one.values["@n"] is not None and low <= one.values["@n"] <= high

    return Filter(f"@n:[{low} TO {high}]", takes)


def _above(bound: int) -> Filter:
    return Filter(f"@n:>{bound}", lambda one: one.values["@n"] is not None and one.values["@n"] > bound)


NAMED = [name for name in TEXTS if not name.startswith("@")]
_numbers = st.sampled_from([-8, -7, 0, 4, 5, 6, 2**53, 2**53 + 1])
_values = st.sampled_from(NAMED).flatmap(
    lambda name: st.builds(
        _is, st.just(name), st.lists(st.sampled_from([*TEXTS[name][1:], "none of them"]), min_size=1, max_size=3)
    )
)
LEAVES = st.one_of(
    st.builds(_body, st.sampled_from(["order", "OrDer", "card declined", "%", "_", "ï", "nowhere"])),
    st.builds(_level, st.sampled_from(LEVELS), st.sampled_from(["", ">", ">=", "<", "<="])),
    _values,
    st.builds(lambda values: _is("@n", values), st.lists(st.sampled_from([-7, 0, 5, 2**53 + 1, 99]), min_size=1)),
    st.builds(lambda value: _is("@a", [value]), st.sampled_from(["x", 'say "hi"', "nothing"])),
    st.builds(_starts, st.sampled_from(NAMED), st.sampled_from(["sh", "Shop", "Auth", "/api/", "/api/*", "io.", "z"])),
    st.builds(_present, st.sampled_from([*NAMED, "@a", "@n"])),
    st.builds(_number, _numbers, _numbers),
    st.builds(_above, _numbers),
)


def _both(one: Filter, other: Filter) -> Filter:
    return Filter(f"({one.text} {other.text})", lambda each: one.takes(each) and other.takes(each))


def _either(one: Filter, other: Filter) -> Filter:
    return Filter(f"({one.text} OR {other.text})", lambda each: one.takes(each) or other.takes(each))


def _but(one: Filter) -> Filter:
    return Filter(f"-({one.text})", lambda each: not one.takes(each))


FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.builds(_both, inner, inner), st.builds(_either, inner, inner), st.builds(_but, inner)),
    max_leaves=6,
) | st.just(Filter("", lambda _: True))
MOMENTS = st.one_of(
    st.integers(0, SPAN), st.integers(0, 30).map(lambda minute: minute * MINUTE), st.just(5 * MINUTE), st.just(SPAN)
).map(lambda within: BEGIN + within)


class Console:
    """Asked from a test that is no coroutine."""

    def __init__(self, root: Path, portal: BlockingPortal, client: httpx.AsyncClient, source: Source) -> None:
        self.root, self._portal, self._client, self._source = root, portal, client, source
        self.records: list[Record] = []

    def get(self, path: str, **asked: Any) -> httpx.Response:
        answer: httpx.Response = self._portal.call(partial(self._client.get, f"/api/v1{path}", params=asked))
        assert answer.status_code == 200, (asked, answer.text)
        return answer

    def pages(self, limit: int, **asked: Any) -> Iterator[list[dict[str, Any]]]:
        cursor = ""
        while cursor is not None:
            page = self.get("/logs", limit=limit, cursor=cursor, **asked).json()
            yield page["records"]
            cursor = page["next"]

    def followed(self, text: str, domain: str) -> Iterator[str]:
        """Ids of all that a tail from the beginning is told."""
        tail = Tail(Query(text), Scope.of(domain) if domain else Scope.everything(), BEGINNING)
        _, connection = self._source.whole(tail.scope)
        tail.begin(connection)
        while (told := tail.step(connection)) is not None:
            yield from (row["record_id"] for row in told.rows) if isinstance(told, Records) else ()

    def insert(self, *records: Record) -> None:
        store = EmbeddedStore(self.root / "store.db")
        store.insert(rows(batch_of([each.row() for each in records]), Limits()))
        store.close()
        self.records += records


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    root = tmp_path_factory.mktemp("console")
    with parts_of(root, {"query_timeout": "60s"}) as parts, start_blocking_portal() as portal:
        assert parts.stores is not None
        transport = httpx.ASGITransport(application(parts))
        made = Console(
            root, portal, httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}"), parts.stores.source
        )
        made.insert(*RECORDS)
        yield made


@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wanted=FILTERS, ends=st.tuples(MOMENTS, MOMENTS), limit=st.integers(5, 300), buckets=st.integers(1, 120),
       top=st.integers(1, 6), domain=st.sampled_from(["", "a.example", "b.example"]), one=st.sampled_from([*TEXTS, "level"]))  # fmt: skip
def test_all_ways_to_ask_say_the_same(
    console: Console, wanted: Filter, ends: tuple[int, int], limit: int, buckets: int, top: int, domain: str, one: str
) -> None:
    since, until = min(ends), max(ends) + 1
    meant = [
        each for each in RECORDS
        if since <= each.at < until and domain in ("", each.domain) and wanted.takes(each)
    ]  # fmt: skip
    asked = {"q": wanted.text, "from": str(since), "to": str(until), "domain": domain}
    listed = [row for page in console.pages(limit, **asked) for row in page]
    in_order = sorted(meant, key=lambda each: (each.at, each.id), reverse=True)
    assert [row["record_id"] for row in listed] == [each.id for each in in_order]
    exported = console.get("/logs/export", **asked).text.splitlines()
    assert list(map(orjson.loads, exported)) == listed
    histogram = console.get("/logs/histogram", buckets=buckets, **asked).json()
    assert (histogram["total"], histogram["complete"]) == (len(meant), True)
    assert histogram["totals"] == {level: sum(each.level == level for each in meant) for level in LEVELS}
    assert len(histogram["buckets"]) <= buckets
    assert sum(bucket[level] for bucket in histogram["buckets"] for level in LEVELS) == len(meant)
    overview = console.get("/stats/overview", **asked).json()
    assert overview["records"] == len(meant)
    [facet] = console.get("/logs/facets", fields=one, top=top, **asked).json()["facets"]
    values = Counter(each.level if one == "level" else _text(each.values[one]) for each in meant)
    found = {value["value"]: value["records"] for value in facet["values"]}
    assert found.items() <= values.items()
    assert sorted(found.values(), reverse=True) == sorted(values.values(), reverse=True)[:top]
    assert sum(found.values()) + facet["others"] == len(meant)
    ever = [each.id for each in console.records if domain in ("", each.domain) and wanted.takes(each)]
    assert list(console.followed(wanted.text, domain)) == ever


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wanted=FILTERS, limit=st.integers(30, 200), seed=st.integers(0, 999))
def test_pages_stay_where_they_are_while_records_come(console: Console, wanted: Filter, limit: int, seed: int) -> None:
    """What comes after the first page is on none of them: neither its own records nor those of the next page move."""
    draw, seen, there = random.Random(seed), [], list(console.records)
    for page in console.pages(limit, q=wanted.text, **{"from": str(BEGIN)}):
        seen += [row["record_id"] for row in page]
        console.insert(*(record(draw, len(console.records) + each, time.time_ns()) for each in range(3)))
    meant = sorted(filter(wanted.takes, there), key=lambda each: (each.at, each.id), reverse=True)
    assert seen == [each.id for each in meant]
