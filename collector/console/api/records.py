"""Records: `/logs`, one of them, those around it, counts over time and by field."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue
from starlette.responses import Response

from collector.base32 import ALPHABET, received_ms
from collector.console.api.unchanged import RecordsRoute, StoreRoute, partial
from collector.console.archives import Archived, known
from collector.console.asking import Asked, asked, query_of, scope_of
from collector.console.cursor import Cursor
from collector.console.metering import rows_read
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound, Refused
from collector.console.stores import Question, T
from collector.console.times import iso
from collector.console.unmasking import LONGEST, SHORTEST, unmasked
from collector.console.views import counts, records
from collector.levels import LEVELS
from collector.query.fields import FIELDS, Kind, field_of
from collector.query.problems import nearest
from collector.query.searching import Found, Place
from collector.scope import Scope
from collector.store.reading import NoStore
from collector.visible import escaped_json

router = APIRouter(tags=["records"], route_class=RecordsRoute)
counted = APIRouter(tags=["records"], route_class=StoreRoute)
"""In front of the other: `/logs/{record_id}` takes any name."""

DOMAIN: dict[str, JsonValue] = {"format": "logboom-domain"}
Domain = Annotated[str, Query(description="Of this domain alone; of all that you may see without it.", max_length=253)]
Q = Annotated[
    str,
    Query(
        description="The query: `timeout level:>=warning service:(shop OR till)`.",
        max_length=4096,
        json_schema_extra={"format": "logboom-query"},
    ),
]
From = Annotated[
    str,
    Query(
        alias="from",
        description="`now-1h`, RFC 3339, or nanoseconds since 1970.",
        json_schema_extra={"format": "logboom-from"},
    ),
]
To = Annotated[
    str, Query(description="As `from`; the end is no part of it.", json_schema_extra={"format": "logboom-to"})
]
RecordId = Annotated[str, Path(json_schema_extra={"format": "logboom-record"})]
_NO_STORE = "no pipeline has an exporter whose store can be read: sqlite, or d1 where it is named"
_MARGIN_SECS = 0.5
_EARLY, _LATE = 3600 * 10**9, 60 * 10**9
"""How far the time of an archived record that is asked for by its id may lie from that of its receipt."""
"""A search ends by itself when its budget is spent; only what does not is interrupted."""
_FACETS = "level,service,component,environment,error,endpoint"


RowsRead = Annotated[int | None, Field(description="In a store that bills them, as D1 does; null: this one does not.")]


class Records(BaseModel):
    """A page, the newest first. `next`: the cursor of the next one; null: there is none. Not `complete`: the budget was spent at `searched_to`."""

    records: list[dict[str, Any]]
    next: str | None
    complete: bool
    searched_to: str
    from_: str = Field(alias="from")
    to: str
    took_ms: float
    rows_read: RowsRead = None


class ArchivedRecords(Records):
    """A page of the archive. `objects`, `read_bytes`: what was read for it; `damaged`: a sentence for each object that could not be."""

    objects: int
    read_bytes: int
    damaged: list[str]


class HistogramOfLevels(BaseModel):
    """Records by level in buckets of `width_secs` that begin at `start`."""

    width_secs: float
    buckets: list[dict[str, Any]]
    totals: dict[str, int]
    total: int
    source: str
    complete: bool
    counted_to: str
    rows_read: RowsRead = None


class Facets(BaseModel):
    """The most frequent values of fields; null for records without it."""

    facets: list[dict[str, Any]]
    rows_read: RowsRead = None


class Context(BaseModel):
    """A record between others of its domain, all in order of time."""

    before: list[dict[str, Any]]
    record: dict[str, Any]
    after: list[dict[str, Any]]


async def ask(
    request: Request, scope: Scope, question: Question[T], *, plain: bool = False, also: Sequence[str] = ()
) -> T:
    """A question to the store, within the time that the console's options give one. `plain`, `also`: see `Stores.ask`."""
    made = parts(request)
    if made.stores is None:
        raise NoStore(_NO_STORE)
    return await made.stores.ask(scope, question, made.options.query_timeout + _MARGIN_SECS, plain=plain, also=also)


@router.get("/logs", response_model=Records)
async def logs(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    from_: From = "now-1h",
    to: To = "now",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[
        str,
        Query(description="`next` of the page before.", max_length=512, json_schema_extra={"format": "logboom-cursor"}),
    ] = "",
    *,
    events: bool = False,
) -> Response:
    """Records that a query takes, the newest first. Pages don't move: what comes meanwhile is on none of them."""
    began = time.perf_counter()
    wanted, place = _placed(asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request)), cursor)
    budget = parts(request).options.query_timeout
    found = await ask(request, wanted.scope, records.page(wanted, limit, place, budget, events=events))
    if not found.complete and found.next is None:
        partial(request)
    return answer(_page(found, wanted, began))


