"""The API's document, for programs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from collector.console.api.document import described

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def document(request: Request) -> JSONResponse:
    """All of `/api/v1`."""
    return JSONResponse(described(request.app))
