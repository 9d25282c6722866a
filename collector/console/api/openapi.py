"""The API as a document for programs: OpenAPI 3.1, made of the handlers' own models."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def document(request: Request) -> JSONResponse:
    """All of `/api/v1`."""
    return JSONResponse(request.app.openapi())
