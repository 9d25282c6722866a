"""Records, counts, patterns, deployments, the report, and why a record was judged so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from collector.console.asking import Asked, asked
from collector.console.cursor import Cursor
from collector.console.mcp.answers import MOST_BYTES, Answer, fitting
from collector.console.mcp.redacted import below, members, redacted, shortened
from collector.console.mcp.tools import Arguments, Caller, OfTime, Tool
from collector.console.refusal import NotFound, Refused
from collector.console.times import iso
from collector.console.views import counts, records
from collector.console.views.explained import explain
from collector.console.views.patterns import patterns
from collector.console.views.report import report
from collector.levels import LEVELS
from collector.query.fields import Kind, field_of
from collector.query.searching import Place
from collector.store.deployment_reading import deployed
from collector.store.pattern_reading import as_objects

_IDS = ("record_id", "domain", "level", "trace_id", "span_id", "pattern_id", "issue_id")
_SAID = (
    "body",
    "service_name",
    "environment",
    "component",
    "endpoint",
    "error_type",
    "triage_rule",
    "severity_text",
    "attributes",
    "resource",
)
_NANO = "_unix_nano"
_ROOM = 2000
"""Bytes of an answer beside its rows."""
_BEGINNING = 500
"""Characters of the body of a record that is too long for an answer."""

Query = Annotated[
    str,
    Field(
        max_length=4096,
        description="Words of the body, and fields: `timeout level:>=warning service:(shop OR till) @http.status_code:>=500`.",
    ),
]


class Search(OfTime):
    """Newest first."""

    query: Query = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=512, description="`next` of another answer to the same query.")] = ""


async def search(caller: Caller, given: Search) -> Answer:
    """A page of records. What does not fit is on the next one."""
    wanted = asked(given.parameters(), caller.visitor)
    place = None
    if given.cursor:
        cursor = Cursor.read(given.cursor, wanted)
        wanted, place = replace(wanted, since=cursor.since, until=cursor.until), cursor.place
    found = await caller.ask(wanted.scope, records.page(wanted, given.limit, place, caller.parts.options.query_timeout))
    rows = await asyncio.to_thread(_records, found.rows)
    shown, notes = _shown(rows)
    last = found.rows[len(shown) - 1] if len(shown) < len(rows) else None
    next_ = _following(wanted, found, last)
    if next_ is not None and found.next is None and last is None:
        notes.append(
            f"searched back to {iso(found.searched_to)} within the time of a question: `next` goes on from there"
        )
    return Answer({"records": shown, "next": next_, "from": iso(wanted.since), "to": iso(wanted.until)}, "", notes)


def _shown(rows: Sequence[dict[str, Any]]) -> tuple[Sequence[dict[str, Any]], list[str]]:
    """What fits, with notes; one at least, where there is one: a record that is too long by itself is passed over by nobody."""
    fit = fitting(rows, MOST_BYTES - _ROOM)
    if fit or not rows:
        return rows[:fit], []
    note = f"record {rows[0]['record_id']} does not fit into an answer: only its ids and the beginning of its body are told"
    return [_beginning(rows[0])], [note]


def _beginning(record: Mapping[str, Any]) -> dict[str, Any]:
    ids = {name: record[name] for name in ("time", *_IDS) if name in record}
    return ids | ({"body": shortened(str(record["body"]), _BEGINNING)} if "body" in record else {})


def _following(wanted: Asked, found: Any, last: records.Row | None) -> str | None:
    if last is not None:
        return Cursor(wanted.since, wanted.until, Place(last["time_unix_nano"], last["record_id"])).text(wanted)
    if found.complete:
        return None
    until = wanted.until if found.next is not None else found.searched_to
    return Cursor(wanted.since, until, found.next).text(wanted)


def _records(rows: Sequence[records.Row]) -> list[dict[str, Any]]:
    return [_record(records.read(row)) for row in rows]


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty; ids are ours, and stay as they are."""
    ids = {name: row[name].hex() if isinstance(row[name], bytes) else row[name] for name in _IDS if row.get(name)}
    said = {name: row[name] for name in _SAID if row.get(name)}
    return {"time": iso(row["time_unix_nano"]), **ids, **members(said)}


class Count(OfTime):
    """How many."""

    query: Query = ""
    by: Annotated[
        str,
        Field(
            max_length=40,
            description="`time`: in buckets, by level; or a field: service, component, endpoint, error, environment, level.",
        ),
    ] = "time"
    buckets: Annotated[int, Field(ge=1, le=60)] = 12
    top: Annotated[int, Field(ge=1, le=50)] = 10


