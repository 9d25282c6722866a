"""Why a record was judged as it was."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from collector.console.api.records import Domain, answer, ask
from collector.console.asking import scope_of
from collector.console.parts import parts, visitor
from collector.console.refusal import NotFound
from collector.console.views.explained import explain
from collector.console.views.records import one

router = APIRouter(tags=["records"])


class Explanation(BaseModel):
    """A record. `stored`: what was decided when it came; `explanations`: evidence, in the order in which it is asked, by the configuration as it
    is now, each with `subject`, `answer`, `because`, `decides` and `details`."""

    record_id: str
    pipeline: str
    stored: dict[str, Any]
    explanations: list[dict[str, Any]]


@router.get("/logs/{record_id}/explain", response_model=Explanation)
async def explained(
    request: Request,
    record_id: str,
    domain: Domain = "",
    pipeline: Annotated[
        str, Query(description="Whose processors are asked; the first without it.", max_length=255)
    ] = "",
    everything: Annotated[bool, Query(alias="all", description="Also the evidence that did not count.")] = False,
) -> Response:
    """As `logboom explain` has it: categories, level, pattern and issue of a record, with the evidence and the rule behind each."""
    who = visitor(request)
    scope, _ = scope_of({"domain": domain}, who)
    row = await ask(request, scope, one(record_id), plain=True)
    if row is None:
        raise NotFound("such record")
    found = await explain(parts(request), row, pipeline, everything=everything, files=who.scope.is_everything)
    return answer({
        "record_id": record_id,
        "pipeline": found.pipeline,
        "stored": dict(found.stored),
        "explanations": [dict(each) for each in found.told],
    })  # fmt: skip