@router.get("/logs/archived", response_model=ArchivedRecords)
async def archived(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    from_: From = "now-1h",
    to: To = "now",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[
        str,
        Query(description="`next` of the page before.", max_length=512, json_schema_extra={"format": "logboom-cursor"}),
    ] = "",
    *,
    events: bool = False,
) -> Response:
    """Records that a query takes and that the store holds no more, out of the archive, the newest first; as far as a search in it may go: `next` leads
    further back. A page may be empty where the store has all that was found."""
    began = time.perf_counter()
    wanted, place = _placed(asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request)), cursor)
    page = await from_archive(request, wanted, limit, place, events=events)
    partial(request)  # the store's version says nothing of it
    read = {"objects": page.objects, "read_bytes": page.read_bytes, "damaged": list(page.damaged)}
    return answer(_page(page.found, wanted, began) | read)


def _placed(wanted: Asked, cursor: str) -> tuple[Asked, Place | None]:
    """What is asked for by who goes on behind a page, and the place behind it. Raises `Refused`: this is no cursor of it."""
    if not cursor:
        return wanted, None
    given = Cursor.read(cursor, wanted)
    return replace(wanted, since=given.since, until=given.until), given.place


def _page(found: Found, wanted: Asked, began: float) -> dict[str, Any]:
    """`Records`, as programs read it. `began`: by `time.perf_counter`."""
    return {
        "records": [as_object(row) for row in found.rows],
        "next": following(found, wanted),
        "complete": found.complete,
        "searched_to": iso(found.searched_to),
        "from": iso(wanted.since),
        "to": iso(wanted.until),
        "took_ms": round((time.perf_counter() - began) * 1000, 1),
        "rows_read": rows_read(),
    }


async def from_archive(
    request: Request, wanted: Asked, limit: int, place: Place | None, *, events: bool = False
) -> Archived:
    """A page without what the store has itself. Raises `NotFound`: there is no archive."""
    made = parts(request)
    if made.archives is None:
        raise NotFound("archive: no exporter of the configuration keeps one")
    page = await made.archives.page(wanted, limit, place, events=events)
    if made.stores is not None and page.found.rows:
        ids = [row["record_id"] for row in page.found.rows]
        with contextlib.suppress(NoStore):
            there = await ask(request, wanted.scope, known(ids))
            page.found.rows = [row for row in page.found.rows if row["record_id"] not in there]
    return page


async def one_of_archive(request: Request, scope: Scope, record_id: str) -> Mapping[str, Any] | None:
    """Looked for around the time at which it was received; None: there is none, or no archive."""
    received = received_ms(record_id) * 1_000_000
    if parts(request).archives is None or not received or not set(record_id) <= set(ALPHABET):
        return None
    around = Asked(scope, "", query_of(f"id:{record_id}"), max(0, received - _EARLY), received + _LATE, "", "")
    page = await from_archive(request, around, 1, None, events=True)
    return next(iter(page.found.rows), None)


@counted.get("/logs/histogram", response_model=HistogramOfLevels)
async def histogram(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    from_: From = "now-1h",
    to: To = "now",
    buckets: Annotated[int, Query(ge=1, le=counts.LONGEST_SIDE)] = 60,
    by: Literal["level"] = "level",  # noqa: ARG001 - the one there is
) -> Response:
    """Records by level over time."""
    wanted = asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request))
    found = await ask(request, wanted.scope, counts.histogram(wanted, buckets, parts(request).options.query_timeout))
    if not found.complete:
        partial(request)
    return answer({
        "width_secs": found.width / 1e9,
        "buckets": [
            {"start": iso(each.start), **dict(zip(LEVELS, each.counts, strict=True))} for each in found.buckets
        ],
        "totals": found.totals,
        "total": found.total,
        "source": found.source,
        "complete": found.complete,
        "counted_to": iso(found.counted_to),
        "rows_read": rows_read(),
    })  # fmt: skip