async def count(caller: Caller, given: Count) -> Answer:
    """By level over time, or by the values of a field."""
    wanted, secs = asked(given.parameters(), caller.visitor), caller.parts.options.query_timeout
    if given.by == "time":
        found = await caller.ask(wanted.scope, counts.histogram(wanted, given.buckets, secs))
        buckets = [
            {"start": iso(each.start), **{level: n for level, n in zip(LEVELS, each.counts, strict=True) if n}}
            for each in found.buckets
        ]
        notes = (
            []
            if found.complete
            else [f"counted from {iso(found.counted_to)} on, within the time of a question: there may be more before"]
        )
        told = {"total": found.total, "by_level": found.totals, "bucket_secs": found.width / 1e9, "buckets": buckets}
        return Answer(told, "buckets", notes)
    field = field_of(given.by)
    if field is None or field.kind is Kind.BODY:
        raise Refused(400, f"there is no field {given.by!r} to count by")
    facet = await caller.ask(wanted.scope, counts.facet(wanted, field, given.top, secs))
    notes = [] if facet.complete else ["not all records were counted, within the time of a question: there may be more"]
    values = [{"value": below(field.key or field.name, value), "records": n} for value, n in facet.values]
    return Answer({"field": facet.field, "values": values, "records_of_other_values": facet.others}, "values", notes)


class Patterns(OfTime):
    """Of a day without `since`."""

    sort: Literal["count", "new", "level"] = "count"
    limit: Annotated[int, Field(ge=1, le=100)] = 25


async def patterns_(caller: Caller, given: Patterns) -> Answer:
    """What is said again and again."""
    wanted = asked(given.parameters(), caller.visitor, "now-24h")
    found = await caller.ask(wanted.scope, patterns(wanted.since, wanted.until, given.sort, given.limit))
    rows = await asyncio.to_thread(_plain, as_objects(found.listed, wanted.since), ("pattern_id", "domain"))
    return Answer({"patterns": rows, "of": found.patterns, "records": found.records}, "patterns")


class OfRecord(Arguments):
    """One record."""

    id: Annotated[str, Field(min_length=1, max_length=64, description="`record_id` of a record.")]


async def explained(caller: Caller, given: OfRecord) -> Answer:
    """Evidence and rules."""
    row = await caller.ask(caller.scope(given.domain), records.one(given.id), plain=True)
    if row is None:
        raise NotFound("such record")
    found = await explain(caller.parts, row)
    told = [redacted(dict(each)) for each in found.told]
    return Answer({"record_id": row["record_id"], "when_it_came": redacted(dict(found.stored)), "now": told}, "now")


class Deployments(OfTime):
    """Of a week without `since`."""

    limit: Annotated[int, Field(ge=1, le=100)] = 30


async def deployments(caller: Caller, given: Deployments) -> Answer:
    """Newest first."""
    wanted = asked(given.parameters(), caller.visitor, "now-7d")
    found = await caller.ask(
        wanted.scope, lambda connection: deployed(connection, wanted.since, wanted.until, given.limit)
    )
    return Answer({"deployments": _plain(found, ("deployment_id", "domain"))}, "deployments")


async def report_(caller: Caller, given: OfTime) -> Answer:
    """As `logboom report --json` has it."""
    wanted = asked(given.parameters(), caller.visitor, "now-7d")
    made = await caller.ask(wanted.scope, report(caller.parts, wanted))
    told = await asyncio.to_thread(_report, made.document())
    return Answer({"from": iso(wanted.since), "to": iso(wanted.until), **told})


def _report(document: Mapping[str, Any]) -> dict[str, Any]:
    """Its tables row by row, so that none of them is cut."""
    tables = {name: value for name, value in document.items() if isinstance(value, list)}
    others = {name: value for name, value in document.items() if name not in tables and not name.endswith(_NANO)}
    ids = {"issues": ("issue_id", "domain"), "new_patterns": ("pattern_id", "domain")}
    rows = {name: table for name, table in tables.items() if all(isinstance(row, dict) for row in table)}
    return members(others) | {name: _plain(table, ids.get(name, ("domain",))) for name, table in rows.items()}


def _plain(rows: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> list[dict[str, Any]]:
    """Redacted but for ids; times as people read them; who looks after it is nobody's business."""
    return [
        {name: row[name] for name in ids if name in row}
        | members({name: value for name, value in row.items() if name not in (*ids, "assignee") and not name.endswith(_NANO)})
        | {name.removesuffix(_NANO): iso(value) for name, value in row.items() if name.endswith(_NANO) and value}
        for row in rows
    ]  # fmt: skip


READING = (
    Tool("search", "Records that a query takes, the newest first.", Search, search),
    Tool("count", "How many records a query takes: by level over time, or by the values of a field.", Count, count),
    Tool(
        "patterns",
        "What is said again and again: templates with their records, the new ones by sort=new.",
        Patterns,
        patterns_,
    ),
    Tool(
        "explain",
        "Why a record has its component, error type, level, pattern and issue: the evidence and the rule behind each. Takes seconds.",
        OfRecord,
        explained,
    ),
    Tool("deployments", "Which versions of services began to run when.", Deployments, deployments),
    Tool(
        "report",
        "What a time brought, a week without `since`: records by level against the time before, how long issues stood, top issues, new patterns, noisy services, what was kept and what it costs.",
        OfTime,
        report_,
    ),
)