@counted.get("/logs/facets", response_model=Facets)
async def facets(
    request: Request,
    domain: Domain = "",
    q: Q = "",
    from_: From = "now-1h",
    to: To = "now",
    fields: Annotated[
        str,
        Query(
            description="Names, separated by commas.", max_length=1000, json_schema_extra={"format": "logboom-fields"}
        ),
    ] = _FACETS,
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The most frequent values of fields."""
    wanted = asked({"domain": domain, "q": q, "from": from_, "to": to}, visitor(request))
    named = [_field(name) for name in dict.fromkeys(fields.split(",")) if name]
    if len(named) > 12:
        raise Refused(400, "twelve fields at most are counted at once", {"parameter": "fields"})
    budget = parts(request).options.query_timeout / max(1, len(named))

    def count(connection: Any) -> list[counts.Facet]:
        return [counts.facet(wanted, each, top, budget)(connection) for each in named]

    found = await ask(request, wanted.scope, count)
    if not all(each.complete for each in found):
        partial(request)
    return answer({
        "facets": [
            {
                "field": each.field,
                "values": [{"value": value, "records": n} for value, n in each.values],
                "others": each.others,
                "source": each.source,
                "complete": each.complete,
            }
            for each in found
        ],
        "rows_read": rows_read(),
    })  # fmt: skip


@router.get("/logs/{record_id}", response_model=dict[str, Any])
async def one(request: Request, record_id: RecordId, domain: Domain = "") -> Response:
    """A record by its id, out of the archive where the store holds it no more."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    found = await ask(request, scope, records.one(record_id)) or await one_of_archive(request, scope, record_id)
    if found is None:
        raise NotFound("such record")
    return answer(as_object(found))


class Reason(BaseModel):
    """Why a record is looked at without its masks: `reason`, which goes into the audit log."""

    reason: Annotated[
        str, Field(min_length=SHORTEST, max_length=LONGEST, json_schema_extra={"format": "logboom-reason"})
    ]


@router.post("/logs/{record_id}/unmask", response_model=dict[str, Any])
async def unmask(request: Request, record_id: RecordId, why: Reason, domain: Domain = "") -> Response:  # noqa: ARG001 - looked at by `unmasked`
    """A record as it is stored, without masks, and with what is encrypted in it opened. For the role `privacy`; that it was looked at, by whom and why,
    is in the audit log before it is answered."""
    return answer(as_object(await unmasked(request, record_id, why.reason, "api")))


@router.get("/logs/{record_id}/context", response_model=Context)
async def context(
    request: Request,
    record_id: RecordId,
    domain: Domain = "",
    before: Annotated[int, Query(ge=0, le=200)] = 20,
    after: Annotated[int, Query(ge=0, le=200)] = 20,
    same: Literal["", "service"] = "",
) -> Response:
    """The records before and after one, of its domain; `same=service`: of its service alone."""
    scope, _ = scope_of({"domain": domain}, visitor(request))
    found = await ask(request, scope, records.around(record_id, before, after, same_service=same == "service"))
    if found is None:
        raise NotFound("such record")
    return answer({
        "before": [as_object(row) for row in found.before],
        "record": as_object(found.record),
        "after": [as_object(row) for row in found.after],
    })  # fmt: skip


@counted.get("/domains", response_model=dict[str, list[str]])
async def domains(request: Request) -> Response:
    """Those that have records and that you may see."""
    made = parts(request)
    if made.stores is None:
        raise NoStore(_NO_STORE)
    return answer({"domains": list(await made.stores.domains(visitor(request).scope, made.options.query_timeout))})


@counted.get("/fields", response_model=dict[str, list[dict[str, str]]])
async def fields_() -> Response:
    """What a query can name; any attribute besides, as `@key` and `resource.key`."""
    return answer({"fields": [{"name": name, "kind": str(each.kind)} for name, each in FIELDS.items()]})


def following(found: Found, wanted: Asked) -> str | None:
    """The cursor of the page behind this one."""
    if found.complete or (found.next is None and found.searched_to <= wanted.since):
        return None
    until = wanted.until if found.next is not None else found.searched_to
    return Cursor(wanted.since, until, found.next).text(wanted)


def as_object(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record as programs read it: all digits of times, as text."""
    said = {
        name: value for name, value in records.read(row).items() if value is not None and not name.endswith("_written")
    }
    said["time"] = iso(row["time_unix_nano"])
    for name in ("time_unix_nano", "observed_time_unix_nano"):
        if row.get(name) is not None:
            said[name] = str(row[name])
    return said


def answer(document: Any) -> Response:
    """As JSON, in which nothing hides or steers."""
    return Response(escaped_json(orjson.dumps(document, default=bytes.hex).decode()), 200, None, "application/json")


def _field(name: str) -> Any:
    field = field_of(name.strip())
    if field is None or field.kind is Kind.BODY:
        near = nearest(name, FIELDS)
        more = {"parameter": "fields", **({"did_you_mean": near} if near else {})}
        raise Refused(400, f"there is no field {name!r} to count by", more)
    return field
